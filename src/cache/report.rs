//! What the people who run the product are told of the cache: numbers alone.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::clock::Timestamp;
use crate::fhir::resource_type::ResourceType;

/// How far back "lately" reaches.
const LATELY: Duration = Duration::from_mins(15);
/// Most snapshots held, however often they are taken.
const MOST: usize = 32;

/// The state of the cache and what it did since the process began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When counting began.
    pub since: Timestamp,
    /// Answers held.
    pub entries: u64,
    /// Of these, the knowledge that something is not there.
    pub absent: u64,
    /// Memory that they take.
    pub bytes: u64,
    /// Memory that they may take.
    pub most_bytes: u64,
    /// Entries that made room for others.
    pub evicted: u64,
    /// Purges.
    pub purges: u64,
    /// Entries that went by purges.
    pub purged: u64,
    /// Answers that were refreshed before they expired.
    pub refreshed: u64,
    /// By type, alphabetically.
    pub types: Vec<TypeReport>,
    /// The same of the last quarter of an hour, or of all the time there has been.
    pub lately: Lately,
    /// By how answers were obtained and why.
    pub reasons: Vec<Reason>,
}

/// Answers of the last while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lately {
    /// When the while began.
    pub since: Timestamp,
    /// By type, alphabetically.
    pub types: Vec<TypeReport>,
}

/// Answers about one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeReport {
    /// Which.
    pub resource_type: ResourceType,
    /// Answers in all.
    pub answers: u64,
    /// Of these, from memory.
    pub hits: u64,
}

/// Answers that were obtained in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `hit`, `miss`, `revalidated`, `stale`, `bypass`, `error`.
    pub how: &'static str,
    /// Why so.
    pub reason: &'static str,
    /// How many.
    pub answers: u64,
}

/// What the counts were some minutes ago, so that the difference can be told. Costs nothing where answers are given.
#[derive(Debug)]
pub(super) struct Past {
    began: Timestamp,
    snapshots: Mutex<VecDeque<Lately>>,
}

impl Past {
    pub(super) fn new(began: Timestamp) -> Self {
        Self { began, snapshots: Mutex::default() }
    }

    /// When counting began.
    pub(super) const fn began(&self) -> Timestamp {
        self.began
    }

    /// Notes the counts as they are now; to be called now and then.
    pub(super) fn note(&self, now: Timestamp, types: Vec<TypeReport>) {
        let mut snapshots = self.snapshots.lock();
        snapshots.push_back(Lately { since: now, types });
        // The latest that is old enough stays, as what the others are compared with.
        while snapshots.len() > MOST || snapshots.get(1).is_some_and(|next| now.since(next.since) >= LATELY) {
            snapshots.pop_front();
        }
    }

    /// What was counted since the oldest snapshot of the window.
    pub(super) fn lately(&self, now: Timestamp, types: &[TypeReport]) -> Lately {
        let snapshots = self.snapshots.lock();
        // Idle for long: the latest snapshot before the window is what the window began with.
        let old = snapshots.iter().rev().find(|then| now.since(then.since) >= LATELY);
        let Some(then) = old.or_else(|| snapshots.front()).filter(|_| now.since(self.began) >= LATELY) else {
            return Lately { since: self.began, types: types.to_vec() };
        };
        let less = |report: &TypeReport| {
            let before = then.types.iter().find(|before| before.resource_type == report.resource_type);
            let before = before.map_or((0, 0), |before| (before.answers, before.hits));
            TypeReport {
                answers: report.answers.saturating_sub(before.0),
                hits: report.hits.saturating_sub(before.1),
                ..*report
            }
        };
        let types = types.iter().map(less).filter(|report| report.answers > 0).collect();
        Lately { since: then.since, types }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn patients(answers: u64, hits: u64) -> Vec<TypeReport> {
        vec![TypeReport { resource_type: ResourceType::Patient, answers, hits }]
    }

    #[test]
    fn lately_is_the_last_quarter_of_an_hour() {
        let past = Past::new(at(0));
        assert_eq!(past.lately(at(1), &patients(3, 1)), Lately { since: at(0), types: patients(3, 1) });
        for minute in 1..=40 {
            past.note(at(minute), patients(minute.unsigned_abs() * 10, minute.unsigned_abs()));
        }
        let lately = past.lately(at(40), &patients(420, 60));
        assert_eq!(lately, Lately { since: at(25), types: patients(170, 35) });
        let lately = past.lately(at(40), &patients(250, 25));
        assert_eq!(lately, Lately { since: at(25), types: vec![] }, "nothing was asked for");
    }

    #[test]
    fn snapshots_are_bounded_however_often_they_are_taken() {
        let past = Past::new(at(0));
        for number in 0..1000 {
            past.note(Timestamp::from_millis(number), Vec::new());
        }
        assert_eq!(past.snapshots.lock().len(), MOST);
    }
}
