//! Rank 1: how often something may happen, by key, in memory of fixed size.
//!
//! The generic cell rate algorithm (ITU-T I.371): of each key one moment is kept, at which all that it did will have been paid
//! for at its rate. A key whose moment has passed is like one that never came, so its place can be given away at no loss;
//! where all places are taken, the key that owes least loses its own. Nothing is allocated for a request.

use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::clock::Timestamp;

/// How much is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// So many a minute; 0: no limit.
    pub per_minute: u32,
    /// As many at once as come in this time at that rate, and at least one.
    pub burst: Duration,
}

impl Quota {
    /// Everything is let through.
    pub const NONE: Self = Self { per_minute: 0, burst: Duration::ZERO };

    /// Nanoseconds that one costs.
    const fn cost(self) -> u64 {
        if self.per_minute == 0 { 0 } else { 60_000_000_000 / self.per_minute as u64 }
    }

    /// How many come at once after a long rest; 0: any number.
    pub fn at_once(self) -> u64 {
        match self.cost() {
            0 => 0,
            cost => (nanos(self.burst) / cost).max(1),
        }
    }
}

/// The most that is counted of one request, whatever it says that it is worth.
const DEAREST: u64 = 64;
/// Places that one key may lie in.
const WAYS: usize = 8;

/// A key and when it will have paid, in nanoseconds since the Unix epoch. `key` 0: nobody's.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    key: u64,
    paid_at: u64,
}

/// The counters of one kind of key.
#[derive(Debug)]
pub struct Limiter {
    cost: u64,
    at_once: u64,
    shelves: Box<[Mutex<[Place; WAYS]>]>,
    hasher: ahash::RandomState,
}

impl Limiter {
    /// Nothing counted yet. About `keys` keys that owe something are kept apart.
    pub fn new(quota: Quota, keys: usize) -> Self {
        // Twice what is needed, for keys do not spread evenly.
        let shelves = if quota.cost() == 0 { 0 } else { (keys * 2).div_ceil(WAYS).max(1) };
        Self {
            cost: quota.cost(),
            at_once: quota.at_once(),
            shelves: (0..shelves).map(|_| Mutex::default()).collect(),
            hasher: ahash::RandomState::new(),
        }
    }

    /// Counts `count` things that `key` does at once. When that is too many nothing is counted, and the answer is how long to
    /// wait until it is not. Several things at once may be more than is at hand, up to 64: they are paid for afterwards.
    pub fn take(&self, key: &impl Hash, count: usize, now: Timestamp) -> Result<(), Duration> {
        self.judge(key, count, now, true)
    }

    /// What [`Self::take`] would say, without counting.
    pub fn peek(&self, key: &impl Hash, now: Timestamp) -> Result<(), Duration> {
        self.judge(key, 1, now, false)
    }

    /// How much has to be at hand for a request that counts as so many: of several, half of what may come at once will do.
    fn at_hand(&self, count: u64) -> u64 {
        if count == 1 { 1 } else { count.min(self.at_once / 2) }
    }

    fn judge(&self, whose: &impl Hash, count: usize, now: Timestamp, take: bool) -> Result<(), Duration> {
        if self.cost == 0 || count == 0 {
            return Ok(());
        }
        let hash = self.hasher.hash_one(whose).max(1);
        let shelves = u64::try_from(self.shelves.len()).unwrap_or(1).max(1);
        let at = usize::try_from((hash >> 32) % shelves).unwrap_or(0);
        let Some(places) = self.shelves.get(at) else { return Ok(()) };
        let now = u64::try_from(now.as_millis()).unwrap_or(0).saturating_mul(1_000_000);
        let count = u64::try_from(count).unwrap_or(DEAREST).min(DEAREST);
        let mut places = places.lock();
        let place = match places.iter().position(|place| place.key == hash) {
            Some(own) => places.get_mut(own),
            None => places.iter_mut().min_by_key(|place| place.paid_at),
        };
        let Some(place) = place else { return Ok(()) };
        let paid_at = if place.key == hash { place.paid_at } else { 0 };
        // Nobody can owe more than this: a clock that was set back must not lock anybody out.
        let most = now + self.cost * (self.at_once + DEAREST);
        let paid_at = paid_at.clamp(now, most);
        let limit = now + self.cost * self.at_once;
        let due = paid_at + self.cost * self.at_hand(count);
        if due > limit {
            return Err(Duration::from_nanos(due - limit));
        }
        if take {
            *place = Place { key: hash, paid_at: paid_at + self.cost * count };
        }
        Ok(())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `Retry-After` for a wait: whole seconds, rounded up, never 0 (RFC 9110 10.2.3).
pub fn retry_after(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + millis)
    }

    /// The same rule told otherwise: a bucket of tokens for each key that fills at the rate, in tokens times 60,000 so that
    /// a millisecond's share is a whole number.
    #[derive(Default)]
    struct Buckets(HashMap<u8, (i64, i64)>);

    impl Buckets {
        fn take(&mut self, quota: Quota, key: u8, count: i64, now: i64) -> bool {
            let full = i64::try_from(quota.at_once()).unwrap() * 60_000;
            let (level, then) = *self.0.get(&key).unwrap_or(&(full, now));
            let level = (level + (now - then) * i64::from(quota.per_minute)).min(full);
            let needed = if count == 1 { 1 } else { count.min(full / 60_000 / 2) };
            let enough = level >= needed * 60_000;
            self.0.insert(key, (if enough { level - count * 60_000 } else { level }, now));
            enough
        }
    }

    proptest! {
        // Rates that divide a minute of nanoseconds, so that both rules are exact.
        #[test]
        fn says_what_a_bucket_for_each_key_says(
            per_minute in prop::sample::select(vec![1_u32, 6, 60, 600, 6_000, 60_000]),
            burst in 0_u64..60,
            steps in prop::collection::vec((0_u8..4, 1_usize..60, prop::sample::select(vec![0_i64, 1, 10, 150, 1_000, 30_000])), 1..200),
        ) {
            let quota = Quota { per_minute, burst: Duration::from_secs(burst) };
            let limiter = Limiter::new(quota, 64);
            let (mut buckets, mut now) = (Buckets::default(), 0);
            for (key, count, pause) in steps {
                now += pause;
                let allowed = buckets.take(quota, key, i64::try_from(count).unwrap(), now);
                let said = limiter.take(&key, count, at(now));
                prop_assert_eq!(said.is_ok(), allowed, "{} of {} at {}", count, key, now);
                if let Err(wait) = said {
                    prop_assert!(wait > Duration::ZERO);
                    let ready = now + i64::try_from(wait.as_millis()).unwrap() + 1;
                    prop_assert!(limiter.judge(&key, count, at(ready), false).is_ok(), "good after the wait");
                    let early = now + i64::try_from(wait.as_millis()).unwrap() - 1;
                    prop_assert!(limiter.judge(&key, count, at(early.max(now)), false).is_err(), "not before");
                }
            }
        }

        #[test]
        fn in_any_minute_no_more_than_the_burst_and_the_rate(
            times in prop::collection::vec(0_i64..300, 1..2_000),
        ) {
            let quota = Quota { per_minute: 120, burst: Duration::from_secs(10) };
            let limiter = Limiter::new(quota, 8);
            let (mut now, mut passed) = (0, Vec::new());
            for pause in times {
                now += pause;
                if limiter.take(&"key", 1, at(now)).is_ok() {
                    passed.push(now);
                }
            }
            for (place, begun) in passed.iter().enumerate() {
                let within = passed[place..].iter().take_while(|at| *at - begun < 60_000).count();
                prop_assert!(within <= 120 + 20, "{within} in a minute");
            }
        }
    }

    #[test]
    fn no_limit_limits_nothing_and_takes_no_memory() {
        let limiter = Limiter::new(Quota::NONE, 1_000_000);
        assert!((0..100_000).all(|_| limiter.take(&"key", 64, at(0)).is_ok()));
        assert!(limiter.shelves.is_empty());
    }

    #[test]
    fn a_million_keys_take_no_more_memory_and_let_nobody_through_who_owes() {
        let quota = Quota { per_minute: 60, burst: Duration::from_secs(5) };
        let limiter = Limiter::new(quota, 1_000);
        let places = limiter.shelves.len() * WAYS;
        for _ in 0..5 {
            limiter.take(&"flood", 1, at(0)).unwrap();
        }
        for key in 0..1_000_000_u32 {
            limiter.take(&key, 1, at(0)).unwrap();
        }
        assert_eq!(limiter.shelves.len() * WAYS, places);
        assert!(limiter.take(&"flood", 1, at(0)).is_err(), "who owes least makes room");
        assert!(limiter.take(&"flood", 1, at(1_000)).is_ok());
    }

    #[test]
    fn a_thousand_keys_are_kept_apart() {
        let quota = Quota { per_minute: 1, burst: Duration::ZERO };
        let limiter = Limiter::new(quota, 1_000);
        for key in 0..1_000_u32 {
            limiter.take(&key, 1, at(0)).unwrap();
        }
        let forgotten = (0..1_000_u32).filter(|key| limiter.peek(key, at(0)).is_ok()).count();
        assert!(forgotten < 20, "{forgotten}");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let quota = Quota { per_minute: 60, burst: Duration::from_secs(5) };
        let limiter = Limiter::new(quota, 8);
        limiter.take(&"key", 1, at(3_600_000)).unwrap();
        let wait = limiter.take(&"key", 1, at(0)).unwrap_err();
        assert!(wait <= Duration::from_secs(70), "{wait:?}");
    }

    #[test]
    fn seconds_to_wait_are_rounded_up_and_never_none() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(retry_after(Duration::from_millis(millis)), seconds);
        }
    }
}
