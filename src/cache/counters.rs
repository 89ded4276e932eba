//! Every answer is counted by its type and by how it was obtained, and each that did not come from memory by its reason
//! (DESIGN.md 4).

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, counter, gauge};

use crate::fhir::resource_type::ResourceType;

use super::report::{Reason, TypeReport};

macro_rules! ways {
    ($($(#[$doc:meta])* $name:ident => $how:literal, $reason:literal;)+) => {
        /// How an answer was obtained, and why so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Way { $($(#[$doc])* $name),+ }

        impl Way {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The labels `how` and `reason` of the metric.
            pub(super) const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($how, $reason)),+ }
            }
        }
    };
}

ways! {
    /// From memory.
    Fresh => "hit", "fresh";
    /// From memory: it is not there.
    Absent => "hit", "absent";
    /// By a request to the EHR that another caller's question had caused.
    Shared => "miss", "shared";
    /// Nothing was held.
    Cold => "miss", "cold";
    /// What was held had expired.
    Expired => "miss", "expired";
    /// What was held had expired, and the EHR confirmed it.
    Revalidated => "revalidated", "expired";
    /// The EHR failed; what was held stood in.
    Stale => "stale", "ehr_failed";
    /// The EHR failed a moment ago and was not asked again; what was held stood in.
    Paused => "stale", "ehr_failed_lately";
    /// The EHR failed, and nothing could stand in.
    Failed => "error", "ehr_failed";
    /// The EHR forbids keeping it.
    NoStore => "bypass", "no_store";
    /// Answers for the type are not kept, by the configuration.
    TypeNotKept => "bypass", "type_not_kept";
    /// It would take too much of the memory.
    TooLarge => "bypass", "too_large";
    /// It fell under a purge while it was under way.
    PurgedMeanwhile => "bypass", "purged_meanwhile";
}

/// What became of leave to ask the EHR again ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewed {
    /// The EHR was asked, and answered.
    Done,
    /// It was asked, and did not answer.
    Failed,
    /// It was not asked: what was held is gone, or the EHR is left alone.
    Skipped,
}

/// Counters made once, so that a hit pays for no look-up by name.
pub(super) struct Counters {
    ways: Vec<Counter>,
    /// By type, then by way.
    answers: Vec<Vec<AtomicU64>>,
    purges: AtomicU64,
    purged: AtomicU64,
    evicted: Counter,
    evictions: AtomicU64,
    renewed: [Counter; 3],
    renewals: AtomicU64,
}

impl Counters {
    pub(super) fn new() -> Self {
        let make = |way: &Way| {
            let (how, reason) = way.words();
            counter!("chartgate_cache_answers_total", "how" => how, "reason" => reason)
        };
        let renewed =
            |outcome: &'static str| counter!("chartgate_cache_refreshed_total", "outcome" => outcome);
        let of_type = |_| Way::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self {
            ways: Way::ALL.iter().map(make).collect(),
            answers: ResourceType::ALL.iter().map(of_type).collect(),
            purges: AtomicU64::new(0),
            purged: AtomicU64::new(0),
            evicted: counter!("chartgate_cache_evicted_total"),
            evictions: AtomicU64::new(0),
            renewed: [renewed("done"), renewed("failed"), renewed("skipped")],
            renewals: AtomicU64::new(0),
        }
    }

    /// Counts an answer about `resource_type`.
    pub(super) fn count(&self, resource_type: ResourceType, way: Way) {
        if let Some(counter) = self.ways.get(way as usize) {
            counter.increment(1);
        }
        if let Some(count) = self.answers.get(resource_type as usize).and_then(|ways| ways.get(way as usize))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a purge of this kind and the entries that went.
    pub(super) fn purged(&self, what: &'static str, entries: u64) {
        counter!("chartgate_cache_purges_total", "what" => what).increment(1);
        self.purges.fetch_add(1, Ordering::Relaxed);
        self.purged.fetch_add(entries, Ordering::Relaxed);
    }

    /// Counts an entry that had to make room.
    pub(super) fn evicted(&self) {
        self.evicted.increment(1);
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn renewed(&self, outcome: Renewed) {
        if let Some(counter) = self.renewed.get(outcome as usize) {
            counter.increment(1);
        }
        self.renewals.fetch_add(u64::from(outcome == Renewed::Done), Ordering::Relaxed);
    }

    fn of(&self, resource_type: ResourceType, way: Way) -> u64 {
        let count = self.answers.get(resource_type as usize).and_then(|ways| ways.get(way as usize));
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Answers by type; types that nobody asked for are left out.
    pub(super) fn types(&self) -> Vec<TypeReport> {
        let each = ResourceType::ALL.iter().map(|&resource_type| {
            let all = Way::ALL.iter().map(|&way| self.of(resource_type, way)).sum();
            let hits = self.of(resource_type, Way::Fresh) + self.of(resource_type, Way::Absent);
            TypeReport { resource_type, answers: all, hits }
        });
        each.filter(|report| report.answers > 0).collect()
    }

    /// Answers by how they were obtained and why; ways that never came about are left out.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let each = Way::ALL.iter().map(|&way| {
            let (how, reason) = way.words();
            let answers = ResourceType::ALL.iter().map(|&resource_type| self.of(resource_type, way)).sum();
            Reason { how, reason, answers }
        });
        each.filter(|reason| reason.answers > 0).collect()
    }

    /// Purges, entries purged, entries that made room, answers refreshed ahead of time.
    pub(super) fn totals(&self) -> [u64; 4] {
        [&self.purges, &self.purged, &self.evictions, &self.renewals]
            .map(|count| count.load(Ordering::Relaxed))
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
