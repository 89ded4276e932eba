//! Every answer is counted by how it was obtained, and each that did not come from memory by its reason (DESIGN.md 4).

use metrics::{Counter, counter, gauge};

/// Why the EHR was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing was held.
    Cold,
    /// What was held had expired.
    Expired,
}

/// Counters made once, so that a hit pays for no look-up by name.
pub(super) struct Counters {
    hit: Counter,
    absent: Counter,
    shared: Counter,
    cold: Counter,
    expired: Counter,
    revalidated: Counter,
    stale: Counter,
    paused: Counter,
    failed: Counter,
}

impl Counters {
    pub(super) fn new() -> Self {
        let make = |how: &'static str, reason: &'static str| counter!("chartgate_cache_answers_total", "how" => how, "reason" => reason);
        Self {
            hit: make("hit", "fresh"),
            absent: make("hit", "absent"),
            shared: make("miss", "shared"),
            cold: make("miss", "cold"),
            expired: make("miss", "expired"),
            revalidated: make("revalidated", "expired"),
            stale: make("stale", "ehr_failed"),
            paused: make("stale", "ehr_failed_lately"),
            failed: make("error", "ehr_failed"),
        }
    }

    pub(super) fn hit(&self, absent: bool) {
        if absent { &self.absent } else { &self.hit }.increment(1);
    }

    pub(super) fn shared(&self) {
        self.shared.increment(1);
    }

    pub(super) fn missed(&self, asked: Asked) {
        match asked {
            Asked::Cold => &self.cold,
            Asked::Expired => &self.expired,
        }
        .increment(1);
    }

    pub(super) fn revalidated(&self) {
        self.revalidated.increment(1);
    }

    pub(super) fn stale(&self) {
        self.stale.increment(1);
    }

    pub(super) fn paused(&self) {
        self.paused.increment(1);
    }

    pub(super) fn failed(&self) {
        self.failed.increment(1);
    }

    /// An answer that was not kept. `reason` is one of this module's words.
    #[expect(clippy::unused_self, reason = "reads like the others")]
    pub(super) fn bypassed(&self, reason: &'static str) {
        counter!("chartgate_cache_answers_total", "how" => "bypass", "reason" => reason).increment(1);
    }
}

/// What the cache holds now.
pub(super) fn report(entries: u64, bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 is enough")]
    let (entries, bytes) = (entries as f64, bytes as f64);
    gauge!("chartgate_cache_entries").set(entries);
    gauge!("chartgate_cache_bytes").set(bytes);
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counters")
    }
}
