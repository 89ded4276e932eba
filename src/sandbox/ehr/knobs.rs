//! What can be made to go wrong, and a count of what was asked. Changeable while the server runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How many of the latest requests are remembered.
const REMEMBERED: usize = 500;

/// How the server is unreachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// It is not.
    #[default]
    No,
    /// Connections are closed without an answer.
    Drop,
    /// Every answer is 503.
    Unavailable,
    /// Connections are taken and never answered.
    Hang,
}

/// The knobs. All off by default. They act on FHIR requests; `down` and `latency_ms` on the token endpoint too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, named in the JSON that scripts send"
)]
pub struct KnobSettings {
    /// Added to every answer.
    pub latency_ms: u64,
    /// Every n-th request fails with `fail_status`; 0 for never.
    pub fail_every: u64,
    /// The status of failures; 0 means 500.
    pub fail_status: u16,
    /// Every n-th request is answered 429; 0 for never, 1 for always.
    pub throttle_every: u64,
    /// `Retry-After` of a 429 in seconds; absent sends none.
    pub retry_after_s: Option<u64>,
    /// Unreachable.
    pub down: Down,
    /// Bodies of successful answers are cut in the middle.
    pub broken_json: bool,
    /// At most so many matches a page, whatever `_count` says; 0 for no cap.
    pub page_cap: usize,
    /// Search parameters that are silently ignored, as EHRs do with those they don't know.
    pub ignored: Vec<String>,
    /// Parameters of which a search of a type must name one, by type, as some EHRs demand.
    pub demands: BTreeMap<String, Vec<String>>,
    /// Tokens are refused though they are valid: what an EHR does that lost its sessions.
    pub refuse_tokens: bool,
    /// `Cache-Control` of successful answers; absent sends none.
    pub cache_control: Option<String>,
    /// No `ETag` and `Last-Modified`, as some EHRs send none.
    pub no_validators: bool,
    /// References and attachment URLs in resources are absolute, as some EHRs write them.
    pub absolute_references: bool,
}

/// The knobs of a running server, and its counters.
#[derive(Debug, Default)]
pub struct Knobs {
    settings: ArcSwap<KnobSettings>,
    requests: AtomicU64,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    counts: BTreeMap<String, u64>,
    latest: VecDeque<String>,
}

impl Knobs {
    /// The present settings.
    pub fn get(&self) -> Arc<KnobSettings> {
        self.settings.load_full()
    }

    /// Replaces the settings.
    pub fn set(&self, settings: KnobSettings) {
        self.settings.store(Arc::new(settings));
    }

    /// Changes the settings.
    pub fn change(&self, change: impl FnOnce(&mut KnobSettings)) {
        let mut settings = (*self.get()).clone();
        change(&mut settings);
        self.set(settings);
    }

    /// Counts a request of `kind` (`read Patient`, `search Observation`, `token`, ...) and remembers its `line`.
    /// Gives its number, from 1.
    pub fn count(&self, kind: &str, line: &str) -> u64 {
        let mut log = self.log.lock();
        match log.counts.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                log.counts.insert(kind.to_owned(), 1);
            }
        }
        if log.latest.len() == REMEMBERED {
            log.latest.pop_front();
        }
        log.latest.push_back(line.to_owned());
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many requests of `kind` there were.
    pub fn counted(&self, kind: &str) -> u64 {
        self.log.lock().counts.get(kind).copied().unwrap_or(0)
    }

    /// All counts.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.log.lock().counts.clone()
    }

    /// The latest requests, oldest first: method and target.
    pub fn latest(&self) -> Vec<String> {
        self.log.lock().latest.iter().cloned().collect()
    }

    /// Forgets counts and requests.
    pub fn reset_counts(&self) {
        *self.log.lock() = Log::default();
    }
}
