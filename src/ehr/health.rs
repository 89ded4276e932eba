//! How the connection does, in numbers for the people who run the product.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::clock::Timestamp;

/// Latest requests whose time is remembered.
const LATEST: usize = 1000;

/// Whether the EHR is asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// No request passes until then.
    Open {
        /// When one is let through to see.
        until: Timestamp,
    },
    /// One request is out to see whether the EHR is back.
    Probing,
}

/// The state of our access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// The EHR asks for none, or for one that never expires.
    NotNeeded,
    /// There is none at the moment; the next request fetches one.
    Absent,
    /// Good until then, and renewed before.
    Good {
        /// When it expires.
        until: Timestamp,
    },
    /// The last attempt to get one failed.
    Failed {
        /// When.
        at: Timestamp,
    },
}

/// How the connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EhrHealth {
    /// Whether it is asked at all.
    pub breaker: BreakerState,
    /// Our access token.
    pub token: TokenState,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// When a request last failed.
    pub failed_at: Option<Timestamp>,
    /// Requests since the process began by how they ended: `ok`, `timeout`, `unreachable`, ...
    pub outcomes: Vec<(&'static str, u64)>,
    /// The times under which half, 95 and 99 of 100 of the latest requests lay; `None` before the first.
    pub latency: Option<[Duration; 3]>,
    /// Requests to it.
    pub load: Load,
    /// When its CapabilityStatement was last read.
    pub capabilities_at: Option<Timestamp>,
}

/// Requests at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Under way.
    pub under_way: usize,
    /// As many as may be.
    pub most: usize,
    /// Waiting for their turn.
    pub waiting: usize,
}

/// What has been seen of it.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    answered_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    outcomes: Vec<(&'static str, u64)>,
    latest: VecDeque<Duration>,
}

impl Seen {
    /// Notes how one request ended.
    pub(super) fn note(&self, outcome: &'static str, took: Duration, now: Timestamp) {
        let notes = &mut *self.0.lock();
        match outcome {
            "ok" => notes.answered_at = Some(now),
            _ => notes.failed_at = Some(now),
        }
        match notes.outcomes.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += 1,
            None => notes.outcomes.push((outcome, 1)),
        }
        if notes.latest.len() == LATEST {
            notes.latest.pop_front();
        }
        notes.latest.push_back(took);
    }

    pub(super) fn health(&self, breaker: BreakerState, token: TokenState) -> EhrHealth {
        let notes = self.0.lock();
        let mut times: Vec<Duration> = notes.latest.iter().copied().collect();
        times.sort_unstable();
        let under = |percent: usize| {
            times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied()
        };
        EhrHealth {
            breaker,
            token,
            answered_at: notes.answered_at,
            failed_at: notes.failed_at,
            outcomes: notes.outcomes.clone(),
            load: Load::default(),
            capabilities_at: None,
            latency: under(50).zip(under(95)).zip(under(99)).map(|((half, most), all)| [half, most, all]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_given_by_percentile_of_the_latest() {
        let seen = Seen::default();
        let health = || seen.health(BreakerState::Closed, TokenState::NotNeeded);
        assert_eq!(health().latency, None);
        for number in 1..=100 {
            seen.note("ok", Duration::from_millis(number), Timestamp::from_millis(number.cast_signed()));
        }
        seen.note("timeout", Duration::from_secs(20), Timestamp::from_millis(500));
        let [half, most, all] = health().latency.unwrap().map(|time| time.as_millis());
        assert_eq!((half, most, all), (51, 96, 100));
        assert_eq!(health().outcomes, [("ok", 100), ("timeout", 1)]);
        assert_eq!(health().answered_at, Some(Timestamp::from_millis(100)));
        assert_eq!(health().failed_at, Some(Timestamp::from_millis(500)));
        for _ in 0..LATEST {
            seen.note("ok", Duration::from_millis(7), Timestamp::from_millis(600));
        }
        assert_eq!(health().latency, Some([Duration::from_millis(7); 3]));
    }
}
