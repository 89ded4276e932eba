//! The second lock: proof that a body was filtered under a permit.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::domain::ids::FhirId;

use super::unreleased::Origin;

/// A body that passed the release filter. A 2xx clinical answer is built from this alone.
#[derive(Debug)]
pub struct Released {
    pub(super) chunks: SmallVec<[Bytes; 3]>,
    pub(super) media_type: Arc<str>,
    pub(super) etag: Option<Arc<str>>,
    pub(super) origin: Origin,
    pub(super) patients: SmallVec<[FhirId; 1]>,
    pub(super) resources: u32,
    pub(super) matches: u32,
    pub(super) next: Option<Arc<str>>,
    pub(super) basis: Option<&'static str>,
}

impl Released {
    /// The body in order; shared with the cache where nothing was withheld.
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// `Content-Type`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// `ETag`, when the body is one whole resource or nothing was withheld.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Where it came from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whose data it holds, for the audit event.
    pub fn patients(&self) -> &[FhirId] {
        &self.patients
    }

    /// How many resources it holds, for the audit event.
    pub const fn resources(&self) -> u32 {
        self.resources
    }

    /// How many of them matched the search, rather than being included: what totals count.
    pub const fn matches(&self) -> u32 {
        self.matches
    }

    /// The EHR's next link, relative to its base, for `records` to count on over further pages. Never for the caller.
    pub fn upstream_next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Why it was allowed: `pcp`, `grant`, `sponsor`; `None` for directory data alone.
    pub const fn basis(&self) -> Option<&'static str> {
        self.basis
    }
}
