//! Evens out how long it takes to say that nothing was found. What is hidden takes the EHR one question more than what is not there
//! (who the PCPs are), or one fewer (it lies in the cache): unless both answers leave at the same moments, their time tells them apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The longest interval, in steps, however slow the EHR is.
const MOST_STEPS: u64 = 32;
/// Questions to the EHR that follow one another behind a refusal: the resource, its patient, a role, its practitioner.
const QUESTIONS: u64 = 4;
/// Shorter ones came from memory.
const QUESTION: Duration = Duration::from_millis(1);

/// When answers leave that say that nothing was found: at multiples of an interval from when the request came. The interval is a
/// power of two of steps, and as long as the EHR lately took for the questions behind one answer.
#[derive(Debug)]
pub(super) struct Even {
    step: Duration,
    /// What a question to the EHR lately took at most, in microseconds; fades.
    slowest: AtomicU64,
}

impl Even {
    /// Zero: answers leave when they are ready.
    pub(super) const fn new(step: Duration) -> Self {
        Self { step, slowest: AtomicU64::new(0) }
    }

    /// Learns what a question took.
    pub(super) fn learn(&self, took: Duration) {
        if took < QUESTION {
            return;
        }
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Lost updates do no harm: this is an estimate.
        let faded = self.slowest.load(Ordering::Relaxed) / 16 * 15;
        self.slowest.store(faded.max(took), Ordering::Relaxed);
    }

    /// Waits until the next moment at which such an answer may leave.
    pub(super) async fn out(&self, begun: Instant) {
        let passed = begun.elapsed();
        let leaves = self.leaves(passed);
        if leaves > passed {
            sleep_until(begun + leaves).await;
        }
    }

    /// When an answer leaves that is ready after `passed`.
    fn leaves(&self, passed: Duration) -> Duration {
        let interval = self.interval().as_micros();
        if interval == 0 {
            return passed;
        }
        let until = (passed.as_micros() / interval + 1) * interval;
        Duration::from_micros(u64::try_from(until).unwrap_or(u64::MAX))
    }

    fn interval(&self) -> Duration {
        let step = u64::try_from(self.step.as_micros()).unwrap_or(u64::MAX);
        if step == 0 {
            return Duration::ZERO;
        }
        let needed = self.slowest.load(Ordering::Relaxed).saturating_mul(QUESTIONS);
        let steps = needed.div_ceil(step).clamp(1, MOST_STEPS).next_power_of_two();
        Duration::from_micros(step.saturating_mul(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_at_multiples_of_an_interval_that_follows_the_ehr() {
        let even = Even::new(Duration::from_millis(100));
        let leaves = |even: &Even, work: u64| even.leaves(Duration::from_millis(work)).as_millis();
        for work in [0, 1, 60, 99] {
            assert_eq!(leaves(&even, work), 100, "{work}");
        }
        assert_eq!(leaves(&even, 120), 200);
        // An EHR that takes 90 ms: one question more or less makes no difference.
        even.learn(Duration::from_millis(90));
        for work in [0, 90, 180, 360] {
            assert_eq!(leaves(&even, work), 400, "{work}");
        }
        // It was slow once, and is forgiven.
        for _ in 0..100 {
            even.learn(Duration::from_millis(2));
        }
        assert_eq!(leaves(&even, 5), 100);
        even.learn(Duration::from_hours(1));
        assert_eq!(leaves(&even, 5), 3200);
        assert_eq!(leaves(&Even::new(Duration::ZERO), 7), 7);
    }
}
