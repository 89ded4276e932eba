//! What runs beside the requests: the audit writer, what other processes changed, keys, expiry, the EHR's capabilities.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::accounts::failures::FailureLog;
use crate::audit::AuditWriter;
use crate::cache::Cache;
use crate::domain::clock::SharedClock;
use crate::domain::random::SharedRandom;
use crate::ehr::{Ehr, RosterFile};
use crate::jobs::digest::{DigestHour, send_digests};
use crate::jobs::outbox::send_due;
use crate::jobs::refresh;
use crate::mail::smtp::Smtp;
use crate::oauth::keys::IdTokenKeys;
use crate::store::Store;
use crate::telemetry::Metrics;

use super::keys::{KeyRing, LOOK_EVERY};

/// How often expired rows are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// How often it is seen whose birthday it is.
const BIRTHDAYS_EVERY: Duration = Duration::from_mins(5);

/// How often daily mails and requests whose time is over are looked for.
const NOTICES_EVERY: Duration = Duration::from_mins(1);

/// How often it is seen which sponsors are to be reminded.
const SPONSORSHIPS_EVERY: Duration = Duration::from_mins(5);

/// How often the outbox is looked at.
const MAIL_EVERY: Duration = Duration::from_secs(5);
/// How often the refused requests of clients are written down for their vendors.
const FAILURES_EVERY: Duration = Duration::from_secs(2);
/// How often what is of no use any more is taken out of the cache.
const CACHE_EVERY: Duration = Duration::from_mins(1);
/// How often samples of metrics are folded together.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The work, not yet begun.
pub struct Background {
    pub(super) ring: KeyRing,
    pub(super) keys: Arc<IdTokenKeys>,
    pub(super) key_life: Duration,
    pub(super) random: SharedRandom,
    pub(super) store: Store,
    pub(super) clock: SharedClock,
    pub(super) ehr: Arc<Ehr>,
    pub(super) panel_file: Option<Arc<RosterFile>>,
    pub(super) cache: Arc<Cache>,
    pub(super) writer: AuditWriter<Store>,
    pub(super) failures: Arc<FailureLog>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) mail: Option<Smtp>,
    pub(super) metrics: Metrics,
    pub(super) digest: DigestHour,
}

/// The work under way.
pub struct Running {
    writer: JoinHandle<()>,
    failures: Arc<FailureLog>,
}

impl Background {
    /// Begins; everything but the audit writer ends with `stop`, the writer when the last event is written.
    pub fn start(self, stop: &CancellationToken) -> Running {
        let writer = tokio::spawn(self.writer.run());
        let (store, stopped) = (self.store.clone(), stop.clone());
        drop(tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = store.follow(async || {}) => {}
            }
        }));
        let metrics = self.metrics;
        repeat(stop, UPKEEP_EVERY, move || {
            metrics.upkeep();
            async { Ok(()) }
        });
        let failures = self.failures.clone();
        repeat(stop, FAILURES_EVERY, move || {
            let failures = failures.clone();
            async move { failures.write().await.map(drop).map_err(Into::into) }
        });
        let store = self.store.clone();
        repeat(stop, SWEEP_EVERY, move || {
            let store = store.clone();
            async move { store.sweep().await.map(drop).map_err(Into::into) }
        });
        let (store, accounts, digest) = (self.store.clone(), self.accounts.clone(), self.digest);
        repeat(stop, NOTICES_EVERY, move || {
            let (store, accounts, digest) = (store.clone(), accounts.clone(), digest.clone());
            async move {
                while accounts.access_requests().expire().await? > 0 {}
                send_digests(&store, &accounts, &digest).await.map(drop).map_err(Into::into)
            }
        });
        let accounts = self.accounts.clone();
        repeat(stop, SPONSORSHIPS_EVERY, move || {
            let accounts = accounts.clone();
            async move { accounts.keep_sponsorships().await.map(drop).map_err(Into::into) }
        });
        let accounts = self.accounts;
        repeat(stop, BIRTHDAYS_EVERY, move || {
            let accounts = accounts.clone();
            async move { accounts.tell_of_birthdays().await.map(drop).map_err(Into::into) }
        });
        if let Some(smtp) = self.mail {
            let (store, clock, smtp) = (self.store.clone(), self.clock.clone(), Arc::new(smtp));
            repeat(stop, MAIL_EVERY, move || {
                let (store, clock, smtp) = (store.clone(), clock.clone(), smtp.clone());
                async move {
                    while send_due(&store, &*smtp, &*clock).await? > 0 {}
                    Ok(())
                }
            });
        }
        let ring = Arc::new(self.ring);
        let (keys, clock, random, life) = (self.keys, self.clock, self.random, self.key_life);
        repeat(stop, LOOK_EVERY, move || {
            let (ring, keys) = (ring.clone(), keys.clone());
            let (clock, random) = (clock.clone(), random.clone());
            async move { ring.refresh(&keys, life, &*clock, &*random).await.map_err(Into::into) }
        });
        if let Some(file) = self.panel_file {
            let stopped = stop.clone();
            drop(tokio::spawn(async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = file.keep() => {}
                }
            }));
        }
        let cache = self.cache.clone();
        repeat(stop, CACHE_EVERY, move || {
            cache.sweep();
            async { Ok(()) }
        });
        let (cache, ehr, stopped) = (self.cache, self.ehr.clone(), stop.clone());
        drop(tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = refresh::run(&cache, &ehr) => {}
            }
        }));
        let (ehr, stopped) = (self.ehr, stop.clone());
        drop(tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = ehr.keep_capabilities() => {}
            }
        }));
        Running { writer, failures: self.failures }
    }
}

impl Running {
    /// Waits until the last audit event is written; whoever could send one must be gone.
    pub async fn finish(self) {
        if let Err(error) = self.failures.write().await {
            tracing::warn!(%error, "the last refused requests of clients could not be written down");
        }
        if tokio::time::timeout(Duration::from_secs(5), self.writer).await.is_err() {
            tracing::error!("the audit writer did not finish in time");
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does `work` again and again, every so often, until `stop`. A failure is logged once until it passes.
fn repeat<F>(stop: &CancellationToken, every: Duration, work: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let stop = stop.clone();
    drop(tokio::spawn(async move {
        let mut failing = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            match work().await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "background work failed; it is tried again");
                    }
                    failing = true;
                }
            }
        }
    }));
}
