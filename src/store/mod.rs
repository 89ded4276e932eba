//! Rank 3: what the product keeps. The only module that names sqlx; SQLite and PostgreSQL behind one [`Store`].
//!
//! One file per noun. Reads are methods of [`Store`]; each change is a method of [`Transaction`], and of `Store` as well
//! for the case that it stands alone. A transaction is a value that [`Transaction::commit`] consumes; dropping it rolls
//! back. Look-ups return `Option`; conditional changes return whether they took place.

#[macro_use]
mod alone;
#[macro_use]
mod db;

pub mod access_requests;
pub mod accounts;
pub mod audit;
pub mod authorizations;
mod changes;
pub mod clients;
pub mod consents;
pub mod directory;
pub mod error;
pub mod factors;
pub mod failures;
pub mod families;
pub mod federated;
mod follow;
mod grant_table;
pub mod grants;
pub mod initial_tokens;
pub mod invitations;
pub mod jobs;
pub mod jti;
pub mod keys;
pub mod launches;
mod load;
mod migrate;
pub mod notices;
pub mod outbox;
pub mod pass_codes;
mod postgres;
pub mod practices;
pub mod preferences;
pub mod provider_registrations;
pub mod pushed;
pub mod saved;
pub mod secure_answers;
pub mod session_details;
pub mod sessions;
pub mod set_ups;
pub mod sponsors;
pub mod sponsorships;
mod sqlite;
pub mod staff_lists;
mod sweep;
pub mod throttle;
mod token_cache;
pub mod tokens;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use secrecy::ExposeSecret as _;

use crate::access::forget::Forgets;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::RequestId;
use crate::domain::random::SystemRandom;

use self::changes::{Change, SharedPosition};
use self::db::{Arg, Row, Sql};
use self::postgres::Postgres;
use self::sqlite::{Sqlite, Turn};
use self::token_cache::TokenCache;

pub use self::directory::Directory;
pub use self::error::StoreError;

/// Which database, and how.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    url: secrecy::SecretString,
    readers: u32,
    connections: u32,
    synchronous: bool,
}

impl StoreOptions {
    /// `sqlite:/path/to/file.db` (made if absent, mode 0600) or `postgres://user:password@host/database`.
    pub fn new(url: &str) -> Self {
        Self { url: url.into(), readers: 4, connections: 16, synchronous: true }
    }

    /// How many connections only read (SQLite). Default 4.
    #[must_use]
    pub const fn readers(mut self, readers: u32) -> Self {
        self.readers = readers;
        self
    }

    /// How many connections at most (PostgreSQL). Default 16.
    #[must_use]
    pub const fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// Whether a commit survives a power cut and not only the end of the process (SQLite). Default true; tests say false.
    #[must_use]
    pub const fn synchronous(mut self, synchronous: bool) -> Self {
        self.synchronous = synchronous;
        self
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    clock: SharedClock,
    /// A name for this process among others on the same database.
    node: String,
    directory: Arc<Directory>,
    tokens: TokenCache,
    position: SharedPosition,
    /// The end of the audit chain as this process left it.
    audit_head: parking_lot::Mutex<Option<audit::AuditHead>>,
    taking_in: tokio::sync::Mutex<()>,
    /// What holds what the EHR said, to be told of purges on other nodes.
    forgets: OnceLock<Arc<dyn Forgets>>,
}

enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.inner.backend {
            Backend::Sqlite(_) => "Store(SQLite)",
            Backend::Postgres(_) => "Store(PostgreSQL)",
        })
    }
}

/// A change in progress. [`Transaction::commit`] makes it hold; dropping it undoes it.
#[must_use = "a transaction that is not committed is undone"]
pub struct Transaction {
    // Before `store`: the work ends while what it runs on still exists.
    work: Work,
    changes: BTreeSet<Change>,
    store: Store,
}

enum Work {
    Sqlite(Turn),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Store {
    /// Opens the database. Call [`Store::migrate`] before anything else when the schema may be old or absent;
    /// then [`Store::reload`].
    pub async fn open(options: &StoreOptions, clock: SharedClock) -> Result<Self, StoreError> {
        let url = options.url.expose_secret();
        let backend = match url.split(':').next() {
            Some("sqlite") => Backend::Sqlite(Sqlite::open(options, url).await?),
            Some("postgres" | "postgresql") => Backend::Postgres(Postgres::open(options, url).await?),
            _ => {
                return Err(StoreError::Address("it must begin with sqlite: or postgres:".to_owned()));
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                backend,
                tokens: TokenCache::new(),
                node: RequestId::generate(&SystemRandom).to_string(),
                clock,
                directory: Arc::default(),
                position: SharedPosition::default(),
                audit_head: parking_lot::Mutex::default(),
                taking_in: tokio::sync::Mutex::default(),
                forgets: OnceLock::new(),
            }),
        })
    }

    /// Opens, brings the schema up to date and loads what is kept in memory: what a server or command does first.
    pub async fn open_ready(options: &StoreOptions, clock: SharedClock) -> Result<Self, StoreError> {
        let store = Self::open(options, clock).await?;
        store.migrate().await?;
        store.reload().await?;
        Ok(store)
    }

    /// Begins a change. On SQLite there is one at a time in a process; others wait their turn, so do nothing slow in it.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let work = match &self.inner.backend {
            Backend::Sqlite(sqlite) => Work::Sqlite(sqlite.begin().await?),
            Backend::Postgres(postgres) => Work::Postgres(postgres.begin().await?),
        };
        Ok(Transaction { work, changes: BTreeSet::new(), store: self.clone() })
    }

    /// What the policy asks: accounts, rosters, sponsorships and grants in memory, current to the last commit.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.inner.directory)
    }

    /// Names what is told of purges on other nodes. Once; what is named later is told nothing.
    pub fn tell_of_purges(&self, forgets: Arc<dyn Forgets>) {
        let _ = self.inner.forgets.set(forgets);
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.last_change().await.map(drop)
    }

    /// Ends all connections after what is under way. SQLite: folds the write-ahead log back.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    async fn read(&self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.read(sql, args).await,
            Backend::Postgres(postgres) => postgres.read(sql, args).await,
        }
    }

    async fn read_one(&self, sql: Sql, args: Vec<Arg>) -> Result<Option<Row>, StoreError> {
        Ok(self.read(sql, args).await?.into_iter().next())
    }

    /// Rows read into values.
    async fn list<T>(
        &self,
        sql: Sql,
        args: Vec<Arg>,
        read: impl Fn(Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(sql, args).await?.into_iter().map(read).collect()
    }
}

impl Transaction {
    /// Makes the change hold, for every reader and for [`Store::directory`], before it returns. An error means that it may not
    /// hold; only when the database failed in this very moment can it hold nevertheless.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let numbers = if self.changes.is_empty() { None } else { Some(self.write_changes().await?) };
        let Self { work, changes, store } = self;
        match work {
            Work::Sqlite(turn) => turn.commit().await?,
            Work::Postgres(mut transaction) => {
                if numbers.is_some() {
                    postgres::notify(&mut transaction).await?;
                }
                transaction.commit().await?;
            }
        }
        match numbers {
            Some(numbers) => store.take_in_own(changes.into_iter().collect(), numbers).await,
            None => Ok(()),
        }
    }

    fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// Runs a statement; its rows and how many rows it changed.
    async fn rows_and_count(&mut self, sql: Sql, args: Vec<Arg>) -> Result<(Vec<Row>, u64), StoreError> {
        match &mut self.work {
            Work::Sqlite(turn) => turn.run(sql, args).await,
            Work::Postgres(transaction) => postgres::run(transaction, sql, args).await,
        }
    }

    /// Runs a statement; how many rows it changed.
    async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, StoreError> {
        Ok(self.rows_and_count(sql, args).await?.1)
    }

    /// Runs a statement that gives at most one row.
    async fn one(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows_and_count(sql, args).await?.0.into_iter().next())
    }

    /// Runs a statement that gives rows.
    async fn rows(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        Ok(self.rows_and_count(sql, args).await?.0)
    }
}

/// Every statement that both databases must understand, with the file it is from: for the test that prepares them.
#[doc(hidden)]
pub fn statements() -> Vec<(&'static str, &'static str)> {
    let files: &[(&str, &[Sql])] = &[
        ("access_requests", access_requests::ALL),
        ("accounts", accounts::ALL),
        ("audit", audit::ALL),
        ("authorizations", authorizations::ALL),
        ("changes", changes::ALL),
        ("clients", clients::ALL),
        ("consents", consents::ALL),
        ("factors", factors::ALL),
        ("failures", failures::ALL),
        ("federated", federated::ALL),
        ("families", families::ALL),
        ("grants", grants::ALL),
        ("initial_tokens", initial_tokens::ALL),
        ("invitations", invitations::ALL),
        ("jobs", jobs::ALL),
        ("jti", jti::ALL),
        ("keys", keys::ALL),
        ("launches", launches::ALL),
        ("provider_registrations", provider_registrations::ALL),
        ("pushed", pushed::ALL),
        ("load", load::ALL),
        ("notices", notices::ALL),
        ("outbox", outbox::ALL),
        ("pass_codes", pass_codes::ALL),
        ("practices", practices::ALL),
        ("preferences", preferences::ALL),
        ("saved", saved::ALL),
        ("secure_answers", secure_answers::ALL),
        ("session_details", session_details::ALL),
        ("sessions", sessions::ALL),
        ("set_ups", set_ups::ALL),
        ("sponsors", sponsors::ALL),
        ("sponsorships", sponsorships::ALL),
        ("staff_lists", staff_lists::ALL),
        ("sweep", sweep::ALL),
        ("throttle", throttle::ALL),
        ("tokens", tokens::ALL),
    ];
    files.iter().flat_map(|(file, all)| all.iter().map(|sql| (*file, sql.0))).collect()
}
