//! Facts that the EHR stated, with the time of which they are true. Unlike `cache` this holds what the policy decides by,
//! never what is released.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

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
    /// By payer as well, so that nobody's question waits for another's turn.
    flights: Flights<(K, Payer), Answer<V>>,
    clock: SharedClock,
}

impl<K: Eq + Hash + Clone, V> Remembered<K, V> {
    pub(super) fn new(capacity: usize, clock: SharedClock) -> Self {
        Self { held: Cache::new(capacity), flights: Flights::default(), clock }
    }

    /// The fact, if it is held and at most `max_age` old.
    pub(super) fn recent(&self, key: &K, max_age: Duration) -> Option<Dated<Arc<V>>> {
        let held = self.held.get(key)?;
        (self.clock.now().since(held.as_of) < max_age).then_some(held)
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
        let work = || async {
            // Another flight may have landed between the look and the boarding.
            if let Some(held) = self.recent(key, max_age) {
                return Ok(held);
            }
            let Dated { value, as_of } = ask().await?;
            let fact = Dated { value: Arc::new(value), as_of };
            self.held.insert(key.clone(), fact.clone());
            Ok(fact)
        };
        self.flights.share(&(key.clone(), payer.clone()), work).await.0
    }

    /// Remembers what was learnt on another way, unless something newer is known.
    pub(super) fn put(&self, key: &K, fact: Dated<V>) {
        if self.held.get(key).is_none_or(|held| held.as_of <= fact.as_of) {
            self.held.insert(key.clone(), Dated { value: Arc::new(fact.value), as_of: fact.as_of });
        }
    }

    pub(super) fn forget(&self, key: &K) {
        self.held.remove(key);
    }
}
