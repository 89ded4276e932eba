//! The cache's one way in: an answer from memory, or from the EHR by one request however many wait for it.

use std::sync::Arc;
use std::time::Duration;

use crate::access::forget::Forget;
use crate::access::permit::{Permit, Renewal};
use crate::access::unreleased::{OriginKind, Unreleased};
use crate::access::upstream::{Fetched, Freshness, UpstreamError, Validator};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::fhir::interaction::Interaction;
use crate::flight::{Flights, Part};

use super::ahead::Ahead;
use super::counters::{Counters, Way};
use super::entry::{Answer, Entry};
use super::options::CacheOptions;
use super::report::{Past, Report};
use super::shelf::Shelf;

/// What the EHR said, in memory.
#[derive(Debug)]
pub struct Cache {
    options: CacheOptions,
    clock: SharedClock,
    pub(super) shelf: Shelf,
    /// Flights by key and by the purges that came before: who asks after a purge does not get an answer from before it.
    pub(super) flights: Flights<(Interaction, u64), Result<Landed, UpstreamError>>,
    pub(super) ahead: Ahead,
    pub(super) counters: Arc<Counters>,
    past: Past,
}

/// How a flight ended.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    entry: Arc<Entry>,
    how: OriginKind,
}

/// Why the EHR is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urge {
    /// Somebody waits for the answer.
    Asked,
    /// What is held is to be fresh before somebody does.
    Ahead,
}

/// What is asked of the EHR.
struct Question<'a> {
    key: &'a Interaction,
    /// The place in the sequence of purges at which it was put.
    mark: u64,
    at: Timestamp,
    urge: Urge,
}

/// The EHR's own `Retry-After` is followed up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl Cache {
    /// An empty cache. Make it after the metrics recorder.
    pub fn new(options: CacheOptions, clock: SharedClock) -> Self {
        let counters = Arc::new(Counters::new());
        Self {
            shelf: Shelf::new(&options, &counters),
            options,
            past: Past::new(clock.now()),
            clock,
            flights: Flights::default(),
            ahead: Ahead::default(),
            counters,
        }
    }

    /// The body for what `permit` allows; `None` when the EHR has no such resource. `fetch` asks the EHR, at most once, and is
    /// given what the held answer can be confirmed by.
    pub async fn fetch<F>(
        &self,
        permit: &Permit,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Option<Unreleased>, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        self.answer_to(permit.interaction(), || permit.renewal(), fetch).await
    }

    pub(super) async fn answer_to<F>(
        &self,
        key: &Interaction,
        renewal: impl FnOnce() -> Renewal,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Option<Unreleased>, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        let now = self.clock.now();
        if let Some(entry) = self.shelf.look(key).filter(|entry| entry.is_fresh(now)) {
            self.count(key, hit(&entry));
            if entry.read(now, self.options.refresh_after_reads) {
                self.ahead.queue(renewal());
            }
            return Ok(entry.answer(now, OriginKind::Hit));
        }
        let mark = self.shelf.mark();
        let work = || self.ask(key, mark, Urge::Asked, fetch);
        let (landed, part) = self.flights.share(&(key.clone(), mark), work).await;
        match (&landed, part) {
            (Err(_), _) => self.count(key, Way::Failed),
            (Ok(_), Part::Followed) => self.count(key, Way::Shared),
            // What a leader got was counted on the way.
            (Ok(_), Part::Led) => {}
        }
        let Landed { entry, how } = landed?;
        Ok(entry.answer(self.clock.now(), how))
    }

    fn count(&self, key: &Interaction, way: Way) {
        self.counters.count(key.resource_type(), way);
    }

    /// Asks the EHR, and keeps what may be kept. `mark` is the place in the sequence of purges at which the question was put.
    pub(super) async fn ask<F>(
        &self,
        key: &Interaction,
        mark: u64,
        urge: Urge,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Landed, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        let question = Question { key, mark, at: self.clock.now(), urge };
        // Another flight may have landed between the look and the boarding.
        let held = self.shelf.peek(key);
        if let (Some(entry), Urge::Asked) = (&held, urge) {
            if entry.is_fresh(question.at) {
                self.count(key, hit(entry));
                return Ok(Landed { entry: Arc::clone(entry), how: OriginKind::Hit });
            }
            if entry.is_paused(question.at) && self.may_stand_in(entry, &question) {
                self.count(key, Way::Paused);
                return Ok(Landed { entry: Arc::clone(entry), how: OriginKind::Stale });
            }
        }
        let validator = held.as_ref().map(|entry| entry.validator.clone()).unwrap_or_default();
        let answered = if held.is_some() {
            (Way::Expired, OriginKind::Refetched)
        } else {
            (Way::Cold, OriginKind::Miss)
        };
        match (fetch(validator).await, held) {
            (Ok(Fetched::Body(body, freshness)), _) => {
                let as_of = body.origin().as_of;
                Ok(self.keep(&question, answered, Some(body), as_of, freshness))
            }
            (Ok(Fetched::Absent), _) => {
                Ok(self.keep(&question, answered, None, question.at, Freshness::default()))
            }
            (Ok(Fetched::NotModified(freshness)), Some(entry)) => {
                let confirmed = (Way::Revalidated, OriginKind::Revalidated);
                Ok(self.keep(&question, confirmed, entry.body.clone(), question.at, freshness))
            }
            // It confirms what nobody asked about.
            (Ok(Fetched::NotModified(_)), None) => Err(UpstreamError::Malformed),
            (Err(error), held) => self.stand_in(&question, held, error),
        }
    }

    /// What is held, if the EHR's failure is one that it may cover.
    fn stand_in(
        &self,
        question: &Question<'_>,
        held: Option<Arc<Entry>>,
        error: UpstreamError,
    ) -> Result<Landed, UpstreamError> {
        let wait = match error {
            UpstreamError::Unavailable { retry_after } | UpstreamError::Throttled { retry_after } => {
                retry_after
            }
            UpstreamError::Timeout | UpstreamError::Malformed => None,
            UpstreamError::TooLarge
            | UpstreamError::Unsupported
            | UpstreamError::Forbidden
            // The EHR is well: it is the caller who asked too much.
            | UpstreamError::Crowded => {
                return Err(error);
            }
        };
        match held {
            Some(entry) if self.may_stand_in(&entry, question) => {
                let pause =
                    wait.map_or(self.options.pause, |wait| wait.clamp(self.options.pause, LONGEST_PAUSE));
                entry.pause(self.clock.now().plus(pause));
                // Ahead of time nothing was given to anybody.
                if question.urge == Urge::Asked {
                    self.count(question.key, Way::Stale);
                }
                Ok(Landed { entry, how: OriginKind::Stale })
            }
            _ => Err(error),
        }
    }

    fn may_stand_in(&self, entry: &Entry, question: &Question<'_>) -> bool {
        entry.may_stand_in(self.clock.now(), self.options.max_stale)
            && !self.shelf.purged_since(question.mark, question.key, entry.body.as_ref())
    }

    /// Keeps an answer unless there is a reason not to; what was held under the key before goes in either case. `answered` says how
    /// it was obtained.
    fn keep(
        &self,
        question: &Question<'_>,
        answered: (Way, OriginKind),
        body: Option<Unreleased>,
        as_of: Timestamp,
        freshness: Freshness,
    ) -> Landed {
        let Question { key, mark, .. } = *question;
        let resource_type = key.resource_type();
        let fresh_for = match body {
            Some(_) => self.options.fresh_for(resource_type, freshness.fresh_for),
            None => self.options.absent_for,
        };
        let Freshness { validator, strict, no_store, .. } = freshness;
        let (entry, tags) = self.shelf.entry(key, Answer { body, as_of, fresh_for, validator, strict });
        let not_kept = if no_store {
            Some(Way::NoStore)
        } else if !self.options.keeps(resource_type) {
            Some(Way::TypeNotKept)
        } else if u64::from(entry.weight) > self.options.max_bytes / 10 {
            Some(Way::TooLarge)
        } else {
            (!self.shelf.put(key, mark, &entry, &tags)).then_some(Way::PurgedMeanwhile)
        };
        if not_kept.is_some() {
            self.shelf.take_away(key);
        }
        self.shelf.report();
        let (way, how) = not_kept.map_or(answered, |way| (way, OriginKind::Bypass(way.words().1)));
        if question.urge == Urge::Asked {
            self.count(key, way);
        }
        Landed { entry, how }
    }

    /// Forgets. When it returns, nothing of it is used any more, nor will an answer that was under way be kept.
    pub fn forget(&self, what: &Forget) {
        let entries = self.shelf.forget(what);
        self.counters.purged(what.word(), u64::try_from(entries).unwrap_or(u64::MAX));
        self.shelf.report();
    }

    /// Takes away what can be of no use any more, so that nothing lies in memory long after. A job calls it now and then.
    pub fn sweep(&self) {
        let now = self.clock.now();
        self.shelf.sweep(now, self.options.max_stale.max(self.options.longest));
        self.past.note(now, self.counters.types());
        self.shelf.report();
    }

    /// The state of the cache and what it did since the process began.
    pub fn report(&self) -> Report {
        let (entries, absent, bytes) = self.shelf.size();
        let [purges, purged_entries, evicted, refreshed] = self.counters.totals();
        let types = self.counters.types();
        Report {
            since: self.past.began(),
            entries,
            absent,
            bytes,
            most_bytes: self.options.max_bytes,
            evicted,
            purges,
            purged: purged_entries,
            refreshed,
            lately: self.past.lately(self.clock.now(), &types),
            types,
            reasons: self.counters.reasons(),
        }
    }

    #[cfg(test)]
    pub(super) async fn answer<F>(
        &self,
        key: &Interaction,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Option<Unreleased>, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        self.answer_to(key, || Renewal::for_tests(key.clone()), fetch).await
    }

    /// How many entries there are, and how many entries and places in the index.
    #[cfg(test)]
    pub(super) fn indexed(&self) -> (u64, (usize, usize)) {
        (self.shelf.size().0, self.shelf.indexed())
    }
}

/// How an answer from memory is counted.
fn hit(entry: &Entry) -> Way {
    if entry.body.is_some() { Way::Fresh } else { Way::Absent }
}
