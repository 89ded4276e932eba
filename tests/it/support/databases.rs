//! A store on either database, empty, for one test.

use std::sync::Arc;

use chartgate::domain::clock::{ManualClock, Timestamp};
use chartgate::store::{Store, StoreOptions};

use super::postgres;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A store, what it stands on and its clock.
pub struct Database {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub options: StoreOptions,
    pub url: String,
    // Removed when the test ends.
    _directory: tempfile::TempDir,
}

/// When the tests' clocks begin.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

impl Database {
    /// An empty database with the schema in place.
    pub async fn new(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("the temporary directory can be written");
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", directory.path().join("test.db").display()),
            Kind::Postgres => postgres::new_database().await,
        };
        let options = StoreOptions::new(&url).synchronous(false).connections(8);
        let clock = ManualClock::new(START);
        let store = Store::open_ready(&options, clock.clone()).await.expect("the store opens");
        Self { store, clock, options, url, _directory: directory }
    }

    /// A second process's view of the same database.
    pub async fn other(&self) -> Store {
        Store::open_ready(&self.options, self.clock.clone()).await.expect("the store opens twice")
    }
}
