//! The release filter: what of a body the policy lets this subject see. It fails closed: what is not found visible is left
//! out, and there is no path from a body to an answer around it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use crate::domain::ids::FhirId;
use crate::fhir::index::{BundleIndex, EntryFacts, EntryMode, IndexedBody, IndexedEntry, Shape};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::Permission;

use super::frame::{Frame, Place};
use super::permit::Permit;
use super::policy::{self, Verdict};
use super::refusal::{DenyReason, Refusal};
use super::released::{Held, Released, Visible};
use super::unreleased::Unreleased;

/// The patients whose facts are needed to judge a body beyond those that the permit knows. What the scopes rule out, or was
/// not asked for, is no reason to look anybody up.
pub(super) fn unknown_patients(permit: &Permit, unreleased: &Unreleased) -> Vec<FhirId> {
    let permission = policy::permission(&permit.interaction);
    let mut unknown: Vec<FhirId> = Vec::new();
    for entry in all_facts(&unreleased.body) {
        let known = entry.patients.iter().all(|patient| permit.facts.of(patient).is_some());
        if known
            || !policy::is_asked(&permit.interaction, entry)
            || policy::admit(&permit.subject, entry, permission).is_err()
        {
            continue;
        }
        unknown.extend(entry.patients.iter().filter(|id| permit.facts.of(id).is_none()).cloned());
    }
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

fn all_facts(body: &IndexedBody) -> impl Iterator<Item = &EntryFacts> {
    let (one, many): (_, &[IndexedEntry]) = match &body.shape {
        Shape::Resource(facts) => (Some(facts), &[]),
        Shape::Bundle(index) => (None, &index.entries),
        Shape::Raw { .. } | Shape::Unjudged => (None, &[]),
    };
    one.into_iter().chain(many.iter().filter_map(|entry| entry.facts.as_ref()))
}

/// Filters a body. The permit holds the facts about every patient in it.
pub(super) fn release(permit: Permit, unreleased: Unreleased, frame: Frame<'_>) -> Result<Released, Refusal> {
    let body = Arc::clone(&unreleased.body);
    match (&body.shape, &*permit.interaction) {
        (Shape::Resource(entry), Interaction::Read { .. } | Interaction::Version { .. }) => {
            let basis = read(&permit, entry)?;
            Ok(whole(permit, unreleased, &entry.patients, basis))
        }
        (Shape::Bundle(index), Interaction::Search(_) | Interaction::Page { .. }) => {
            Ok(bundle(permit, unreleased, index, frame))
        }
        (Shape::Raw { .. }, _) => Err(DenyReason::NoVisibleReferrer.into()),
        _ => Err(DenyReason::Unjudgeable.into()),
    }
}

fn read(permit: &Permit, entry: &EntryFacts) -> Result<Option<&'static str>, DenyReason> {
    if !policy::is_asked(&permit.interaction, entry) {
        return Err(DenyReason::NotAsked);
    }
    let permission = policy::permission(&permit.interaction);
    match policy::judge(&permit.subject, entry, permission, &permit.facts) {
        Verdict::Visible(basis) => Ok(basis),
        Verdict::ThroughReferrer => Err(DenyReason::NoVisibleReferrer),
        Verdict::Withheld(reason) => Err(reason),
    }
}

/// Releases one resource, or the content of a Binary, through what the same subject was already given.
pub(super) fn release_through(
    permit: Permit,
    unreleased: Unreleased,
    seen: &[&Released],
) -> Result<Released, Refusal> {
    let body = Arc::clone(&unreleased.body);
    let raw;
    let entry = match &body.shape {
        Shape::Resource(entry) => entry,
        Shape::Raw { id } => {
            raw = EntryFacts::new(ResourceType::Binary, id.clone());
            &raw
        }
        Shape::Bundle(_) | Shape::Unjudged => return Err(DenyReason::Unjudgeable.into()),
    };
    if !matches!(*permit.interaction, Interaction::Read { .. })
        || !policy::is_asked(&permit.interaction, entry)
    {
        return Err(DenyReason::NotAsked.into());
    }
    let permission = policy::permission(&permit.interaction);
    match policy::judge(&permit.subject, entry, permission, &permit.facts) {
        Verdict::ThroughReferrer => {}
        Verdict::Visible(basis) => return Ok(whole(permit, unreleased, &entry.patients, basis)),
        Verdict::Withheld(reason) => return Err(reason.into()),
    }
    let own = seen.iter().filter(|seen| *seen.subject == *permit.subject);
    let held = own.flat_map(|seen| &seen.held);
    let visible = held.flat_map(|held| held.entries().map(|entry| (entry, &held.facts)));
    let basis = policy::through(&permit.subject, entry, permission, visible)?;
    let patients = seen.iter().flat_map(|seen| seen.patients.iter().cloned());
    let mut patients = patients.collect::<SmallVec<[FhirId; 1]>>();
    patients.sort_unstable();
    patients.dedup();
    Ok(whole(permit, unreleased, &patients, basis))
}

/// Releases one patient whom [`identify`](super::identify) found, under the permission of the search that found them.
pub(super) fn identified(
    permit: Permit,
    unreleased: Unreleased,
    permission: Permission,
) -> Result<Released, Refusal> {
    let body = Arc::clone(&unreleased.body);
    let Shape::Resource(entry) = &body.shape else { return Err(DenyReason::Unjudgeable.into()) };
    match policy::judge(&permit.subject, entry, permission, &permit.facts) {
        Verdict::Visible(basis) => Ok(whole(permit, unreleased, &entry.patients, basis)),
        Verdict::ThroughReferrer => Err(DenyReason::NoVisibleReferrer.into()),
        Verdict::Withheld(reason) => Err(reason.into()),
    }
}

fn whole(
    permit: Permit,
    unreleased: Unreleased,
    patients: &[FhirId],
    basis: Option<&'static str>,
) -> Released {
    Released {
        chunks: smallvec![unreleased.body.bytes.clone()],
        etag: unreleased.etag,
        modified: unreleased.modified,
        origin: unreleased.origin,
        patients: patients.iter().cloned().collect(),
        resources: 1,
        matches: 1,
        basis,
        held: smallvec![Held { body: unreleased.body, visible: Visible::All, facts: permit.facts }],
        subject: permit.subject,
    }
}

/// What is found of a searchset entry by entry.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) patients: SmallVec<[FhirId; 1]>,
    pub(super) resources: u32,
    pub(super) matches: u32,
    pub(super) basis: Option<&'static str>,
}

impl Tally {
    pub(super) fn count(&mut self, entry: &EntryFacts, mode: EntryMode, basis: Option<&'static str>) {
        self.resources += 1;
        self.matches += u32::from(mode == EntryMode::Match);
        self.basis = self.basis.or(basis);
        for patient in &entry.patients {
            if !self.patients.contains(patient) {
                self.patients.push(patient.clone());
            }
        }
    }
}

fn bundle(permit: Permit, unreleased: Unreleased, index: &BundleIndex, frame: Frame<'_>) -> Released {
    let mut tally = Tally::default();
    let (visible, withheld) = visible(&permit, index, &mut tally);
    let next = index.next.as_ref().map(Place::beginning_of);
    let bytes = &unreleased.body.bytes;
    let members = frame.members(tally.matches, next.as_ref()).into();
    let chunks = if frame.count_only {
        smallvec![bytes.slice(..index.insert_at), members, Bytes::from_static(b"}")]
    } else if withheld {
        let spans = visible.iter().filter_map(|place| Some((0, index.entries.get(*place)?.span.clone())));
        stitch(bytes.slice(..index.insert_at), members, spans, &|_| Some(bytes))
    } else {
        smallvec![bytes.slice(..index.insert_at), members, bytes.slice(index.insert_at..)]
    };
    Released {
        chunks,
        etag: None,
        modified: None,
        origin: unreleased.origin,
        patients: tally.patients,
        resources: if frame.count_only { 0 } else { tally.resources },
        matches: tally.matches,
        basis: tally.basis,
        held: smallvec![Held {
            visible: if withheld { Visible::Some(visible) } else { Visible::All },
            body: unreleased.body,
            facts: permit.facts,
        }],
        subject: permit.subject,
    }
}

/// The places of the visible entries in order, and whether any that could be judged is not among them.
fn visible(permit: &Permit, index: &BundleIndex, tally: &mut Tally) -> (Vec<usize>, bool) {
    let permission = policy::permission(&permit.interaction);
    let (mut places, mut waiting): (Vec<usize>, Vec<(usize, &EntryFacts)>) = (Vec::new(), Vec::new());
    let mut judged = 0;
    places.reserve_exact(index.entries.len());
    for (place, indexed) in index.entries.iter().enumerate() {
        let Some(entry) = &indexed.facts else { continue };
        judged += 1;
        if !policy::is_asked(&permit.interaction, entry) || !came_with(indexed, &places) {
            continue;
        }
        match policy::judge(&permit.subject, entry, permission, &permit.facts) {
            Verdict::Visible(basis) => {
                tally.count(entry, indexed.mode, basis);
                places.push(place);
            }
            Verdict::ThroughReferrer => waiting.push((place, entry)),
            Verdict::Withheld(_) => {}
        }
    }
    // A Provenance may be about a Medication that itself came through a referrer.
    waiting.sort_by_key(|(_, entry)| entry.resource_type == ResourceType::Provenance);
    for (place, entry) in waiting {
        let entries = places.iter().filter_map(|place| index.entries.get(*place)?.facts.as_ref());
        let seen = entries.map(|entry| (entry, &permit.facts));
        if let Ok(basis) = policy::through(&permit.subject, entry, permission, seen)
            && let Some(indexed) = index.entries.get(place)
        {
            tally.count(entry, indexed.mode, basis);
            let at = places.partition_point(|other| *other < place);
            places.insert(at, place);
        }
    }
    let withheld = places.len() < judged;
    (places, withheld)
}

/// Whether an entry is a match, or was included for one of the matches at `places`. Matches come before what is included.
pub(super) fn came_with(indexed: &IndexedEntry, places: &[usize]) -> bool {
    indexed.mode != EntryMode::Include
        || indexed.because.iter().any(|place| places.binary_search(&(*place as usize)).is_ok())
}

/// A Bundle with some entries only, from slices of stored ones: `spans` says of which body and what, `body` gives its bytes.
/// Neighbours stay together, comma and all.
pub(super) fn stitch<'a>(
    head: Bytes,
    members: Bytes,
    spans: impl Iterator<Item = (usize, Range<usize>)>,
    body: &dyn Fn(usize) -> Option<&'a Bytes>,
) -> SmallVec<[Bytes; 3]> {
    const OPEN: &[u8] = br#","entry":["#;
    let mut chunks = smallvec![head, members];
    let mut separator = OPEN;
    let mut spans = spans.peekable();
    while let Some((of, mut run)) = spans.next() {
        while let Some((_, next)) = spans.next_if(|(other, next)| *other == of && next.start == run.end + 1) {
            run.end = next.end;
        }
        let Some(bytes) = body(of) else { continue };
        chunks.push(Bytes::from_static(separator));
        chunks.push(bytes.slice(run));
        separator = b",";
    }
    chunks.push(Bytes::from_static(if separator == OPEN { b"}" } else { b"]}" }));
    chunks
}
