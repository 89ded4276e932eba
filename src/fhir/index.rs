//! A body that the EHR sent, rewritten and indexed once, at insertion (DESIGN.md 4): the bytes that a client would get, and
//! for each entry its place and what the policy needs to know of it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::domain::ids::FhirId;

use super::resource_type::ResourceType;

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
    /// Everything before the first entry's bytes, up to and including `"entry":[` (or where entries would stand).
    pub head: Range<usize>,
    /// Everything after the last entry's bytes.
    pub tail: Range<usize>,
    /// Where in `head` further elements of `Bundle` (`total`, `link`) are put in, after the opening brace's first members.
    pub insert_at: usize,
    /// The EHR's next link, relative to its base, if there is a further page.
    pub next: Option<Arc<str>>,
}

/// One entry of a searchset.
#[derive(Clone, Debug)]
pub struct IndexedEntry {
    /// The entry's bytes in the body, from `{` to `}`, without the separating comma.
    pub span: Range<usize>,
    /// `None` when it could not be judged: never released (fail closed).
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
