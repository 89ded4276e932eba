//! A body that the EHR sent, rewritten and indexed once, at insertion (DESIGN.md 4): the bytes that a client would get, and
//! for each entry its place and what the policy needs to know of it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use smallvec::SmallVec;

use crate::domain::ids::FhirId;

use super::interaction::Search;
use super::resource_type::ResourceType;

mod attachments;
mod bundle;
mod gone;
mod includes;
mod json;
mod resource;
mod rewrite;

pub use rewrite::Rewrite;

/// FHIR as JSON.
const FHIR_JSON: &str = "application/fhir+json";

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

impl From<json::NotJson> for IndexError {
    fn from(_: json::NotJson) -> Self {
        Self::NotJson
    }
}

/// Indexes and rewrites one resource, as a read answers it. Not copied where nothing has to be rewritten.
pub fn index_resource(bytes: Bytes, rewrite: &Rewrite) -> Result<IndexedBody, IndexError> {
    let text = utf8(&bytes)?;
    let shown = rewrite.unhide(text);
    let mut cursor = json::Cursor::new(&shown);
    let facts = resource::facts(&mut cursor, &rewrite.bases(), &mut resource::Pool::default())?;
    cursor.end()?;
    let Some(facts) = facts else {
        return Ok(IndexedBody { bytes: Bytes::new(), media_type: FHIR_JSON.into(), shape: Shape::Unjudged });
    };
    let pointed = pointed(&shown, &facts, rewrite);
    let kept = if let Cow::Owned(pointed) = &pointed {
        let mut copy = Vec::with_capacity(pointed.len());
        rewrite.copy(pointed, &mut copy);
        Bytes::from(copy)
    } else if rewrite.is_needed(&shown) {
        let mut copy = Vec::with_capacity(shown.len());
        rewrite.copy(&shown, &mut copy);
        Bytes::from(copy)
    } else if matches!(shown, Cow::Borrowed(text) if text.len() == bytes.len()) {
        bytes
    } else {
        Bytes::copy_from_slice(shown.as_bytes())
    };
    Ok(IndexedBody { bytes: kept, media_type: FHIR_JSON.into(), shape: Shape::Resource(facts) })
}

/// Indexes and rewrites the answer to a search, or a page of it: what is included came for a match that refers to it by an element
/// that the search asked for.
#[expect(clippy::needless_pass_by_value, reason = "a sibling of index_resource")]
pub fn index_search(bytes: Bytes, search: &Search, rewrite: &Rewrite) -> Result<IndexedBody, IndexError> {
    bundle_of(&bytes, search.resource_type, &includes::asked(&search.query), rewrite)
}

/// Indexes and rewrites a searchset whose query is not known: what is included came for whatever match refers to it. `searched`
/// is the type that the request searched.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a sibling of index_resource, and the caller has no use for it after"
)]
pub fn index_bundle(
    bytes: Bytes,
    searched: ResourceType,
    rewrite: &Rewrite,
) -> Result<IndexedBody, IndexError> {
    bundle_of(&bytes, searched, includes::ANYTHING, rewrite)
}

fn bundle_of(
    bytes: &Bytes,
    searched: ResourceType,
    asked: &[includes::Asked],
    rewrite: &Rewrite,
) -> Result<IndexedBody, IndexError> {
    let text = rewrite.unhide(utf8(bytes)?);
    let (mut body, index) = bundle::index(&text, searched, asked, rewrite)?;
    // Room for entries that were dropped is not kept for as long as the cache keeps the body.
    body.shrink_to_fit();
    Ok(IndexedBody { bytes: body.into(), media_type: FHIR_JSON.into(), shape: Shape::Bundle(index) })
}

/// Indexes and rewrites the history of a resource: its versions, each judged by itself. That one was deleted is left out.
#[expect(clippy::needless_pass_by_value, reason = "a sibling of index_resource")]
pub fn index_history(bytes: Bytes, rewrite: &Rewrite) -> Result<IndexedBody, IndexError> {
    let text = rewrite.unhide(utf8(&bytes)?);
    let (body, index) = bundle::index_history(&text, rewrite)?;
    Ok(IndexedBody { bytes: body.into(), media_type: FHIR_JSON.into(), shape: Shape::Bundle(index) })
}

/// A resource as it is shown: its documents under one URL, and no reference that leads nowhere.
fn pointed<'a>(resource: &'a str, facts: &EntryFacts, rewrite: &Rewrite) -> Cow<'a, str> {
    gone::marked(attachments::pointed(resource, facts, rewrite), &rewrite.bases())
}

fn utf8(bytes: &[u8]) -> Result<&str, IndexError> {
    let text = std::str::from_utf8(bytes).map_err(|_| IndexError::NotJson)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
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

impl IndexedBody {
    /// The resource in one of this body's entries; `None` for an entry that could not be judged.
    pub fn resource_of(&self, entry: &IndexedEntry) -> Option<Bytes> {
        entry.facts.as_ref()?;
        let written = self.bytes.get(entry.span.clone())?;
        // The first member is the full URL, which has no quote in it; what follows the resource has a fixed form, and nothing
        // of that form comes after it.
        let start = memmem::find(written, bundle::RESOURCE)? + bundle::RESOURCE.len();
        let end = memmem::rfind(written, bundle::SEARCH).max(memmem::rfind(written, bundle::REQUEST))?;
        let range = entry.span.start + start..entry.span.start + end;
        (start <= end).then(|| self.bytes.slice(range))
    }

    /// How much memory it takes, in bytes, near enough.
    pub fn weight(&self) -> usize {
        let entries = match &self.shape {
            Shape::Bundle(index) => {
                let because = index.entries.iter().map(|entry| size_of_val(&*entry.because));
                index.entries.len() * (size_of::<IndexedEntry>() + 64) + because.sum::<usize>()
            }
            _ => 0,
        };
        size_of::<Self>() + self.bytes.len() + entries
    }
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
    /// The entries: matches in the EHR's order, then what is included, by type and id, then those that cannot be judged.
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
    /// For an included one: the places of the matches that it was included for, as their own content says. It is released with
    /// one of these alone, or it would tell of the matches that are withheld.
    pub because: Box<[u32]>,
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

impl EntryFacts {
    /// A resource of which no more than this is known.
    pub fn new(resource_type: ResourceType, id: FhirId) -> Self {
        Self {
            resource_type,
            id,
            version: None,
            patients: SmallVec::new(),
            labels: SmallVec::new(),
            categories: SmallVec::new(),
            references: SmallVec::new(),
        }
    }
}

/// `Coding` reduced to what is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coding {
    /// Code system URI; empty when absent.
    pub system: Arc<str>,
    /// Code.
    pub code: Arc<str>,
}

#[cfg(test)]
mod tests;
