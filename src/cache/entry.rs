//! What is kept of one answer.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::access::unreleased::{Origin, OriginKind, Unreleased};
use crate::access::upstream::Validator;
use crate::domain::clock::Timestamp;

/// An answer and how long it counts.
#[derive(Debug)]
pub(super) struct Entry {
    /// Tells this entry from others of the same key.
    pub(super) number: u64,
    /// `None`: it is not there.
    pub(super) body: Option<Unreleased>,
    /// When the EHR said it, or last confirmed it.
    pub(super) as_of: Timestamp,
    /// Fresh for this long from `as_of`.
    pub(super) fresh_for: Duration,
    /// How to ask whether it still stands.
    pub(super) validator: Validator,
    /// Memory it takes.
    pub(super) weight: u32,
    /// Whether it is of no use past its freshness, whatever happens.
    strict: bool,
    /// Set once it is sure that no purge came while the answer was under way.
    settled: AtomicBool,
    /// Until when the EHR is not asked again about it, after a failure; milliseconds since the epoch.
    pause_until: AtomicI64,
    /// How often it was read, up to the number from which on it is worth refreshing.
    reads: AtomicU32,
    /// Set once it is asked for that it be refreshed.
    due: AtomicBool,
}

/// What goes into an entry.
pub(super) struct Answer {
    pub(super) body: Option<Unreleased>,
    pub(super) as_of: Timestamp,
    pub(super) fresh_for: Duration,
    pub(super) validator: Validator,
    pub(super) strict: bool,
}

impl Entry {
    /// An entry that takes `index` bytes in the index, beside the body.
    pub(super) fn new(number: u64, answer: Answer, index: usize) -> Self {
        /// The entry itself, its key twice (the cache's and the index's), its places in both, and what the allocator adds.
        const FRAME: usize = 768;
        let Answer { body, as_of, fresh_for, validator, strict } = answer;
        let weight = FRAME + index + body.as_ref().map_or(0, Unreleased::weight);
        Self {
            number,
            body,
            as_of,
            fresh_for,
            validator,
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
            strict,
            settled: AtomicBool::new(false),
            pause_until: AtomicI64::new(i64::MIN),
            reads: AtomicU32::new(0),
            due: AtomicBool::new(false),
        }
    }

    /// Whether it may be served without asking the EHR.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.as_of) < self.fresh_for
    }

    /// Whether it may be used at all: an entry is in place before it is known to have escaped a purge.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    pub(super) fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Whether it may stand in while the EHR cannot be reached. What the EHR wants confirmed each time never may, nor may
    /// the memory that something was not there: it could have come since.
    pub(super) fn may_stand_in(&self, now: Timestamp, max_stale: Duration) -> bool {
        let may = self.is_fresh(now) || (!self.strict && !self.fresh_for.is_zero());
        self.body.is_some() && may && now.since(self.as_of) < max_stale
    }

    /// Whether the EHR failed so lately that it is not asked again.
    pub(super) fn is_paused(&self, now: Timestamp) -> bool {
        now.as_millis() < self.pause_until.load(Ordering::Relaxed)
    }

    pub(super) fn pause(&self, until: Timestamp) {
        self.pause_until.store(until.as_millis(), Ordering::Relaxed);
    }

    /// Notes a read. True for one of the readers of an entry that was read `worth` times and is near the end of its freshness:
    /// it is time to ask the EHR again, before anybody has to wait for it.
    pub(super) fn read(&self, now: Timestamp, worth: u32) -> bool {
        if worth == 0 || self.body.is_none() {
            return false;
        }
        // Counted no further than needed: the counter is shared by all readers. An exact count does not matter.
        let reads = self.reads.load(Ordering::Relaxed);
        if reads < worth {
            self.reads.store(reads + 1, Ordering::Relaxed);
        }
        let near = now.since(self.as_of) >= self.fresh_for.mul_f32(NEAR);
        reads + 1 >= worth
            && near
            && !self.due.load(Ordering::Relaxed)
            && !self.due.swap(true, Ordering::Relaxed)
    }

    /// The answer for one caller, with its age. Shares the bytes.
    pub(super) fn answer(&self, now: Timestamp, how: OriginKind) -> Option<Unreleased> {
        let kept = !matches!(how, OriginKind::Bypass(_));
        let origin = Origin {
            as_of: self.as_of,
            age: now.since(self.as_of),
            how,
            fresh_for: kept.then_some(self.fresh_for),
        };
        self.body.as_ref().map(|body| body.with_origin(origin))
    }
}

/// The share of its freshness that an entry has behind it when it is near the end.
const NEAR: f32 = 0.8;
