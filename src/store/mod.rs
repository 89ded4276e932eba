//! Rank 3: what the product keeps. The only module that names sqlx; SQLite and PostgreSQL behind one [`Store`].
//!
//! One file per noun. Reads are methods of [`Store`]; each change is a method of [`Transaction`], and of `Store` as well
//! for the case that it stands alone. A transaction is a value that [`Transaction::commit`] consumes; dropping it rolls
//! back. Look-ups return `Option`; conditional changes return whether they took place.

#[macro_use]
mod alone;

pub mod accounts;
pub mod audit;
pub mod authorizations;
pub mod clients;
pub mod consents;
pub mod directory;
pub mod error;
pub mod grants;
pub mod jobs;
pub mod jti;
pub mod keys;
pub mod launches;
pub mod outbox;
pub mod practices;
pub mod saved;
pub mod sessions;
pub mod sponsorships;
pub mod throttle;
pub mod tokens;

use std::sync::Arc;

use crate::domain::clock::SharedClock;

pub use self::directory::Directory;
pub use self::error::StoreError;

/// Which database, and how.
#[derive(Clone)]
pub struct StoreOptions {
    url: secrecy::SecretString,
    readers: u32,
    connections: u32,
    synchronous: bool,
}

impl StoreOptions {
    /// `sqlite:/path/to/file.db` (made if absent, mode 0600) or `postgres://...`.
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
    clock: SharedClock,
    directory: Arc<Directory>,
}

/// A change in progress. [`Transaction::commit`] makes it hold; dropping it undoes it.
pub struct Transaction {
    clock: SharedClock,
}

impl Store {
    /// Opens the database. Call [`Store::migrate`] before anything else when the schema may be old or absent;
    /// then [`Store::load_directory`].
    pub async fn open(options: &StoreOptions, clock: SharedClock) -> Result<Self, StoreError> {
        let _ = (options.readers, options.connections, options.synchronous, &options.url, clock);
        todo!()
    }

    /// Brings the schema up to date. Several processes may do so at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Fills [`Store::directory`] from the database. Until then it knows nobody and so permits nothing.
    pub async fn load_directory(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Begins a change. On SQLite there is one at a time in a process; others wait their turn.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        todo!()
    }

    /// What the policy asks: accounts, rosters, sponsorships and grants in memory, current to the last commit.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Takes in what other processes changed since the last look. A job calls it a few times a second; returns whether
    /// there was anything.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        todo!()
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Ends all connections after what is under way. SQLite: folds the write-ahead log back.
    pub async fn close(&self) {
        let _ = &self.clock;
        todo!()
    }

    /// Removes what has expired: sessions, codes, tokens, launches, jti, throttle counters. Returns how many rows.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Makes the change hold, for every reader and for [`Store::directory`], before it returns.
    pub async fn commit(self) -> Result<(), StoreError> {
        let _ = &self.clock;
        todo!()
    }
}
