//! Keeps what is in memory up with other processes: commands on the same SQLite file, other nodes on PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::{Backend, Store, StoreError};

/// How often SQLite's data version is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How often PostgreSQL is looked at although nobody called.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// Wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How to know that it is time to look.
#[derive(Default)]
pub(super) struct Watch {
    data_version: Option<i64>,
    listener: Option<PgListener>,
}

impl Store {
    /// Takes in what other processes changed since the last look. Whether there was anything.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        self.take_in_others().await
    }

    /// Takes in what other processes change, for as long as it is polled, and calls `changed` after each time that there was
    /// anything. A job runs it next to the server.
    ///
    /// Errors are logged and tried again; until the database answers no audit event can be written either, so nothing is
    /// disclosed on old knowledge.
    pub async fn follow<F>(&self, mut changed: impl FnMut() -> F + Send)
    where
        F: Future<Output = ()> + Send,
    {
        let mut watch = Watch::default();
        let mut failing = false;
        loop {
            match self.look(&mut watch).await {
                Ok(any) => {
                    failing = false;
                    if any {
                        changed().await;
                    }
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "changes of other processes cannot be seen for now");
                    }
                    failing = true;
                    watch = Watch::default();
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Waits for a sign of change, or a while, and looks. Whether there was anything.
    async fn look(&self, watch: &mut Watch) -> Result<bool, StoreError> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => {
                if watch.data_version.is_some() {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                let version = sqlite.data_version().await?;
                let any = watch.data_version != Some(version) && self.take_in_others().await?;
                watch.data_version = Some(version);
                Ok(any)
            }
            Backend::Postgres(postgres) => {
                if let Some(listener) = &mut watch.listener {
                    // A time-out is as good as a call.
                    if let Ok(called) = tokio::time::timeout(LOOK_ANYWAY, listener.recv()).await {
                        called?;
                    }
                } else {
                    watch.listener = Some(postgres.listener().await?);
                }
                // After the listening began: what is committed from here on calls.
                self.take_in_others().await
            }
        }
    }
}
