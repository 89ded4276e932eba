//! What is kept of one answer.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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
    /// Set once it is sure that no purge came while the answer was under way.
    settled: AtomicBool,
    /// Until when the EHR is not asked again about it, after a failure; milliseconds since the epoch.
    pause_until: AtomicI64,
}

impl Entry {
    pub(super) fn new(
        number: u64,
        body: Option<Unreleased>,
        as_of: Timestamp,
        fresh_for: Duration,
        validator: Validator,
    ) -> Self {
        /// The entry itself, its key and its places in the cache and in the index.
        const FRAME: usize = 512;
        let weight = FRAME + body.as_ref().map_or(0, Unreleased::weight);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        Self {
            number,
            body,
            as_of,
            fresh_for,
            validator,
            weight,
            settled: AtomicBool::new(false),
            pause_until: AtomicI64::new(i64::MIN),
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
        self.body.is_some() && !self.fresh_for.is_zero() && now.since(self.as_of) < max_stale
    }

    /// Whether the EHR failed so lately that it is not asked again.
    pub(super) fn is_paused(&self, now: Timestamp) -> bool {
        now.as_millis() < self.pause_until.load(Ordering::Relaxed)
    }

    pub(super) fn pause(&self, until: Timestamp) {
        self.pause_until.store(until.as_millis(), Ordering::Relaxed);
    }

    /// The answer for one caller, with its age. Shares the bytes.
    pub(super) fn answer(&self, now: Timestamp, how: OriginKind) -> Option<Unreleased> {
        let origin = Origin { as_of: self.as_of, age: now.since(self.as_of), how };
        self.body.as_ref().map(|body| body.with_origin(origin))
    }
}
