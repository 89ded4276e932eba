//! Purges of what the EHR said: here at once, on the other nodes by way of the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::access::forget::{Forget, Forgets};
use crate::access::sources::AuditSink;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::SharedClock;
use crate::domain::ids::{AccountId, RequestId};
use crate::store::Store;

/// Who asked for a purge, for the audit log.
#[derive(Clone, Debug)]
pub struct PurgedBy {
    /// The person, if it was one.
    pub account: Option<AccountId>,
    /// By what way: a word.
    pub way: &'static str,
    /// The HTTP request.
    pub request: Option<RequestId>,
    /// The caller's network address.
    pub address: Option<String>,
}

/// What could not be done. On this node everything is forgotten all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurgeError {
    /// The audit log cannot be written.
    #[error("the purge cannot be recorded")]
    NotRecorded,
    /// The other nodes could not be told.
    #[error("the other nodes cannot be told")]
    NotAnnounced,
}

/// Where purges are asked for.
pub struct Purges {
    store: Store,
    forgets: Arc<dyn Forgets>,
    audit: Arc<dyn AuditSink>,
    clock: SharedClock,
    queue: Mutex<Queue>,
    /// Held by whoever writes for all that wait.
    turn: tokio::sync::Mutex<()>,
}

/// What the other nodes are still to be told. While one write is under way, the next gathers: an EHR may send hundreds of
/// notifications a second.
#[derive(Default)]
struct Queue {
    what: BTreeSet<Forget>,
    /// Purges put in so far, and how many of them the others know.
    put: u64,
    told: u64,
}

impl Purges {
    /// Purges that `forgets` acts on here.
    pub fn new(
        store: Store,
        forgets: Arc<dyn Forgets>,
        audit: Arc<dyn AuditSink>,
        clock: SharedClock,
    ) -> Self {
        Self { store, forgets, audit, clock, queue: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// A purge that a person or the hospital's operations ask for; recorded in the audit log.
    pub async fn order(&self, by: &PurgedBy, what: &[Forget]) -> Result<(), PurgeError> {
        // What is wrong is wrong now: whatever fails after this, nobody is shown it here any more.
        self.forgets.forget(what).await;
        let mut patients: Vec<_> = what.iter().filter_map(Forget::patient).cloned().collect();
        patients.sort_unstable();
        patients.dedup();
        let event = AuditEvent {
            at: self.clock.now(),
            kind: AuditKind::Administration,
            outcome: AuditOutcome::Success,
            account: by.account.clone(),
            practice: None,
            client: None,
            patients,
            what: "cache purge".to_owned(),
            reason: Some(by.way.to_owned()),
            resources: 0,
            request: by.request.clone(),
            address: by.address.clone(),
        };
        let recorded = self.audit.record(event).await;
        self.announce(what).await?;
        recorded.map_err(|_| PurgeError::NotRecorded)
    }

    /// A purge because the EHR sent word of a change. Counted, not recorded: it discloses nothing and there are many.
    pub async fn follow(&self, what: &[Forget]) -> Result<(), PurgeError> {
        self.forgets.forget(what).await;
        self.announce(what).await
    }

    async fn announce(&self, what: &[Forget]) -> Result<(), PurgeError> {
        let place = {
            let queue = &mut *self.queue.lock();
            queue.what.extend(what.iter().cloned());
            queue.put += 1;
            queue.put
        };
        let _turn = self.turn.lock().await;
        let (batch, upto) = {
            let queue = &mut *self.queue.lock();
            if queue.told >= place {
                return Ok(());
            }
            (std::mem::take(&mut queue.what), queue.put)
        };
        let all: Vec<_> = batch.iter().cloned().collect();
        match self.store.announce_purge(&all).await {
            Ok(()) => {
                self.queue.lock().told = upto;
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "other nodes could not be told of a purge");
                // For whoever comes next; this caller is told to come again.
                self.queue.lock().what.extend(batch);
                Err(PurgeError::NotAnnounced)
            }
        }
    }
}
