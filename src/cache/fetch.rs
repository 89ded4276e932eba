//! The cache's one way in: an answer from memory, or from the EHR by one request however many wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache as Moka;
use moka::notification::RemovalCause;

use crate::access::permit::Permit;
use crate::access::unreleased::{OriginKind, Unreleased};
use crate::access::upstream::{Fetched, Freshness, UpstreamError, Validator};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::flight::{Flights, Part};

use super::counters::{Asked, Counters, report};
use super::entry::Entry;
use super::index::{Index, Purge, Tags};
use super::options::CacheOptions;

/// What the EHR said, in memory.
#[derive(Debug)]
pub struct Cache {
    options: CacheOptions,
    clock: SharedClock,
    held: Moka<Interaction, Arc<Entry>, ahash::RandomState>,
    index: Arc<Index>,
    /// Flights by key and by the purges that came before: who asks after a purge does not get an answer from before it.
    flights: Flights<(Interaction, u64), Result<Landed, UpstreamError>>,
    numbers: AtomicU64,
    counters: Counters,
}

/// How a flight ended.
#[derive(Clone, Debug)]
struct Landed {
    entry: Arc<Entry>,
    how: OriginKind,
}

/// What is asked of the EHR.
struct Question<'a> {
    key: &'a Interaction,
    /// The place in the sequence of purges at which it was put.
    mark: u64,
    at: Timestamp,
}

/// The EHR's own `Retry-After` is followed up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl Cache {
    /// An empty cache. Make it after the metrics recorder.
    pub fn new(options: CacheOptions, clock: SharedClock) -> Self {
        let index = Arc::new(Index::default());
        let gone = Arc::clone(&index);
        let held = Moka::builder()
            .max_capacity(options.max_bytes)
            .weigher(|_, entry: &Arc<Entry>| entry.weight)
            // By the machine's clock, so that nothing lies in memory long after it could last be used.
            .time_to_live(options.max_stale.max(options.longest))
            .eviction_listener(move |key: Arc<Interaction>, entry: Arc<Entry>, cause| {
                if cause != RemovalCause::Replaced {
                    gone.remove(&key, entry.number);
                }
            })
            .build_with_hasher(ahash::RandomState::new());
        Self {
            options,
            clock,
            held,
            index,
            flights: Flights::default(),
            numbers: AtomicU64::new(0),
            counters: Counters::new(),
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
        self.answer(permit.interaction(), fetch).await
    }

    pub(super) async fn answer<F>(
        &self,
        key: &Interaction,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Option<Unreleased>, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        let now = self.clock.now();
        if let Some(entry) = self.look(key).await.filter(|entry| entry.is_fresh(now)) {
            self.counters.hit(entry.body.is_none());
            return Ok(entry.answer(now, OriginKind::Hit));
        }
        let mark = self.index.mark();
        let (landed, part) = self.flights.share(&(key.clone(), mark), || self.ask(key, mark, fetch)).await;
        match (&landed, part) {
            (Err(_), _) => self.counters.failed(),
            (Ok(_), Part::Followed) => self.counters.shared(),
            // What a leader got was counted on the way.
            (Ok(_), Part::Led) => {}
        }
        let Landed { entry, how } = landed?;
        Ok(entry.answer(self.clock.now(), how))
    }

    /// What is held under `key`, fresh or not.
    async fn look(&self, key: &Interaction) -> Option<Arc<Entry>> {
        self.held.get(key).await.filter(|entry| entry.is_settled())
    }

    /// Asks the EHR, and keeps what may be kept. `mark` is the place in the sequence of purges at which the question was put.
    async fn ask<F>(
        &self,
        key: &Interaction,
        mark: u64,
        fetch: impl FnOnce(Validator) -> F,
    ) -> Result<Landed, UpstreamError>
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        let question = Question { key, mark, at: self.clock.now() };
        // Another flight may have landed between the look and the boarding.
        let held = self.look(key).await;
        let asked = match &held {
            Some(entry) if entry.is_fresh(question.at) => {
                self.counters.hit(entry.body.is_none());
                return Ok(Landed { entry: Arc::clone(entry), how: OriginKind::Hit });
            }
            Some(entry) if entry.is_paused(question.at) && self.may_stand_in(entry, &question) => {
                self.counters.paused();
                return Ok(Landed { entry: Arc::clone(entry), how: OriginKind::Stale });
            }
            Some(_) => Asked::Expired,
            None => Asked::Cold,
        };
        let validator = held.as_ref().map(|entry| entry.validator.clone()).unwrap_or_default();
        match (fetch(validator).await, held) {
            (Ok(Fetched::Body(body, freshness)), _) => {
                let as_of = body.origin().as_of;
                Ok(self.counted(asked, self.keep(&question, Some(body), as_of, freshness).await))
            }
            (Ok(Fetched::Absent), _) => {
                let fresh_for = Some(self.options.absent_for);
                let freshness = Freshness { fresh_for, ..Freshness::default() };
                Ok(self.counted(asked, self.keep(&question, None, question.at, freshness).await))
            }
            (Ok(Fetched::NotModified(freshness)), Some(entry)) => {
                self.counters.revalidated();
                let landed = self.keep(&question, entry.body.clone(), question.at, freshness).await;
                Ok(Landed { how: OriginKind::Revalidated, ..landed })
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
                self.counters.stale();
                Ok(Landed { entry, how: OriginKind::Stale })
            }
            _ => Err(error),
        }
    }

    fn may_stand_in(&self, entry: &Entry, question: &Question<'_>) -> bool {
        entry.may_stand_in(self.clock.now(), self.options.max_stale)
            && !self.index.purged_since(
                question.mark,
                question.key,
                &Tags::of(question.key, entry.body.as_ref()),
            )
    }

    fn counted(&self, asked: Asked, landed: Landed) -> Landed {
        match landed.how {
            OriginKind::Bypass(reason) => self.counters.bypassed(reason),
            _ => self.counters.missed(asked),
        }
        landed
    }

    /// Keeps an answer unless there is a reason not to; what was held under the key before goes in either case.
    async fn keep(
        &self,
        question: &Question<'_>,
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
        let tags = Tags::of(key, body.as_ref());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry::new(number, body, as_of, fresh_for, freshness.validator));
        let reason = if freshness.no_store {
            Some("no_store")
        } else if !self.options.keeps(resource_type) {
            Some("type_not_kept")
        } else if u64::from(entry.weight) > self.options.max_bytes / 4 {
            Some("too_large")
        } else if self.index.purged_since(mark, key, &tags) {
            Some("purged_meanwhile")
        } else {
            // Noted before and checked again after, while nobody uses it yet: a purge in between finds the entry or is found.
            self.index.add(key, number, tags.clone());
            self.held.insert(key.clone(), Arc::clone(&entry)).await;
            self.index.purged_since(mark, key, &tags).then_some("purged_meanwhile")
        };
        if reason.is_some() {
            self.held.invalidate(key).await;
        } else {
            entry.settle();
        }
        report(self.held.entry_count(), self.held.weighted_size());
        Landed { entry, how: reason.map_or(OriginKind::Miss, OriginKind::Bypass) }
    }

    /// Forgets everything about a patient, and whatever might be about any patient.
    pub async fn invalidate_patient(&self, patient: &FhirId) {
        self.invalidate(Purge::Patient(patient.clone())).await;
    }

    /// Forgets every answer for or with a resource of this type.
    pub async fn invalidate_type(&self, resource_type: ResourceType) {
        self.invalidate(Purge::Type(resource_type)).await;
    }

    /// Forgets the answer to one interaction.
    pub async fn invalidate_key(&self, interaction: &Interaction) {
        self.invalidate(Purge::Key(interaction.clone())).await;
    }

    /// Forgets everything.
    pub async fn invalidate_all(&self) {
        self.invalidate(Purge::All).await;
    }

    async fn invalidate(&self, purge: Purge) {
        for key in self.index.purge(purge) {
            self.held.invalidate(&key).await;
        }
    }

    /// Finishes the cache's own housekeeping and says how many entries and index places there are.
    #[cfg(test)]
    pub(super) async fn settle_for_tests(&self) -> (u64, (usize, usize)) {
        self.held.run_pending_tasks().await;
        (self.held.entry_count(), self.index.len())
    }
}
