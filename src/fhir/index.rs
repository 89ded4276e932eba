//! A body that the EHR sent, rewritten and indexed once, at insertion (DESIGN.md 4): the bytes that a client would get, and
//! for each entry its place and what the policy needs to know of it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::domain::ids::FhirId;

use super::resource_type::ResourceType;

/// Rewrites the EHR's URLs to the facade's. Made once per EHR connection.
#[derive(Clone, Debug)]
pub struct Rewrite {
    upstream_base: Arc<str>,
    facade_base: Arc<str>,
}

impl Rewrite {
    /// Both bases as absolute URLs; a trailing slash is ignored.
    pub fn new(upstream_base: &str, facade_base: &str) -> Self {
        Self {
            upstream_base: upstream_base.trim_end_matches('/').into(),
            facade_base: facade_base.trim_end_matches('/').into(),
        }
    }
}

/// Why a whole body cannot be used. The request is answered 502 or from what the cache still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Not JSON, cut short, nested too deep, or not UTF-8.
    #[error("the body is not JSON")]
    NotJson,
    /// A search was answered with something else than one searchset.
    #[error("the body is not a searchset")]
    NotASearchset,
    /// The next page lies outside the EHR's base: following it is unsafe, leaving it out would hide data.
    #[error("the next link leads away from the EHR")]
    ForeignNext,
}

/// Indexes and rewrites one resource, as a read answers it.
pub fn index_resource(_bytes: Bytes, rewrite: &Rewrite) -> Result<IndexedBody, IndexError> {
    let _ = (&rewrite.upstream_base, &rewrite.facade_base);
    todo!()
}

/// Indexes and rewrites a searchset. `searched` is the type that the request searched.
pub fn index_bundle(
    _bytes: Bytes,
    _searched: ResourceType,
    _rewrite: &Rewrite,
) -> Result<IndexedBody, IndexError> {
    todo!()
}

/// Wraps the raw content of a Binary; nothing in it is read or rewritten.
pub fn index_raw(bytes: Bytes, media_type: &str, id: FhirId) -> IndexedBody {
    IndexedBody { bytes, media_type: media_type.into(), shape: Shape::Raw { id } }
}

/// A body, ready for the release filter.
#[derive(Clone, Debug)]
pub struct IndexedBody {
    /// What a client gets when everything is released: URLs rewritten, upstream links and total taken out.
    pub bytes: Bytes,
    /// `Content-Type` of `bytes`.
    pub media_type: Arc<str>,
    /// What the bytes are.
    pub shape: Shape,
}

/// What a body is.
#[derive(Clone, Debug)]
pub enum Shape {
    /// One resource.
    Resource(EntryFacts),
    /// One resource, or something else, that could not be judged: never released. Its bytes are not kept.
    Unjudged,
    /// A searchset.
    Bundle(BundleIndex),
    /// The raw content of a Binary (any media type). Judged by the interaction that asked for it.
    Raw {
        /// Id of the Binary.
        id: FhirId,
    },
}

/// The index of a searchset.
#[derive(Clone, Debug, Default)]
pub struct BundleIndex {
    /// The entries in order.
    pub entries: Vec<IndexedEntry>,
    /// Where further elements of `Bundle` (`total`, `link`) are put in: after its first members, before `,"entry":[`.
    pub insert_at: usize,
    /// The EHR's next link without its base, if there is a further page: `Observation?page=2`, or `?_getpages=...` for one
    /// that is a query on the base itself.
    pub next: Option<Arc<str>>,
}

/// One entry of a searchset.
#[derive(Clone, Debug)]
pub struct IndexedEntry {
    /// The entry's bytes in the body, from `{` to `}`, without the separating comma. Empty where `facts` is `None`.
    pub span: Range<usize>,
    /// `None` when it could not be judged: never released (fail closed), and its bytes are not kept.
    pub facts: Option<EntryFacts>,
    /// Why the EHR put it there.
    pub mode: EntryMode,
}

/// `Bundle.entry.search.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryMode {
    /// It matched; also when the EHR does not say and the type is the one searched.
    Match,
    /// It came by `_include` or `_revinclude`.
    Include,
    /// An OperationOutcome about the search.
    Outcome,
}

/// What the policy needs to know of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    /// `resourceType`.
    pub resource_type: ResourceType,
    /// `id`.
    pub id: FhirId,
    /// `meta.versionId`.
    pub version: Option<Arc<str>>,
    /// The patients in whose compartment it lies, by every path of its type; for Patient, itself.
    pub patients: SmallVec<[FhirId; 1]>,
    /// `meta.security`, as system and code.
    pub labels: SmallVec<[Coding; 1]>,
    /// `category` (and for Encounter `class`), as system and code.
    pub categories: SmallVec<[Coding; 2]>,
    /// Resources of types judged by their referrer that it refers to (Medication, Binary), and for Provenance its targets.
    pub references: SmallVec<[(ResourceType, FhirId); 1]>,
}

/// `Coding` reduced to what is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coding {
    /// Code system URI; empty when absent.
    pub system: Arc<str>,
    /// Code.
    pub code: Arc<str>,
}
