//! A body that nobody has judged yet. Holds what the EHR said; only the release filter of this module opens it.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::fhir::index::IndexedBody;

/// Where an answer came from, for `Age`, `Cache-Status`, `Warning`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// When the EHR said it, or last confirmed it.
    pub as_of: Timestamp,
    /// How old that is now.
    pub age: Duration,
    /// How it was obtained.
    pub how: OriginKind,
}

/// How an answer was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// From the cache, fresh.
    Hit,
    /// From the EHR.
    Miss,
    /// From the cache after the EHR confirmed it (304).
    Revalidated,
    /// From the cache because the EHR cannot be reached; past its freshness.
    Stale,
    /// From the EHR and not kept, for a named reason.
    Bypass(&'static str),
}

/// A body before the release filter. Cheap to clone: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Unreleased {
    pub(super) body: Arc<IndexedBody>,
    pub(super) etag: Option<Arc<str>>,
    pub(super) origin: Origin,
}

impl Unreleased {
    /// Seals a body that came from the EHR. `etag` is computed once, here at insertion.
    pub fn seal(body: Arc<IndexedBody>, etag: Option<Arc<str>>, origin: Origin) -> Self {
        Self { body, etag, origin }
    }

    /// The same body with another account of where it came from.
    #[must_use]
    pub fn with_origin(&self, origin: Origin) -> Self {
        Self { origin, ..self.clone() }
    }

    /// Where it came from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Bytes it holds, for the cache's bound.
    pub fn weight(&self) -> usize {
        self.body.bytes.len()
    }
}
