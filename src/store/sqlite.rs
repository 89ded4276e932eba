//! SQLite: one connection that writes, several that read, one that looks out for other processes.
//!
//! Group commit: a transaction is a savepoint inside a `BEGIN IMMEDIATE` that several share. The first to commit wakes the
//! committer, which queues for the connection behind those that wait already; when its turn comes all that were finished
//! meanwhile are committed with one write to the disk. Nobody is told of success before that.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

use super::db::{Arg, Row, Sql, run_sqlite};
use super::{StoreError, StoreOptions};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);
/// How long to wait for the others of this process.
const TURN: Duration = Duration::from_secs(5);

pub(super) struct Sqlite {
    readers: SqlitePool,
    watcher: Mutex<Option<SqliteConnection>>,
    writer: Arc<Mutex<Writer>>,
    wake: Arc<Notify>,
    options: SqliteConnectOptions,
    committer: tokio::task::AbortHandle,
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Every transaction holds what this belongs to, so nobody waits for an answer any more.
        self.committer.abort();
    }
}

/// The writing connection and the batch under way on it.
struct Writer {
    connection: Option<SqliteConnection>,
    batch: Batch,
    finished: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

/// Where the batch stands. The two unfinished states say what a caller that was cut off left behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Batch {
    None,
    Opening,
    Open,
    /// Open, with a savepoint to be rolled back.
    Savepoint,
    /// The database undid the batch by itself, or may have.
    Lost,
}

// Not among `store::statements`: PostgreSQL has no such thing, or another way of saying it.
const COMMIT: Sql = Sql("COMMIT");
const ROLLBACK: Sql = Sql("ROLLBACK");
/// One journey to the database's thread instead of two.
const BEGIN_SAVEPOINT: Sql = Sql("BEGIN IMMEDIATE; SAVEPOINT turn");
const SAVEPOINT: Sql = Sql("SAVEPOINT turn");
const RELEASE: Sql = Sql("RELEASE turn");
const UNDO: Sql = Sql("ROLLBACK TO turn");
/// A batch of audit events: the head moves if it stands where it was thought to stand, and only then is anything inserted. Seven
/// arguments: the new head's number and hash, the old one's, the first event's number, the events, the patients as JSON.
macro_rules! append_audit {
    ($begin:literal, $end:literal) => {
        Sql(concat!(
            $begin,
            "UPDATE audit_head SET number = $1, hash = $2 WHERE id = 1 AND number = $3 AND hash = $4 RETURNING number;
             INSERT INTO audit_batches (first, events) SELECT $5, $6 WHERE changes() = 1;
             INSERT INTO audit_about (patient, first) SELECT value, $5 FROM json_each($7) WHERE changes() = 1;",
            $end
        ))
    };
}
/// The batch by itself, durable: one journey to the database's thread.
const APPEND_AUDIT: Sql = append_audit!("BEGIN IMMEDIATE;", "COMMIT");
/// The same where others are to be committed with it.
const APPEND_AUDIT_AMONG: Sql = append_audit!("SAVEPOINT turn;", "RELEASE turn");
const DATA_VERSION: Sql = Sql("PRAGMA data_version");

impl Sqlite {
    pub(super) async fn open(options: &StoreOptions, url: &str) -> Result<Self, StoreError> {
        let base = SqliteConnectOptions::from_str(url)
            .map_err(|_| StoreError::Address("sqlite:/path/to/file.db is expected".to_owned()))?;
        let path = base.get_filename().to_owned();
        // In memory each connection would have a database of its own.
        if path.as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StoreError::Address("the path of a file is expected after sqlite:".to_owned()));
        }
        make_private(&path).map_err(|error| StoreError::Unavailable(error.kind().to_string()))?;
        let synchronous = if options.synchronous { SqliteSynchronous::Full } else { SqliteSynchronous::Off };
        let base = base
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(256)
            .pragma("cache_size", "-8000")
            .disable_statement_logging();
        let connection = connect_first(&base).await?;
        // After the writer: it alone may turn a new file to WAL.
        let reading = base.clone().read_only(true);
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(BUSY)
            .connect_with(reading.clone())
            .await?;
        let watcher = Mutex::new(Some(reading.connect().await?));
        let writer = Writer { connection: Some(connection), batch: Batch::None, finished: Vec::new() };
        let writer = Arc::new(Mutex::new(writer));
        let wake = Arc::new(Notify::new());
        let committer = tokio::spawn(commit_batches(Arc::clone(&writer), Arc::clone(&wake))).abort_handle();
        Ok(Self { readers, watcher, writer, wake, options: base, committer })
    }

    /// Migrations run on a connection of their own.
    pub(super) async fn migration_connection(&self) -> Result<SqliteConnection, StoreError> {
        Ok(self.options.connect().await?)
    }

    pub(super) async fn read(&self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        Ok(run_sqlite(&mut connection, sql, args).await?.0)
    }

    /// A number that differs from the last one when somebody committed meanwhile.
    pub(super) async fn data_version(&self) -> Result<i64, StoreError> {
        let mut watcher = self.watcher.lock().await;
        let watcher = watcher.as_mut().ok_or_else(closed)?;
        let (rows, _) = run_sqlite(watcher, DATA_VERSION, args![]).await?;
        let row = rows.into_iter().next().unwrap_or_default();
        super::db::Fields::new("pragma", row).int("data_version")
    }

    pub(super) async fn begin(&self) -> Result<Turn, StoreError> {
        let mut turn = self.turn().await?;
        turn.open().await?;
        Ok(turn)
    }

    /// Appends a batch of audit events ([`APPEND_AUDIT`] says with what arguments); false, and nothing appended, where the head
    /// stands elsewhere. When it returns true they are durable.
    pub(super) async fn append_audit(&self, args: Vec<Arg>) -> Result<bool, StoreError> {
        let mut turn = self.turn().await?;
        if turn.writer.batch == Batch::None {
            turn.writer.batch = Batch::Opening;
            let moved = turn.run(APPEND_AUDIT, args).await?.0;
            turn.writer.batch = Batch::None;
            turn.end = End::Committed;
            return Ok(!moved.is_empty());
        }
        turn.writer.batch = Batch::Savepoint;
        let moved = turn.run(APPEND_AUDIT_AMONG, args).await?.0;
        turn.released().await?;
        Ok(!moved.is_empty())
    }

    /// The writing connection, put in order.
    async fn turn(&self) -> Result<Turn, StoreError> {
        // A caller that waits for itself, by asking for a second transaction inside the first, must not wait for ever.
        let writer = tokio::time::timeout(TURN, Arc::clone(&self.writer).lock_owned())
            .await
            .map_err(|_| StoreError::Unavailable("others write for too long".to_owned()))?;
        let mut turn = Turn { writer, wake: Arc::clone(&self.wake), end: End::CutOff, spoiled: false };
        turn.writer.recover().await;
        Ok(turn)
    }

    pub(super) async fn close(&self) {
        let mut writer = self.writer.lock().await;
        writer.recover().await;
        writer.commit().await;
        self.readers.close().await;
        if let Some(watcher) = self.watcher.lock().await.take() {
            let _ = watcher.close().await;
        }
        // The last to close folds the write-ahead log back into the file. Best effort: the next start replays it just as well.
        if let Some(connection) = writer.connection.take() {
            let _ = connection.close().await;
        }
    }
}

/// Connects; tries again while another process turns the same new file to WAL, for which SQLite does not wait by itself.
async fn connect_first(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    const ATTEMPTS: u32 = 100;
    let mut attempt = 1;
    loop {
        match options.connect().await {
            Err(sqlx::Error::Database(error))
                if attempt < ATTEMPTS && error.code().as_deref() == Some("5") =>
            {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return Ok(result?),
        }
    }
}

/// Makes the file, so that SQLite opens one that only we may read; its log files take the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(PathBuf::from(path)).map(drop)
}

fn closed() -> StoreError {
    StoreError::Unavailable("the connection is closed".to_owned())
}

async fn commit_batches(writer: Arc<Mutex<Writer>>, wake: Arc<Notify>) {
    loop {
        wake.notified().await;
        let mut writer = writer.lock().await;
        writer.recover().await;
        writer.commit().await;
    }
}

impl Writer {
    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(closed)
    }

    async fn run(&mut self, sql: Sql) -> Result<(), StoreError> {
        run_sqlite(self.connection()?, sql, args![]).await?;
        Ok(())
    }

    /// Puts right what a cut-off caller left.
    async fn recover(&mut self) {
        match self.batch {
            Batch::None | Batch::Open => {}
            Batch::Savepoint => {
                // Fails when the savepoint was not made or is released already: then there is nothing to undo.
                if self.run(UNDO).await.is_ok() {
                    let _ = self.run(RELEASE).await;
                }
                self.batch = Batch::Open;
            }
            Batch::Opening | Batch::Lost => {
                let _ = self.run(ROLLBACK).await;
                self.batch = Batch::None;
                let lost = StoreError::Unavailable("the batch could not be written".to_owned());
                self.answer(&Err(lost));
            }
        }
    }

    /// Ends the batch. Whoever waits is told.
    async fn commit(&mut self) {
        if self.batch != Batch::Open {
            return;
        }
        let result = self.run(COMMIT).await;
        if result.is_err() {
            let _ = self.run(ROLLBACK).await;
        }
        self.batch = Batch::None;
        self.answer(&result);
    }

    fn answer(&mut self, result: &Result<(), StoreError>) {
        for waiting in self.finished.drain(..) {
            let _ = waiting.send(result.clone());
        }
    }
}

/// A transaction's turn on the writing connection.
pub(super) struct Turn {
    writer: OwnedMutexGuard<Writer>,
    wake: Arc<Notify>,
    end: End,
    spoiled: bool,
}

/// How a turn ended, as far as its holder knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    CutOff,
    /// It is part of the batch, which somebody must commit.
    Released,
    /// Nothing is left to do.
    Committed,
}

impl Turn {
    async fn open(&mut self) -> Result<(), StoreError> {
        if self.writer.batch == Batch::None {
            self.writer.batch = Batch::Opening;
            self.writer.run(BEGIN_SAVEPOINT).await?;
            self.writer.batch = Batch::Savepoint;
            return Ok(());
        }
        self.writer.batch = Batch::Savepoint;
        self.writer.run(SAVEPOINT).await
    }

    pub(super) async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<(Vec<Row>, u64), StoreError> {
        let result = run_sqlite(self.writer.connection()?, sql, args).await.map_err(StoreError::from);
        // A constraint undoes its statement alone; a full disk or a failed read may have undone the whole batch.
        self.spoiled |= matches!(result, Err(StoreError::Unavailable(_)));
        result
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if self.spoiled {
            return Err(StoreError::Unavailable("the transaction failed before".to_owned()));
        }
        self.writer.run(RELEASE).await?;
        self.released().await
    }

    /// Waits until the batch, of which this turn's work is a part now, is durable.
    async fn released(mut self) -> Result<(), StoreError> {
        self.writer.batch = Batch::Open;
        let (sender, answer) = oneshot::channel();
        self.writer.finished.push(sender);
        self.end = End::Released;
        // Gives the connection on, and wakes the committer.
        drop(self);
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.end == End::CutOff && self.spoiled {
            self.writer.batch = Batch::Lost;
        }
        if self.end == End::Committed {
            return;
        }
        // Whoever was cut off or finished: somebody must end the batch.
        self.wake.notify_one();
    }
}
