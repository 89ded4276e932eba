//! PostgreSQL: a pool, and a channel on which commits tell other nodes to look.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions, Postgres as Pg};
use sqlx::{ConnectOptions as _, PgConnection, Transaction};

use super::db::{Arg, Row, Sql, run_postgres};
use super::{StoreError, StoreOptions};

const CHANNEL: &str = "chartgate_changes";

// Not among `store::statements`: SQLite has no such thing.
const NOTIFY: Sql = Sql("SELECT pg_notify('chartgate_changes', '')");

/// A batch of audit events in one statement; the arguments are those of SQLite's.
const APPEND_AUDIT: Sql = Sql("WITH moved AS (
         UPDATE audit_head SET number = $1, hash = $2 WHERE id = 1 AND number = $3 AND hash = $4 RETURNING number
     ), batch AS (
         INSERT INTO audit_batches (first, events) SELECT $5::bigint, $6::text FROM moved
     ), about AS (
         INSERT INTO audit_about (patient, first)
         SELECT named.patient, $5::bigint FROM moved, json_array_elements_text($7::text::json) AS named (patient)
     )
     SELECT number FROM moved");

pub(super) struct Postgres {
    pool: PgPool,
    options: PgConnectOptions,
}

impl Postgres {
    pub(super) async fn open(options: &StoreOptions, url: &str) -> Result<Self, StoreError> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Address("postgres://user@host/database is expected".to_owned()))?
            .application_name("chartgate")
            // A statement that takes this long holds up a person at the screen; better an error than a pile-up.
            .options([("statement_timeout", "15000"), ("idle_in_transaction_session_timeout", "30000")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(2))
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(connect.clone())
            .await?;
        Ok(Self { pool, options: connect })
    }

    pub(super) async fn migration_connection(&self) -> Result<PgConnection, StoreError> {
        let options = self.options.clone().options([("statement_timeout", "0")]);
        Ok(options.connect().await?)
    }

    pub(super) async fn read(&self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(run_postgres(&mut connection, sql, args).await?.0)
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Pg>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// Appends a batch of audit events; false, and nothing appended, where the head stands elsewhere. When it returns true they are durable.
    pub(super) async fn append_audit(&self, args: Vec<Arg>) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(!run_postgres(&mut connection, APPEND_AUDIT, args).await?.0.is_empty())
    }

    pub(super) async fn listener(&self) -> Result<PgListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

pub(super) async fn run(
    transaction: &mut Transaction<'static, Pg>,
    sql: Sql,
    args: Vec<Arg>,
) -> Result<(Vec<Row>, u64), StoreError> {
    Ok(run_postgres(transaction, sql, args).await?)
}

/// Tells the other nodes, when the transaction commits, that something changed.
pub(super) async fn notify(transaction: &mut Transaction<'static, Pg>) -> Result<(), StoreError> {
    run(transaction, NOTIFY, vec![]).await?;
    Ok(())
}
