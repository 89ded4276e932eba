//! Group commit: whoever records an event waits until the batch that holds it is durable; while one batch is written, the
//! next gathers.

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::access::sources::{AuditSink, AuditUnavailable};
use crate::domain::audit::AuditEvent;
use crate::store::Store;

/// Most events in one transaction.
const BATCH: usize = 512;
/// Events that may wait to be written; beyond it, recording waits for room.
const QUEUE: usize = 4096;

/// Appends batches to the chain.
pub trait Chain: Send + Sync + 'static {
    /// Appends the events in order; when it returns `Ok` they are durable.
    fn append<'a>(&'a self, batch: &'a [AuditEvent]) -> BoxFuture<'a, Result<(), AuditUnavailable>>;
}

impl Chain for Store {
    fn append<'a>(&'a self, batch: &'a [AuditEvent]) -> BoxFuture<'a, Result<(), AuditUnavailable>> {
        Box::pin(async move {
            match self.append_audit(batch).await {
                Ok(_) => Ok(()),
                Err(error) => {
                    tracing::error!(%error, events = batch.len(), "audit events could not be written");
                    Err(AuditUnavailable)
                }
            }
        })
    }
}

struct Waiting {
    event: AuditEvent,
    durable: oneshot::Sender<Result<(), AuditUnavailable>>,
}

/// Where events are handed in. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog(mpsc::Sender<Waiting>);

/// The writing half: runs until every [`AuditLog`] is gone and all that was handed in is written.
pub struct AuditWriter<C> {
    chain: C,
    incoming: mpsc::Receiver<Waiting>,
}

impl AuditLog {
    /// A log over `chain`, and its writer, which the caller runs ([`AuditWriter::run`]).
    pub fn new<C: Chain>(chain: C) -> (Self, AuditWriter<C>) {
        let (sender, incoming) = mpsc::channel(QUEUE);
        (Self(sender), AuditWriter { chain, incoming })
    }

    /// Events handed in that no batch has taken up yet.
    pub fn waiting(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

impl AuditSink for AuditLog {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        Box::pin(async move {
            let (durable, written) = oneshot::channel();
            // Once handed in, an event is written even if the request that caused it is given up.
            self.0.send(Waiting { event, durable }).await.map_err(|_| AuditUnavailable)?;
            written.await.map_err(|_| AuditUnavailable)?
        })
    }
}

impl<C: Chain> AuditWriter<C> {
    /// Writes batch after batch.
    pub async fn run(mut self) {
        let mut waiting = Vec::with_capacity(BATCH);
        while self.incoming.recv_many(&mut waiting, BATCH).await > 0 {
            // Requests that are about to hand in theirs do so now: a larger batch costs hardly more than a small one.
            tokio::task::yield_now().await;
            while waiting.len() < BATCH
                && let Ok(another) = self.incoming.try_recv()
            {
                waiting.push(another);
            }
            let (events, durable): (Vec<_>, Vec<_>) =
                waiting.drain(..).map(|waiting| (waiting.event, waiting.durable)).unzip();
            let written = self.chain.append(&events).await;
            for waiter in durable {
                // The request may have been given up; its event is written all the same.
                let _ = waiter.send(written);
            }
        }
    }
}
