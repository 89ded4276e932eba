//! What is read often is asked of the EHR again shortly before it expires, so that nobody waits for it. Never on the path of a
//! request: reads put leave for it into a queue, and a job works that off.

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::access::permit::Renewal;
use crate::access::upstream::{Fetched, UpstreamError, Validator};

use super::counters::Renewed;
use super::fetch::{Cache, Urge};

/// Leaves that may wait. What finds no room expires, as everything else does.
const QUEUE: usize = 256;

/// The queue.
#[derive(Debug)]
pub(super) struct Ahead {
    due: mpsc::Sender<Renewal>,
    waiting: Mutex<Option<mpsc::Receiver<Renewal>>>,
}

impl Default for Ahead {
    fn default() -> Self {
        let (due, waiting) = mpsc::channel(QUEUE);
        Self { due, waiting: Mutex::new(Some(waiting)) }
    }
}

impl Ahead {
    pub(super) fn queue(&self, renewal: Renewal) {
        // A full queue means that the EHR does not keep up: then less is asked of it.
        let _ = self.due.try_send(renewal);
    }
}

impl Cache {
    /// The queue of what is worth refreshing, for the job that does it; `None` when it was taken before.
    pub fn renewals(&self) -> Option<mpsc::Receiver<Renewal>> {
        self.ahead.waiting.lock().take()
    }

    /// Asks the EHR again, if what is held is still there: what was purged or pushed out meanwhile is not. `fetch` asks, at most once.
    pub async fn renew<F>(&self, renewal: &Renewal, fetch: impl FnOnce(Validator) -> F)
    where
        F: Future<Output = Result<Fetched, UpstreamError>>,
    {
        let key = renewal.interaction();
        // Before the look: whatever is purged after it is not kept.
        let mark = self.shelf.mark();
        if self.shelf.peek(key).is_none() {
            return self.counters.renewed(Renewed::Skipped);
        }
        // Whoever finds it expired while this is under way waits for the same answer.
        let work = || self.ask(key, mark, Urge::Ahead, fetch);
        let (landed, _) = self.flights.share(&(key.clone(), mark), work).await;
        self.counters.renewed(if landed.is_ok() { Renewed::Done } else { Renewed::Failed });
    }

    /// Counts a renewal that was left out because the EHR is left alone.
    pub fn renewal_left_out(&self) {
        self.counters.renewed(Renewed::Skipped);
    }
}
