//! Open searches whose next page may be asked for. The handles are opaque and expire.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quick_cache::sync::Cache;

use super::query::Search;
use super::search::Hit;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::SharedRandom;

/// How many open searches are kept; the least used go first.
const KEPT: usize = 4096;
/// How long a handle works.
const LIFE: Duration = Duration::from_mins(15);

/// A search whose matches are known, from a position on.
#[derive(Clone, Debug)]
pub struct Open {
    /// What was asked.
    pub search: Arc<Search>,
    /// All matches.
    pub hits: Arc<Vec<Hit>>,
    /// Where the page begins.
    pub from: usize,
    until: Timestamp,
}

/// The open searches of a server.
#[derive(Debug)]
pub struct Pages {
    open: Cache<String, Open>,
    clock: SharedClock,
    random: SharedRandom,
}

impl Pages {
    /// None yet.
    pub fn new(clock: SharedClock, random: SharedRandom) -> Self {
        Self { open: Cache::new(KEPT), clock, random }
    }

    /// Keeps a search open from `from` on and gives its handle.
    pub fn keep(&self, search: Arc<Search>, hits: Arc<Vec<Hit>>, from: usize) -> String {
        let mut bytes = [0_u8; 18];
        self.random.fill(&mut bytes);
        let handle = URL_SAFE_NO_PAD.encode(bytes);
        let until = self.clock.now().plus(LIFE);
        self.open.insert(handle.clone(), Open { search, hits, from, until });
        handle
    }

    /// The search behind a handle, if it has not expired. A handle works as often as it is used.
    pub fn find(&self, handle: &str) -> Option<Open> {
        self.open.get(handle).filter(|open| open.until > self.clock.now())
    }
}
