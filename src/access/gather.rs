//! A page of a searchset put together from several of the EHR's, so that it has as many matches as were asked for whatever was
//! withheld in between. Which of the EHR's pages something came from cannot be told from the answer.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use smallvec::SmallVec;

use crate::domain::clock::Timestamp;
use crate::fhir::index::{BundleIndex, EntryFacts, EntryMode, IndexedBody, IndexedEntry, Shape};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::scope::Permission;

use super::facts::Facts;
use super::frame::{Frame, Place};
use super::permit::Permit;
use super::policy::{self, Verdict};
use super::refusal::{DenyReason, Refusal};
use super::release::{Tally, came_with, stitch};
use super::released::{Held, Released, Visible};
use super::subject::Subject;
use super::unreleased::{Origin, OriginKind, Unreleased};

/// What is missing to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// Nothing: it is full, and there is a further match.
    Full,
    /// What lies behind this link of the EHR's: for more matches, or to know whether there is a further one.
    More(Arc<str>),
    /// Nothing: the EHR has no more.
    Ended,
}

/// A page that is being put together.
#[derive(Debug)]
pub struct Gathering {
    wanted: usize,
    taken: usize,
    /// Of versions: those from then on.
    since: Option<Timestamp>,
    parts: Vec<Part>,
    /// Where the next page begins, when there is one.
    onward: Option<Place>,
}

/// What was taken from one of the EHR's pages.
#[derive(Debug)]
struct Part {
    subject: Arc<Subject>,
    interaction: Arc<Interaction>,
    body: Arc<IndexedBody>,
    facts: Facts,
    origin: Origin,
    /// Places of the matches, with the basis of each.
    matches: Vec<(usize, Option<&'static str>)>,
}

impl Gathering {
    /// An empty page for at most `wanted` matches.
    pub const fn new(wanted: usize) -> Self {
        Self { wanted, taken: 0, since: None, parts: Vec::new(), onward: None }
    }

    /// Takes of versions only those that were made at `since` or later, as they say themselves.
    #[must_use]
    pub const fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// Whether nothing could be taken yet from anything.
    pub const fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Ends the page early: the next one begins at `place`.
    pub fn stop_at(&mut self, place: Place) {
        self.onward = Some(place);
    }

    /// Takes visible matches from after `place` on, up to the wanted number, and looks whether there is a further one.
    pub(super) fn take(
        &mut self,
        permit: Permit,
        unreleased: Unreleased,
        place: &Place,
    ) -> Result<Gathered, Refusal> {
        let Unreleased { body, origin, .. } = unreleased;
        let Shape::Bundle(index) = &body.shape else { return Err(DenyReason::Unjudgeable.into()) };
        if self.parts.iter().any(|part| *part.subject != *permit.subject) {
            return Err(DenyReason::NotAsked.into());
        }
        let permission = policy::permission(&permit.interaction);
        let mut matches = Vec::new();
        let mut further = false;
        for (at, entry) in index.entries.iter().enumerate().skip(start(index, place)) {
            let (EntryMode::Match, Some(facts)) = (entry.mode, &entry.facts) else { continue };
            let versions = matches!(*permit.interaction, Interaction::History { .. });
            if self.since.is_some_and(|since| made_at(&body, entry).is_none_or(|made| made < since)) {
                continue;
            }
            if !policy::is_asked(&permit.interaction, facts) || (!versions && self.has(facts)) {
                continue;
            }
            if let Verdict::Visible(basis) = policy::judge(&permit.subject, facts, permission, &permit.facts)
            {
                if self.taken == self.wanted {
                    further = true;
                    break;
                }
                self.taken += 1;
                matches.push((at, basis));
            }
        }
        let last = matches
            .last()
            .and_then(|(at, _)| Some((*at, index.entries.get(*at)?.facts.as_ref()?.id.clone())));
        let next = index.next.clone();
        let Permit { subject, interaction, facts, .. } = permit;
        if self.parts.is_empty() || !matches.is_empty() {
            let body = Arc::clone(&body);
            self.parts.push(Part { subject, interaction, body, facts, origin, matches });
        }
        Ok(match next {
            _ if further => {
                let after = last.or_else(|| place.after.clone());
                self.onward = Some(Place { after, ..place.clone() });
                Gathered::Full
            }
            Some(next) => Gathered::More(next),
            None => Gathered::Ended,
        })
    }

    /// Whether it was taken before: the EHR's pages may move while they are read.
    fn has(&self, facts: &EntryFacts) -> bool {
        let ids =
            self.parts.iter().flat_map(|part| part.matches.iter().filter_map(|(at, _)| part.facts_at(*at)));
        ids.into_iter().any(|taken| taken.id == facts.id)
    }

    /// The page. Nothing to release when nothing was ever gathered.
    pub fn release(self, frame: Frame<'_>) -> Result<Released, Refusal> {
        let Self { parts, onward, .. } = self;
        let Some(first) = parts.first() else { return Err(DenyReason::NotFound.into()) };
        let Shape::Bundle(index) = &first.body.shape else { return Err(DenyReason::Unjudgeable.into()) };
        let opening = first.body.bytes.slice(..index.insert_at);
        let subject = Arc::clone(&first.subject);
        let mut tally = Tally::default();
        let mut chosen = Chosen::of_matches(&parts, &mut tally);
        chosen.add_included(&parts, &mut tally);
        let members = Bytes::from(frame.members(tally.matches, onward.as_ref()));
        let spans = chosen.spans(&parts);
        let chunks = stitch(opening, members, spans.into_iter(), &|part| Some(&parts.get(part)?.body.bytes));
        // How many of the EHR's pages it took depends on what was withheld: what is told of the first holds for the page. Only that
        // something is out of date has to be known.
        let stale = parts.iter().map(|part| part.origin).filter(|origin| origin.how == OriginKind::Stale);
        let origin = stale.max_by_key(|origin| origin.age).unwrap_or(first.origin);
        let held: SmallVec<[Held; 1]> = parts.into_iter().zip(chosen.places).map(Held::of).collect();
        Ok(Released {
            chunks,
            etag: None,
            modified: None,
            origin,
            patients: tally.patients,
            resources: tally.resources,
            matches: tally.matches,
            basis: tally.basis,
            held,
            subject,
        })
    }
}

impl Held {
    fn of((part, places): (Part, Vec<usize>)) -> Self {
        Self { body: part.body, visible: Visible::Some(places), facts: part.facts }
    }
}

/// What of the parts is released.
struct Chosen {
    /// By part, in order.
    places: Vec<Vec<usize>>,
    /// What is included, as part and place, by type and id.
    included: Vec<(usize, usize)>,
}

impl Chosen {
    fn of_matches(parts: &[Part], tally: &mut Tally) -> Self {
        let mut places = Vec::with_capacity(parts.len());
        for part in parts {
            for (place, basis) in &part.matches {
                if let Some(facts) = part.facts_at(*place) {
                    tally.count(facts, EntryMode::Match, *basis);
                }
            }
            places.push(part.matches.iter().map(|(place, _)| *place).collect());
        }
        Self { places, included: Vec::new() }
    }

    /// Each on its own judgement, once, and only with a match that it was included for.
    fn add_included(&mut self, parts: &[Part], tally: &mut Tally) {
        let mut waiting = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let Some(taken) = self.places.get(number).cloned() else { continue };
            for (place, entry) in part.entries().iter().enumerate() {
                let (EntryMode::Include, Some(facts)) = (entry.mode, &entry.facts) else { continue };
                if !came_with(entry, &taken)
                    || !policy::is_asked(&part.interaction, facts)
                    || self.holds(parts, facts)
                {
                    continue;
                }
                match policy::judge(&part.subject, facts, part.permission(), &part.facts) {
                    Verdict::Visible(basis) => {
                        tally.count(facts, EntryMode::Include, basis);
                        self.add(number, place);
                    }
                    Verdict::ThroughReferrer => waiting.push((number, place, facts, part)),
                    Verdict::Withheld(_) => {}
                }
            }
        }
        // A Provenance may be about a Medication that itself came through a referrer.
        waiting.sort_by_key(|(_, _, facts, _)| facts.resource_type == ResourceType::Provenance);
        for (number, place, facts, part) in waiting {
            if self.holds(parts, facts) {
                continue;
            }
            let seen = self.seen(parts);
            if let Ok(basis) = policy::through(&part.subject, facts, part.permission(), seen.iter().copied())
            {
                tally.count(facts, EntryMode::Include, basis);
                self.add(number, place);
            }
        }
        let name = |(number, place): &(usize, usize)| {
            parts
                .get(*number)
                .and_then(|part| part.facts_at(*place))
                .map(|facts| (facts.resource_type.as_str(), facts.id.as_str()))
        };
        self.included.sort_by(|one, other| name(one).cmp(&name(other)));
    }

    fn add(&mut self, number: usize, place: usize) {
        self.included.push((number, place));
        if let Some(places) = self.places.get_mut(number) {
            let at = places.partition_point(|other| *other < place);
            places.insert(at, place);
        }
    }

    /// What is released so far, each with the facts by which it was found visible.
    fn seen<'a>(&self, parts: &'a [Part]) -> Vec<(&'a EntryFacts, &'a Facts)> {
        let of = |(part, places): (&'a Part, &Vec<usize>)| {
            places.iter().filter_map(|place| Some((part.facts_at(*place)?, &part.facts))).collect::<Vec<_>>()
        };
        parts.iter().zip(&self.places).flat_map(of).collect()
    }

    fn holds(&self, parts: &[Part], facts: &EntryFacts) -> bool {
        let same = |other: &EntryFacts| other.resource_type == facts.resource_type && other.id == facts.id;
        self.seen(parts).iter().any(|(other, _)| same(other))
    }

    fn spans(&self, parts: &[Part]) -> Vec<(usize, Range<usize>)> {
        let matches = parts.iter().enumerate();
        let matches =
            matches.flat_map(|(number, part)| part.matches.iter().map(move |(place, _)| (number, *place)));
        let all = matches.chain(self.included.iter().copied());
        all.filter_map(|(number, place)| {
            Some((number, parts.get(number)?.entries().get(place)?.span.clone()))
        })
        .collect()
    }
}

impl Part {
    fn entries(&self) -> &[IndexedEntry] {
        match &self.body.shape {
            Shape::Bundle(index) => &index.entries,
            _ => &[],
        }
    }

    fn facts_at(&self, place: usize) -> Option<&EntryFacts> {
        self.entries().get(place)?.facts.as_ref()
    }

    fn permission(&self) -> Permission {
        policy::permission(&self.interaction)
    }
}

/// When the resource in an entry was last changed.
fn made_at(body: &IndexedBody, entry: &IndexedEntry) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Resource {
        meta: Meta,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        last_updated: jiff::Timestamp,
    }
    let resource: Resource = serde_json::from_slice(&body.resource_of(entry)?).ok()?;
    Some(Timestamp::from_millis(resource.meta.last_updated.as_millisecond()))
}

/// Where to begin: after the last match that was given out, wherever it stands now.
fn start(index: &BundleIndex, place: &Place) -> usize {
    let Some((at, id)) = &place.after else { return 0 };
    let is_it = |entry: &IndexedEntry| {
        entry.mode == EntryMode::Match && entry.facts.as_ref().is_some_and(|facts| facts.id == *id)
    };
    match index.entries.get(*at) {
        Some(entry) if is_it(entry) => at + 1,
        // Where it is gone, what stood after it has moved into its place.
        _ => index.entries.iter().position(is_it).map_or(*at, |at| at + 1),
    }
}
