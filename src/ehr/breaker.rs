//! The circuit breaker: an EHR that does not answer is left alone for a while, and tried again by one request.

use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::clock::{SharedClock, Timestamp};

use super::health::BreakerState;
use super::options::BreakerOptions;

/// Longest pause after repeated failed tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Requests pass; so many failures in a row so far.
    Closed { failures: u32 },
    /// No request passes until then.
    Open { until: Timestamp, pause: Duration },
    /// One request is out to see whether the EHR is back.
    Probing,
}

#[derive(Debug)]
pub(super) struct Breaker {
    options: BreakerOptions,
    clock: SharedClock,
    state: Mutex<State>,
}

impl Breaker {
    pub(super) fn new(options: BreakerOptions, clock: SharedClock) -> Self {
        Self { options, clock, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Lets a request pass, or says how long to stay away.
    pub(super) fn admit(&self) -> Result<Admission<'_>, Duration> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        match *state {
            State::Closed { .. } => Ok(Admission { breaker: self, probe: None }),
            State::Open { until, .. } if now < until => Err(until.since(now)),
            State::Open { pause, .. } => {
                *state = State::Probing;
                Ok(Admission { breaker: self, probe: Some(pause) })
            }
            State::Probing => Err(Duration::from_secs(1)),
        }
    }

    /// Whether requests are being turned away.
    pub(super) fn is_open(&self) -> bool {
        !matches!(*self.state.lock(), State::Closed { .. })
    }

    pub(super) fn state(&self) -> BreakerState {
        match *self.state.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } => BreakerState::Open { until },
            State::Probing => BreakerState::Probing,
        }
    }

    fn open(&self, state: &mut State, pause: Duration) {
        *state = State::Open { until: self.clock.now().plus(pause), pause };
        tracing::warn!(pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), "EHR breaker opened");
        metrics::counter!("chartgate_ehr_breaker_opened_total").increment(1);
    }
}

/// Leave for one request; says how it went. Dropped without a word (the caller went away), it changes nothing.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    breaker: &'a Breaker,
    probe: Option<Duration>,
}

impl Admission<'_> {
    /// The EHR answered, whatever it said.
    pub(super) fn answered(mut self) {
        let probe = self.probe.take();
        let mut state = self.breaker.state.lock();
        if probe.is_some() || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The EHR did not answer, or failed.
    pub(super) fn failed(mut self) {
        let probe = self.probe.take();
        let mut state = self.breaker.state.lock();
        match (probe, *state) {
            (Some(pause), _) => self.breaker.open(&mut state, (pause * 2).min(LONGEST_PAUSE)),
            (None, State::Closed { failures }) if failures + 1 >= self.breaker.options.failures => {
                self.breaker.open(&mut state, self.breaker.options.pause);
            }
            (None, State::Closed { failures }) => *state = State::Closed { failures: failures + 1 },
            // Sent before the breaker opened: it knows already.
            (None, State::Open { .. } | State::Probing) => {}
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if let Some(pause) = self.probe {
            let mut state = self.breaker.state.lock();
            *state = State::Open { until: self.breaker.clock.now(), pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::clock::ManualClock;

    fn breaker() -> (Arc<ManualClock>, Breaker) {
        let clock = ManualClock::new(Timestamp::from_millis(0));
        let options = BreakerOptions { failures: 3, pause: Duration::from_secs(5) };
        (Arc::clone(&clock), Breaker::new(options, clock))
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().unwrap().failed();
        }
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_when_a_probe_succeeds() {
        let (clock, breaker) = breaker();
        fail(&breaker, 2);
        breaker.admit().unwrap().answered();
        fail(&breaker, 2);
        assert!(!breaker.is_open(), "an answer in between starts the count anew");
        fail(&breaker, 1);
        assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(5));
        clock.advance(Duration::from_secs(5));
        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_err(), "one probe at a time");
        probe.answered();
        assert!(breaker.admit().is_ok());
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_failed_probe_doubles_the_pause_up_to_a_limit() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        for seconds in [10, 20, 40, 60, 60] {
            clock.advance(Duration::from_mins(1));
            breaker.admit().unwrap().failed();
            assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_probe_that_is_cancelled_lets_the_next_one_try() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        clock.advance(Duration::from_secs(5));
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_late_answer_from_before_the_outage_does_not_close_it() {
        let (_, breaker) = breaker();
        let early = breaker.admit().unwrap();
        fail(&breaker, 3);
        early.answered();
        assert!(breaker.is_open());
    }
}
