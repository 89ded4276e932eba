//! Finding what a search asks for, without looking at everybody's record.

use std::collections::HashSet;
use std::sync::Arc;

use super::matching;
use super::outcome::Refusal;
use super::query::{Field, Include, Search, Wanted};
use super::world::World;
use crate::sandbox::hospital::entry::Entry;
use crate::sandbox::hospital::facts::Term;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::person::index_of_id;

/// How many records a search without a patient may look at, where a knob made it lose its patient.
const SCANNED: usize = 200;

/// One match, small enough to keep a hundred thousand of them.
#[derive(Clone, Debug)]
pub enum Hit {
    /// The Patient of a child.
    Patient(usize),
    /// Another resource.
    Entry(Arc<Entry>),
}

impl Hit {
    /// The resource as it is now.
    pub fn entry(&self, world: &World) -> Option<Arc<Entry>> {
        match self {
            Self::Patient(index) => world.now(&world.hospital.patient(*index)?),
            Self::Entry(entry) => world.now(&world.hospital.get(entry.kind, &entry.id)?),
        }
    }
}

/// Everything that matches, in order.
pub fn run(world: &World, search: &Search) -> Result<Vec<Hit>, Refusal> {
    if search.kind == Kind::Binary {
        return Err(Refusal::invalid("Binary cannot be searched."));
    }
    if search.kind == Kind::Patient {
        return Ok(patients(world, search));
    }
    let mut found: Vec<Arc<Entry>> = Vec::new();
    let mut take = |entry: &Arc<Entry>| {
        if entry.kind == search.kind
            && let Some(entry) = world.now(entry).filter(|entry| matching::matches(search, entry))
        {
            found.push(entry);
        }
    };
    if search.kind.is_directory() {
        world.hospital.directory().entries.iter().for_each(&mut take);
    } else {
        for index in records(world, search)? {
            if let Some(record) = world.hospital.record(index) {
                record.entries.iter().for_each(&mut take);
            }
        }
    }
    if !search.sort.is_empty() {
        found.sort_by(|one, two| matching::compare(search, one, two));
    }
    Ok(found.into_iter().map(Hit::Entry).collect())
}

fn patients(world: &World, search: &Search) -> Vec<Hit> {
    let narrowed = patient_candidates(world, search);
    let mut found: Vec<(usize, Arc<Entry>)> = Vec::new();
    let everybody = search.filters.is_empty() && search.sort.is_empty();
    let candidates = narrowed.unwrap_or_else(|| (0..world.hospital.children().len()).collect());
    if everybody {
        return candidates.into_iter().map(Hit::Patient).collect();
    }
    for index in candidates {
        let entry = world.hospital.patient(index).and_then(|first| world.now(&first));
        if let Some(entry) = entry.filter(|entry| matching::matches(search, entry)) {
            found.push((index, entry));
        }
    }
    if !search.sort.is_empty() {
        found.sort_by(|one, two| matching::compare(search, &one.1, &two.1));
    }
    found.into_iter().map(|(index, _)| Hit::Patient(index)).collect()
}

/// The children who can match at all, in order; `None` for everybody.
fn patient_candidates(world: &World, search: &Search) -> Option<Vec<usize>> {
    if let Some(ids) = search.ids() {
        return Some(in_order(ids.filter_map(index_of_id)));
    }
    if let Some(values) = search.wanted("identifier") {
        let mrns = values.iter().filter_map(|value| match value {
            Wanted::Token { code: Some(code), .. } => world.by_mrn(code),
            _ => None,
        });
        return Some(in_order(mrns));
    }
    if let Some(values) = search.wanted("general-practitioner") {
        let panel = values.iter().flat_map(|value| match value {
            Wanted::Reference { kind: Some(kind), id } => world.by_gp(&format!("{kind}/{id}")),
            Wanted::Reference { kind: None, id } => ["Practitioner", "PractitionerRole", "Organization"]
                .iter()
                .flat_map(|kind| world.by_gp(&format!("{kind}/{id}")))
                .collect(),
            _ => Vec::new(),
        });
        return Some(in_order(panel));
    }
    // Names and birth dates do not change here, so the children themselves can be looked at instead of their JSON.
    let families: Vec<String> = text_values(search, "family").or_else(|| text_values(search, "name"))?;
    let children = world.hospital.children().iter().filter(|child| {
        let names = [&child.family, &child.given, &child.middle].map(|name| name.to_lowercase());
        let whole = child.name().to_lowercase();
        families.iter().any(|wanted| names.iter().any(|name| name.contains(wanted)) || whole.contains(wanted))
    });
    Some(children.map(|child| child.index).collect())
}

fn text_values(search: &Search, name: &str) -> Option<Vec<String>> {
    let values = search.wanted(name)?;
    Some(
        values
            .iter()
            .filter_map(|v| if let Wanted::Text(text) = v { Some(text.clone()) } else { None })
            .collect(),
    )
}

fn in_order(indexes: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = indexes.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The records in which matches can be: those of the patients, or of whatever else the search refers to.
fn records(world: &World, search: &Search) -> Result<Vec<usize>, Refusal> {
    if let Some(ids) = search.ids() {
        return Ok(in_order(ids.filter_map(index_of_id)));
    }
    let references = search.filters.iter().find_map(|filter| {
        let Field::Param(_) = filter.field else { return None };
        let ids: Vec<usize> = filter
            .values
            .iter()
            .filter_map(|value| match value {
                Wanted::Reference { id, .. } => index_of_id(id),
                _ => None,
            })
            .collect();
        (filter.modifier == super::query::Modifier::None && !ids.is_empty()).then_some(ids)
    });
    if let Some(indexes) = references {
        let home_of = |index: usize| {
            let first =
                world.hospital.children().get(index).and_then(|child| child.household.children.first());
            if search.kind == Kind::Person { first.copied().unwrap_or(index) } else { index }
        };
        return Ok(in_order(indexes.into_iter().map(home_of)));
    }
    if matches!(search.kind, Kind::Person | Kind::RelatedPerson) {
        return Ok(by_mailbox(world, search));
    }
    if names_a_patient(search) {
        return Ok(Vec::new());
    }
    if search.crippled {
        return Ok((0..world.hospital.children().len().min(SCANNED)).collect());
    }
    Err(Refusal::invalid(format!("A search of {} needs a patient, an encounter or _id.", search.kind)))
}

/// Whether the search names a patient who does not exist: then nothing matches.
fn names_a_patient(search: &Search) -> bool {
    ["patient", "subject", "beneficiary", "encounter", "target"]
        .iter()
        .any(|name| search.wanted(name).is_some())
}

fn by_mailbox(world: &World, search: &Search) -> Vec<usize> {
    let mailboxes = ["email", "identifier", "telecom"].iter().find_map(|name| search.wanted(name));
    match mailboxes {
        None => (0..world.hospital.children().len().min(SCANNED)).collect(),
        Some(values) => in_order(
            values
                .iter()
                .filter_map(|value| match value {
                    Wanted::Token { code: Some(code), .. } => world.by_carer(code),
                    _ => None,
                })
                .flat_map(|index| {
                    let child = world.hospital.children().get(index);
                    child.map(|child| child.household.children.clone()).unwrap_or_default()
                }),
        ),
    }
}

/// What `_include` and `_revinclude` add to a page of matches, without the matches themselves.
pub fn included(world: &World, search: &Search, page: &[Arc<Entry>]) -> Vec<Arc<Entry>> {
    let mut seen: HashSet<String> = page.iter().map(|entry| entry.reference()).collect();
    let mut added: Vec<Arc<Entry>> = Vec::new();
    for entry in page {
        for include in search.includes.iter().filter(|include| include.kind == entry.kind) {
            for target in targets(include, entry) {
                if let Some(found) = resolve(world, target, include.target)
                    && seen.insert(target.to_owned())
                {
                    added.push(found);
                }
            }
        }
        for reverse in &search.reverse {
            for found in referrers(world, reverse, entry) {
                if seen.insert(found.reference()) {
                    added.push(found);
                }
            }
        }
    }
    added
}

fn targets<'e>(include: &Include, entry: &'e Entry) -> impl Iterator<Item = &'e str> {
    let param = include.param;
    let facts = entry.facts.iter().filter(move |fact| param.is_none_or(|param| param == fact.param));
    facts.filter_map(|fact| match &fact.term {
        Term::Reference(target) => Some(target.as_str()),
        _ => None,
    })
}

fn resolve(world: &World, target: &str, only: Option<Kind>) -> Option<Arc<Entry>> {
    let (kind, id) = target.split_once('/')?;
    let kind = Kind::parse(kind).filter(|kind| only.is_none_or(|only| only == *kind))?;
    world.get(kind, id).ok()
}

fn referrers(world: &World, reverse: &Include, entry: &Entry) -> Vec<Arc<Entry>> {
    let Some(record) = index_of_id(&entry.id).and_then(|index| world.hospital.record(index)) else {
        return Vec::new();
    };
    let wanted = entry.reference();
    let all = record.entries.iter().filter(|candidate| candidate.kind == reverse.kind);
    let hits = all.filter(|candidate| targets(reverse, candidate).any(|target| target == wanted));
    hits.filter_map(|candidate| world.now(candidate)).collect()
}
