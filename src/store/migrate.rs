//! The schema, brought up to date from `migrations/`: one set for both databases.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};

use super::{Backend, Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// SQLite has no lock for migrations: of two processes that start at once one fails, in a transaction, and tries again.
const ATTEMPTS: u32 = 10;

impl Store {
    /// Brings the schema up to date. Several processes may do so at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.inner.backend {
            Backend::Postgres(postgres) => {
                let mut connection = postgres.migration_connection().await?;
                MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(failed)
            }
            Backend::Sqlite(sqlite) => {
                let mut attempt = 1;
                loop {
                    let mut connection = sqlite.migration_connection().await?;
                    match MIGRATIONS.run_direct(None, &mut connection, false).await {
                        Ok(()) => return Ok(()),
                        Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))
                            if attempt < ATTEMPTS =>
                        {
                            attempt += 1;
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        Err(error) => return Err(failed(error)),
                    }
                }
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
fn failed(error: MigrateError) -> StoreError {
    // No row values in these: they are about the schema.
    StoreError::Migration(error.to_string())
}
