//! Where entries lie: bodies in one place, the knowledge that something is not there in another with a small share of the
//! memory, and the index over both.
//!
//! Who makes room is chosen by the second read: what is asked for once passes through a small part of the memory, however much
//! of it there is, and what is asked for again stays. (An estimate of frequencies as moka keeps it forgets too fast: a scan of
//! a hundred thousand resources pushed out what was read a hundred times.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache as Held;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use crate::access::forget::Forget;
use crate::access::unreleased::Unreleased;
use crate::domain::clock::Timestamp;
use crate::fhir::interaction::Interaction;

use super::counters::{Counters, report};
use super::entry::{Answer, Entry};
use super::index::{Index, Tags};
use super::options::CacheOptions;

#[derive(Clone, Debug)]
struct Weigh;

impl Weighter<Interaction, Arc<Entry>> for Weigh {
    fn weight(&self, _: &Interaction, entry: &Arc<Entry>) -> u64 {
        u64::from(entry.weight)
    }
}

/// Collects what had to make room, to be seen to once the place is no longer locked.
#[derive(Clone, Debug)]
struct Collect;

impl Lifecycle<Interaction, Arc<Entry>> for Collect {
    type RequestState = Vec<(Interaction, u64)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, key: Interaction, entry: Arc<Entry>) {
        evicted.push((key, entry.number));
    }
}

type Place = Held<Interaction, Arc<Entry>, Weigh, ahash::RandomState, Collect>;

/// Bytes that a part of a place has at least: parts are locked, and bounded, each for itself.
const PART: u64 = 4 * 1024 * 1024;
/// Bytes of an entry for which room is made in the tables at first.
const TYPICAL: u64 = 4096;

pub(super) struct Shelf {
    bodies: Place,
    absent: Place,
    index: Index,
    counters: Arc<Counters>,
    numbers: AtomicU64,
}

impl Shelf {
    pub(super) fn new(options: &CacheOptions, counters: &Arc<Counters>) -> Self {
        let absent_bytes = options.absent_bytes();
        Self {
            bodies: place(options.max_bytes - absent_bytes),
            absent: place(absent_bytes),
            index: Index::default(),
            counters: Arc::clone(counters),
            numbers: AtomicU64::new(0),
        }
    }

    /// What is held under `key`, fresh or not; a read that counts for whether it stays.
    pub(super) fn look(&self, key: &Interaction) -> Option<Arc<Entry>> {
        self.bodies.get(key).or_else(|| self.absent.get(key)).filter(|entry| entry.is_settled())
    }

    /// The same without counting.
    pub(super) fn peek(&self, key: &Interaction) -> Option<Arc<Entry>> {
        self.bodies.peek(key).or_else(|| self.absent.peek(key)).filter(|entry| entry.is_settled())
    }

    /// The place in the sequence of purges, to be taken before the EHR is asked.
    pub(super) fn mark(&self) -> u64 {
        self.index.mark()
    }

    /// Whether what is about the same as `body` has fallen under a purge since `mark`.
    pub(super) fn purged_since(&self, mark: u64, key: &Interaction, body: Option<&Unreleased>) -> bool {
        self.index.purged_since(mark, key, &Tags::of(key, body))
    }

    /// An entry for `key`, not yet in its place.
    pub(super) fn entry(&self, key: &Interaction, answer: Answer) -> (Arc<Entry>, Tags) {
        let tags = Tags::of(key, answer.body.as_ref());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        (Arc::new(Entry::new(number, answer, tags.weight())), tags)
    }

    /// Puts an entry, asked for at `mark`, in its place; false when it has fallen under a purge, and then it is not there.
    pub(super) fn put(&self, key: &Interaction, mark: u64, entry: &Arc<Entry>, tags: &Tags) -> bool {
        let (place, other) =
            if entry.body.is_some() { (&self.bodies, &self.absent) } else { (&self.absent, &self.bodies) };
        if !self.index.purged_since(mark, key, tags) {
            // Noted before and checked again after, while nobody uses it yet: a purge in between finds the entry or is found.
            self.index.add(key, entry.number, tags.clone());
            let mut evicted = Vec::new();
            place.insert_with_lifecycle(key.clone(), Arc::clone(entry), &mut evicted);
            for (key, number) in evicted {
                self.counters.evicted();
                self.index.remove(&key, number);
            }
            other.remove(key);
            if !self.index.purged_since(mark, key, tags) {
                entry.settle();
                return true;
            }
        }
        self.take_away(key);
        false
    }

    /// Takes away what is held under `key`.
    pub(super) fn take_away(&self, key: &Interaction) {
        for place in [&self.bodies, &self.absent] {
            if let Some((key, entry)) = place.remove(key) {
                self.index.remove(&key, entry.number);
            }
        }
    }

    /// Takes away what falls under a purge, and sees to it that no answer under way is kept that does. How many entries there were.
    pub(super) fn forget(&self, what: &Forget) -> usize {
        let keys = self.index.purge(what);
        for key in &keys {
            self.take_away(key);
        }
        keys.len()
    }

    /// Takes away what can be of no use any more: bodies past `longest`, and the absence of what may be there by now.
    pub(super) fn sweep(&self, now: Timestamp, longest: Duration) {
        let kept = |key: &Interaction, entry: &Arc<Entry>, keep: bool| {
            if !keep {
                self.index.remove(key, entry.number);
            }
            keep
        };
        self.bodies.retain(|key, entry| kept(key, entry, now.since(entry.as_of) < longest));
        self.absent.retain(|key, entry| kept(key, entry, entry.is_fresh(now)));
    }

    /// Entries, those among them that say that something is not there, and bytes.
    pub(super) fn size(&self) -> (u64, u64, u64) {
        let count = |place: &Place| u64::try_from(place.len()).unwrap_or(u64::MAX);
        let absent = count(&self.absent);
        (count(&self.bodies) + absent, absent, self.bodies.weight() + self.absent.weight())
    }

    /// Tells the metrics.
    pub(super) fn report(&self) {
        let (entries, _, bytes) = self.size();
        report(entries, bytes);
    }

    /// Entries and places in the index.
    #[cfg(test)]
    pub(super) fn indexed(&self) -> (usize, usize) {
        self.index.len()
    }
}

fn place(bytes: u64) -> Place {
    let parts = usize::try_from((bytes / PART).clamp(1, 8)).unwrap_or(1);
    let options = OptionsBuilder::new()
        .shards(parts)
        .weight_capacity(bytes)
        .estimated_items_capacity(usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX).max(64))
        .build();
    match options {
        Ok(options) => Held::with_options(options, Weigh, ahash::RandomState::new(), Collect),
        // Never so: all that it asks for is given above.
        Err(_) => Held::with(64, bytes, Weigh, ahash::RandomState::new(), Collect),
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("size", &self.size()).finish_non_exhaustive()
    }
}
