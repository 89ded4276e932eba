//! Rank 0: single flight. Concurrent callers that want the same thing share one piece of work.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;
use tokio::sync::watch;

/// Work in progress by key. The work runs in the task of the caller that came first, so it may borrow; if that caller goes
/// away before the end, one of those who wait takes over with its own piece of work.
#[derive(Debug)]
pub struct Flights<K, V> {
    under_way: Mutex<HashMap<K, watch::Receiver<Option<V>>>>,
}

/// What a caller of [`Flights::share`] did for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Did the work.
    Led,
    /// Waited for another's.
    Followed,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Mutex::new(HashMap::new()) }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// The result of `work` for `key`, or of the same work that another caller began before. Failures are shared like
    /// successes and nothing is kept once the last of these callers has its answer.
    pub async fn share<F, W>(&self, key: &K, work: W) -> (V, Part)
    where
        W: FnOnce() -> F,
        F: Future<Output = V>,
    {
        loop {
            let mut waiting = match self.board(key) {
                Ok(leader) => {
                    let value = work().await;
                    leader.land(value.clone());
                    return (value, Part::Led);
                }
                Err(waiting) => waiting,
            };
            if let Ok(landed) = waiting.wait_for(Option::is_some).await
                && let Some(value) = landed.as_ref()
            {
                return (value.clone(), Part::Followed);
            }
            // The leader went away without a result; its place is free again.
        }
    }

    /// Leadership of a new flight, or a seat in the one under way.
    fn board(&self, key: &K) -> Result<Leader<'_, K, V>, watch::Receiver<Option<V>>> {
        let mut under_way = self.under_way.lock();
        if let Some(waiting) = under_way.get(key) {
            return Err(waiting.clone());
        }
        let (result, waiting) = watch::channel(None);
        under_way.insert(key.clone(), waiting);
        Ok(Leader { flights: self, key: key.clone(), result })
    }
}

/// The caller that does the work. Dropped in mid-flight (cancelled or panicking) it frees the place.
struct Leader<'a, K: Eq + Hash, V> {
    flights: &'a Flights<K, V>,
    key: K,
    result: watch::Sender<Option<V>>,
}

impl<K: Eq + Hash, V> Leader<'_, K, V> {
    fn land(self, value: V) {
        self.result.send_replace(Some(value));
    }
}

impl<K: Eq + Hash, V> Drop for Leader<'_, K, V> {
    fn drop(&mut self) {
        // Before the sender goes: whoever wakes up must find the place free.
        self.flights.under_way.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn concurrent_callers_share_one_piece_of_work() {
        let flights = Arc::new(Flights::<&str, u32>::default());
        let works = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let (flights, works) = (Arc::clone(&flights), Arc::clone(&works));
                tokio::spawn(async move {
                    flights
                        .share(&"key", || async {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            works.fetch_add(1, Ordering::SeqCst)
                        })
                        .await
                })
            })
            .collect();
        let mut led = 0;
        for caller in callers {
            let (value, part) = caller.await.unwrap();
            assert_eq!(value, 0);
            led += u32::from(part == Part::Led);
        }
        assert_eq!((led, works.load(Ordering::SeqCst)), (1, 1));
        assert!(flights.under_way.lock().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn a_cancelled_leader_is_succeeded() {
        let flights = Arc::new(Flights::<&str, &str>::default());
        let leader = tokio::spawn({
            let flights = Arc::clone(&flights);
            async move { flights.share(&"key", std::future::pending).await }
        });
        tokio::task::yield_now().await;
        let followers: Vec<_> = (0..5)
            .map(|_| {
                let flights = Arc::clone(&flights);
                tokio::spawn(async move { flights.share(&"key", || async { "second" }).await })
            })
            .collect();
        tokio::task::yield_now().await;
        leader.abort();
        for follower in followers {
            let (value, _) = tokio::time::timeout(Duration::from_secs(5), follower).await.unwrap().unwrap();
            assert_eq!(value, "second");
        }
    }
}
