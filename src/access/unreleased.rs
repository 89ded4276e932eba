//! A body that nobody has judged yet. Holds what the EHR said; only the release filter of this module opens it.

use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;
use crate::fhir::index::{EntryFacts, EntryMode, IndexedBody, IndexedEntry, Shape};
use crate::fhir::resource_type::{Judgement, ResourceType};

/// Where an answer came from, for `Age`, `Cache-Status`, `Warning`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// When the EHR said it, or last confirmed it.
    pub as_of: Timestamp,
    /// How old that is now.
    pub age: Duration,
    /// How it was obtained.
    pub how: OriginKind,
    /// For how long from `as_of` it counts as fresh; `None`: it is not kept.
    pub fresh_for: Option<Duration>,
}

/// How an answer was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// From the cache, fresh.
    Hit,
    /// From the EHR: nothing was held.
    Miss,
    /// From the EHR: what was held had expired, and is another now.
    Refetched,
    /// From the cache after the EHR confirmed it (304).
    Revalidated,
    /// From the cache because the EHR cannot be reached; past its freshness.
    Stale,
    /// From the EHR and not kept, for a named reason.
    Bypass(&'static str),
    /// A further page of a search: not told.
    Page,
}

/// One resource refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral<'a> {
    /// Whose the one that refers is; `None`: nobody's.
    pub patient: Option<&'a FhirId>,
    /// The one that refers.
    pub from: (ResourceType, &'a FhirId),
    /// The one that is referred to.
    pub to: (ResourceType, &'a FhirId),
}

/// A body before the release filter. Cheap to clone: the bytes are shared.
///
/// Nobody but `access` can open one:
///
/// ```compile_fail,E0616
/// # fn peek(unreleased: chartgate::access::unreleased::Unreleased) {
/// let body = unreleased.body;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Unreleased {
    pub(super) body: Arc<IndexedBody>,
    pub(super) etag: Option<Arc<str>>,
    pub(super) modified: Option<Arc<str>>,
    pub(super) origin: Origin,
}

impl Unreleased {
    /// Seals a body that came from the EHR. `etag` is computed once, here at insertion.
    pub fn seal(body: Arc<IndexedBody>, etag: Option<Arc<str>>, origin: Origin) -> Self {
        Self { body, etag, modified: None, origin }
    }

    /// The same with the `Last-Modified` that the EHR sent, an HTTP date; kept for one resource alone.
    #[must_use]
    pub fn modified(self, modified: Option<Arc<str>>) -> Self {
        let single = matches!(self.body.shape, Shape::Resource(_) | Shape::Raw { .. });
        Self { modified: modified.filter(|_| single), ..self }
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

    /// Which resource in the body refers to which, of those judged by their referrer (and a Provenance to its targets): so
    /// that `records` can find a visible referrer later. Ids alone, hints and no permission; never for a caller.
    pub fn referrals(&self) -> impl Iterator<Item = Referral<'_>> {
        self.facts().flat_map(|facts| {
            facts.references.iter().map(|(to_type, to_id)| Referral {
                patient: facts.patients.first(),
                from: (facts.resource_type, &facts.id),
                to: (*to_type, to_id),
            })
        })
    }

    /// Whether it is a searchset that answers a search for at most `wanted` matches all by itself: the EHR has no further page,
    /// and it did not send more than it was asked for.
    pub fn is_whole_answer(&self, wanted: usize) -> bool {
        match &self.body.shape {
            Shape::Bundle(index) => {
                let of_matches = |entry: &&IndexedEntry| entry.mode == EntryMode::Match;
                index.next.is_none()
                    && (index.entries.len() <= wanted
                        || index.entries.iter().filter(of_matches).count() <= wanted)
            }
            _ => true,
        }
    }

    /// Memory it takes in bytes, its index included, for the cache's bound.
    pub fn weight(&self) -> usize {
        self.body.weight()
    }

    /// Which resources are in it: ids alone, so that the cache can forget one.
    pub fn resources(&self) -> impl Iterator<Item = (ResourceType, &FhirId)> {
        let raw = match &self.body.shape {
            Shape::Raw { id } => Some((ResourceType::Binary, id)),
            _ => None,
        };
        raw.into_iter().chain(self.facts().map(|facts| (facts.resource_type, &facts.id)))
    }

    fn facts(&self) -> impl Iterator<Item = &EntryFacts> {
        let single = match &self.body.shape {
            Shape::Resource(facts) => Some(facts),
            _ => None,
        };
        let several = match &self.body.shape {
            Shape::Bundle(index) => index.entries.as_slice(),
            _ => &[],
        };
        single.into_iter().chain(several.iter().filter_map(|entry| entry.facts.as_ref()))
    }

    /// Whose data it holds and of which types, so that the cache can forget it. Nothing more of the body comes out this way.
    pub fn holds(&self) -> Holds {
        let mut holds = Holds::default();
        match &self.body.shape {
            Shape::Resource(facts) => holds.add(Some(facts)),
            Shape::Bundle(bundle) => bundle.entries.iter().for_each(|entry| holds.add(entry.facts.as_ref())),
            Shape::Raw { .. } | Shape::Unjudged => holds.unknown = true,
        }
        holds
    }

    #[cfg(test)]
    pub(crate) fn body_for_tests(&self) -> &Arc<IndexedBody> {
        &self.body
    }
}

/// What a body is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// The patients, each once.
    pub patients: SmallVec<[FhirId; 1]>,
    /// The types of its resources, each once.
    pub types: SmallVec<[ResourceType; 2]>,
    /// Whether there is something in it whose patient is not known: it may be anybody's.
    pub unknown: bool,
}

impl Holds {
    fn add(&mut self, facts: Option<&EntryFacts>) {
        let Some(facts) = facts else {
            self.unknown = true;
            return;
        };
        if !self.types.contains(&facts.resource_type) {
            self.types.push(facts.resource_type);
        }
        for patient in &facts.patients {
            if !self.patients.contains(patient) {
                self.patients.push(patient.clone());
            }
        }
        self.unknown |= facts.patients.is_empty() && facts.resource_type.judgement() != Judgement::Directory;
    }
}
