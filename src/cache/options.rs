//! What may be configured about the cache.

use std::collections::HashMap;
use std::time::Duration;

use crate::fhir::resource_type::ResourceType;

/// How much is kept and for how long.
#[derive(Clone, Debug)]
pub struct CacheOptions {
    /// Memory for entries, in bytes.
    pub max_bytes: u64,
    /// How long an answer is fresh where neither the EHR nor `fresh_for_type` says. Zero: nothing is kept.
    pub fresh_for: Duration,
    /// The same by the type that was asked for. Zero: answers for the type are not kept.
    pub fresh_for_type: HashMap<ResourceType, Duration>,
    /// The EHR's own word is taken up to this.
    pub longest: Duration,
    /// How long it is remembered that something is not there.
    pub absent_for: Duration,
    /// How old an answer may be while the EHR cannot be reached.
    pub max_stale: Duration,
    /// After a failure, how long an answer is served stale without asking the EHR for it again.
    pub pause: Duration,
    /// How often an answer must have been read for the EHR to be asked again before it expires; 0: it never is.
    pub refresh_after_reads: u32,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
            fresh_for: Duration::from_mins(1),
            fresh_for_type: HashMap::new(),
            longest: Duration::from_hours(1),
            absent_for: Duration::from_secs(10),
            max_stale: Duration::from_hours(4),
            pause: Duration::from_secs(5),
            refresh_after_reads: 3,
        }
    }
}

impl CacheOptions {
    /// How long an answer about `resource_type` is fresh, given what the EHR said.
    pub(super) fn fresh_for(&self, resource_type: ResourceType, said: Option<Duration>) -> Duration {
        let configured = self.fresh_for_type.get(&resource_type).copied().unwrap_or(self.fresh_for);
        said.map_or(configured, |said| said.min(self.longest))
    }

    /// Whether answers about `resource_type` are kept at all.
    pub(super) fn keeps(&self, resource_type: ResourceType) -> bool {
        !self.fresh_for_type.get(&resource_type).copied().unwrap_or(self.fresh_for).is_zero()
    }

    /// Memory for the knowledge that something is not there: a share, so that whoever asks for ids at random pushes nothing
    /// else out.
    pub(super) const fn absent_bytes(&self) -> u64 {
        self.max_bytes / 32
    }
}
