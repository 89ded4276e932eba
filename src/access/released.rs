//! The second lock: proof that a body was filtered under a permit.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::domain::ids::FhirId;
use crate::fhir::index::{EntryFacts, IndexedBody, Shape};
use crate::fhir::resource_type::ResourceType;

use super::facts::Facts;
use super::subject::Subject;
use super::unreleased::{Origin, OriginKind};

const FHIR_JSON: &str = "application/fhir+json";

/// A body that passed the release filter. A 2xx clinical answer is built from this alone.
///
/// Only `access` can make one:
///
/// ```compile_fail,E0451
/// # fn forge(honest: chartgate::access::released::Released) -> chartgate::access::released::Released {
/// chartgate::access::released::Released { resources: 0, ..honest }
/// # }
/// ```
///
/// ```compile_fail,E0599
/// # use chartgate::access::released::Released;
/// let forged = Released::default();
/// ```
#[derive(Debug)]
pub struct Released {
    pub(super) chunks: SmallVec<[Bytes; 3]>,
    pub(super) etag: Option<Arc<str>>,
    pub(super) modified: Option<Arc<str>>,
    pub(super) origin: Origin,
    pub(super) patients: SmallVec<[FhirId; 1]>,
    pub(super) resources: u32,
    pub(super) matches: u32,
    pub(super) basis: Option<&'static str>,
    /// What it was taken from: what `release_through` may build on.
    pub(super) held: SmallVec<[Held; 1]>,
    /// To whom it was released.
    pub(super) subject: Arc<Subject>,
}

/// A body from which something was released.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) body: Arc<IndexedBody>,
    /// Which of it was visible.
    pub(super) visible: Visible,
    /// On what facts.
    pub(super) facts: Facts,
}

/// Which entries of a body were released.
#[derive(Debug)]
pub(super) enum Visible {
    /// All that could be judged.
    All,
    /// Those at these places.
    Some(Vec<usize>),
}

impl Released {
    /// The body in order; shared with the cache where nothing was withheld.
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// `Content-Type`.
    pub fn media_type(&self) -> &str {
        self.held.first().map_or(FHIR_JSON, |held| &held.body.media_type)
    }

    /// `ETag`, for one resource. A searchset has none: a tag of the whole body would tell that something was withheld, by
    /// missing or by changing.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// `Last-Modified`, for one resource where the EHR said so.
    pub fn modified(&self) -> Option<&str> {
        self.modified.as_deref()
    }

    /// Where it came from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// The same as a further page, of which it is not told whether the EHR was asked: that depends on where its pages begin, and
    /// so on what was withheld before. That it is out of date is told.
    #[must_use]
    pub fn as_further_page(mut self) -> Self {
        if self.origin.how != OriginKind::Stale {
            self.origin.how = OriginKind::Page;
        }
        self
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
        match &self.held.last()?.body.shape {
            Shape::Bundle(index) => index.next.as_deref(),
            _ => None,
        }
    }

    /// Why it was allowed: `pcp`, `grant`, `sponsor`; `None` for directory data alone.
    pub const fn basis(&self) -> Option<&'static str> {
        self.basis
    }

    /// The ids of the resources of a type that it holds.
    pub fn ids_of(&self, resource_type: ResourceType) -> impl Iterator<Item = &FhirId> {
        let entries = self.held.iter().flat_map(Held::entries);
        entries.filter(move |entry| entry.resource_type == resource_type).map(|entry| &entry.id)
    }

    /// Whether something that it holds refers to this resource: whether it can open it for `release_through`.
    pub fn refers_to(&self, resource_type: ResourceType, id: &FhirId) -> bool {
        let refers =
            |entry: &EntryFacts| entry.references.iter().any(|(kind, of)| *kind == resource_type && of == id);
        self.held.iter().flat_map(Held::entries).any(refers)
    }
}

impl Held {
    /// What was released of it.
    pub(super) fn entries(&self) -> impl Iterator<Item = &EntryFacts> + Clone {
        let (one, many): (_, &[_]) = match &self.body.shape {
            Shape::Resource(facts) => (Some(facts), &[]),
            Shape::Bundle(index) => (None, &index.entries),
            Shape::Raw { .. } | Shape::Unjudged => (None, &[]),
        };
        let released = |place: &usize| match &self.visible {
            Visible::All => true,
            Visible::Some(places) => places.binary_search(place).is_ok(),
        };
        let many = many.iter().enumerate().filter(move |(place, _)| released(place));
        one.into_iter().chain(many.filter_map(|(_, entry)| entry.facts.as_ref()))
    }
}
