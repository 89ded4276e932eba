//! Facts that the EHR stated, with the time of which they are true. Unlike `cache` this holds what the policy decides by,
//! never what is released.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::access::payer::Payer;
use crate::access::upstream::UpstreamError;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::flight::Flights;

/// A fact and when it was true.
#[derive(Debug)]
pub(super) struct Dated<V> {
    pub(super) value: V,
    pub(super) as_of: Timestamp,
}

impl<V> Clone for Dated<Arc<V>> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), as_of: self.as_of }
    }
}

/// What a question comes back with.
type Answer<V> = Result<Dated<Arc<V>>, UpstreamError>;

/// Facts by key, bounded in number; concurrent questions of one payer about one key make one request.
#[derive(Debug)]
pub(super) struct Remembered<K: Eq + Hash, V> {
    held: Cache<K, Dated<Arc<V>>>,
    /// By payer as well, so that nobody's question waits for another's turn; and by what was forgotten before: who asks after it does
    /// not get an answer from before it.
    flights: Flights<(K, Payer, u64), Answer<V>>,
    clock: SharedClock,
    /// What was forgotten, so far.
    forgotten: AtomicU64,
    /// By the hash of the key, the number of the last time that something was forgotten.
    last: Vec<Mutex<u64>>,
}

/// Keys that share a number: one that is forgotten keeps answers under way about some others from being remembered.
const SHARES: usize = 256;

impl<K: Eq + Hash + Clone, V> Remembered<K, V> {
    pub(super) fn new(capacity: usize, clock: SharedClock) -> Self {
        Self {
            held: Cache::new(capacity),
            flights: Flights::default(),
            clock,
            forgotten: AtomicU64::new(0),
            last: (0..SHARES).map(|_| Mutex::new(0)).collect(),
        }
    }

    /// The fact, if it is held and at most `max_age` old.
    pub(super) fn recent(&self, key: &K, max_age: Duration) -> Option<Dated<Arc<V>>> {
        let held = self.held.get(key)?;
        (self.clock.now().since(held.as_of) < max_age).then_some(held)
    }

    /// How many are held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// The place in the sequence of what was forgotten, to be taken before the EHR is asked.
    pub(super) fn mark(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// The fact at most `max_age` old, asked of the EHR where it is not held.
    pub(super) async fn get<F>(
        &self,
        key: &K,
        payer: &Payer,
        max_age: Duration,
        ask: impl FnOnce() -> F,
    ) -> Result<Dated<Arc<V>>, UpstreamError>
    where
        F: Future<Output = Result<Dated<V>, UpstreamError>>,
    {
        if let Some(held) = self.recent(key, max_age) {
            return Ok(held);
        }
        let mark = self.mark();
        let work = || async {
            // Another flight may have landed between the look and the boarding.
            if let Some(held) = self.recent(key, max_age) {
                return Ok(held);
            }
            let Dated { value, as_of } = ask().await?;
            let fact = Dated { value: Arc::new(value), as_of };
            self.remember(key, fact.clone(), mark);
            Ok(fact)
        };
        self.flights.share(&(key.clone(), payer.clone(), mark), work).await.0
    }

    /// Remembers what was learnt on another way, asked for at `mark`, unless something newer is known.
    pub(super) fn put(&self, key: &K, fact: Dated<V>, mark: u64) {
        if self.held.get(key).is_none_or(|held| held.as_of <= fact.as_of) {
            self.remember(key, Dated { value: Arc::new(fact.value), as_of: fact.as_of }, mark);
        }
    }

    fn remember(&self, key: &K, fact: Dated<Arc<V>>, mark: u64) {
        let Some(share) = self.share(key) else { return };
        // Held while it is put in place: whoever forgets comes wholly before or wholly after.
        let last = share.lock();
        if *last <= mark {
            self.held.insert(key.clone(), fact);
        }
    }

    /// Forgets one fact; an answer about it that is under way is not remembered.
    pub(super) fn forget(&self, key: &K) {
        let number = self.forgotten.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(share) = self.share(key) {
            let mut last = share.lock();
            *last = (*last).max(number);
            self.held.remove(key);
        }
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        let number = self.forgotten.fetch_add(1, Ordering::SeqCst) + 1;
        for share in &self.last {
            let mut last = share.lock();
            *last = (*last).max(number);
        }
        self.held.clear();
    }

    fn share(&self, key: &K) -> Option<&Mutex<u64>> {
        let hash = ahash::RandomState::with_seeds(5, 6, 7, 8).hash_one(key);
        let shares = u64::try_from(self.last.len()).ok()?;
        self.last.get(usize::try_from(hash.checked_rem(shares)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::ManualClock;

    const AGE: Duration = Duration::from_mins(5);

    async fn told(remembered: &Remembered<u32, u32>, key: u32, value: u32, meanwhile: impl FnOnce()) -> u32 {
        let ask = || async {
            meanwhile();
            Ok(Dated { value, as_of: remembered.clock.now() })
        };
        *remembered.get(&key, &Payer::Product, AGE, ask).await.unwrap().value
    }

    #[tokio::test]
    async fn what_was_asked_before_it_was_forgotten_is_not_remembered() {
        let remembered = Remembered::new(100, ManualClock::new(Timestamp::from_millis(0)));
        assert_eq!(told(&remembered, 1, 10, || remembered.forget(&1)).await, 10);
        assert_eq!(told(&remembered, 1, 11, || {}).await, 11, "asked again");
        assert_eq!(told(&remembered, 1, 12, || {}).await, 11, "remembered");
        remembered.forget(&1);
        assert_eq!(told(&remembered, 1, 13, || remembered.forget_all()).await, 13);
        assert_eq!(told(&remembered, 1, 14, || {}).await, 14);
        assert_eq!(
            told(&remembered, 2, 20, || remembered.forget(&1)).await,
            20,
            "another's is not lost for it"
        );
        assert_eq!(told(&remembered, 2, 21, || {}).await, 20);
        let mark = remembered.mark();
        remembered.forget(&1);
        let as_of = remembered.clock.now();
        remembered.put(&1, Dated { value: 15, as_of }, mark);
        assert_eq!(told(&remembered, 1, 16, || {}).await, 16, "learnt before it was forgotten");
    }
}
