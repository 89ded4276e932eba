//! What the policy needs to know of one resource, gathered in a forward pass along its type's plan. Whatever is not as FHIR
//! has it, in an element that decides, makes the resource unjudgeable; it is never guessed at.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::domain::ids::FhirId;
use crate::fhir::compartment::{self, Plan, Role, Step};
use crate::fhir::reference::Target;
use crate::fhir::resource_type::{Judgement, ResourceType};

use super::json::{Cursor, NotJson, Str};
use super::{Coding, EntryFacts};

/// What the resources of one body have in common, kept once.
#[derive(Default)]
pub struct Pool {
    codings: Vec<Coding>,
    patient: Option<FhirId>,
}

impl Pool {
    /// Beyond this many different codings, looking for a known one costs more than it saves.
    const CODINGS: usize = 24;

    fn coding(&mut self, system: &str, code: &str) -> Coding {
        let known = |coding: &&Coding| *coding.code == *code && *coding.system == *system;
        if let Some(coding) = self.codings.iter().find(known) {
            return coding.clone();
        }
        let coding = Coding { system: system.into(), code: code.into() };
        if self.codings.len() < Self::CODINGS {
            self.codings.push(coding.clone());
        }
        coding
    }

    fn patient(&mut self, id: FhirId) -> FhirId {
        match &self.patient {
            Some(known) if *known == id => known.clone(),
            _ => self.patient.insert(id).clone(),
        }
    }
}

/// Reads the value at the cursor. `None`: it is no resource of the product's list, or cannot be judged.
pub fn facts(
    cursor: &mut Cursor<'_>,
    bases: &[&str],
    pool: &mut Pool,
) -> Result<Option<EntryFacts>, NotJson> {
    let Some((kind, plan)) = kind(cursor).and_then(|kind| Some((kind, compartment::plan(kind)?))) else {
        cursor.skip()?;
        return Ok(None);
    };
    let mut found = Found::default();
    found.walk(cursor, &plan.steps, pool)?;
    Ok(found.judged(kind, plan, bases, pool))
}

/// The type of the object at the cursor, which stays where it is. Cheap where `resourceType` comes first, as it mostly does.
fn kind(cursor: &Cursor<'_>) -> Option<ResourceType> {
    let mut ahead = cursor.clone();
    let mut name = None;
    // An error ends the look ahead; the pass proper will meet it again.
    let _ = ahead.object(|cursor, key| {
        if key.text() == "resourceType" {
            name = cursor.string().ok();
            return Err(NotJson);
        }
        cursor.skip()
    });
    ResourceType::parse(&name?.text())
}

/// A Reference reduced to what is compared.
#[derive(Default)]
struct Reference<'a> {
    reference: Option<Cow<'a, str>>,
    type_name: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct Found<'a> {
    type_name: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    labels: SmallVec<[Coding; 1]>,
    categories: SmallVec<[Coding; 2]>,
    owners: SmallVec<[Reference<'a>; 1]>,
    also: SmallVec<[Reference<'a>; 2]>,
    medications: SmallVec<[Reference<'a>; 1]>,
    targets: SmallVec<[Reference<'a>; 1]>,
    attachments: SmallVec<[Cow<'a, str>; 1]>,
    /// Type and id of each contained resource.
    contained: SmallVec<[(Cow<'a, str>, Cow<'a, str>); 1]>,
    flawed: bool,
}

/// Reads an array's elements, or the one value that stands in its place.
fn each<'a>(
    cursor: &mut Cursor<'a>,
    mut element: impl FnMut(&mut Cursor<'a>) -> Result<(), NotJson>,
) -> Result<(), NotJson> {
    if cursor.peek() == Some(b'[') { cursor.array(element) } else { element(cursor) }
}

impl<'a> Found<'a> {
    fn walk(&mut self, cursor: &mut Cursor<'a>, steps: &[Step], pool: &mut Pool) -> Result<(), NotJson> {
        if cursor.peek() != Some(b'{') {
            self.flawed = true;
            return cursor.skip();
        }
        let mut seen: u64 = 0;
        cursor.object(|cursor, key| {
            let key = key.text();
            let Some((place, step)) = steps.iter().enumerate().find(|(_, step)| step.key == *key) else {
                return cursor.skip();
            };
            self.flawed |= seen & 1 << place != 0;
            seen |= 1 << place;
            match step.role {
                Some(Role::TypeName) => self.type_name = self.single(cursor)?,
                Some(Role::Id) => self.id = self.single(cursor)?,
                Some(Role::Version) => self.version = self.single(cursor)?,
                Some(role) => each(cursor, |cursor| self.take(cursor, role, pool))?,
                None => each(cursor, |cursor| self.walk(cursor, &step.below, pool))?,
            }
            Ok(())
        })
    }

    /// A string that must be one.
    fn single(&mut self, cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, NotJson> {
        if cursor.peek() == Some(b'"') {
            return cursor.string().map(|string| Some(string.text()));
        }
        self.flawed = true;
        cursor.skip()?;
        Ok(None)
    }

    fn take(&mut self, cursor: &mut Cursor<'a>, role: Role, pool: &mut Pool) -> Result<(), NotJson> {
        match role {
            Role::Label => {
                let coding = self.coding(cursor, pool)?;
                self.labels.push(coding);
            }
            Role::Coding => {
                let coding = self.coding(cursor, pool)?;
                self.categories.push(coding);
            }
            Role::Concept => self.fields(cursor, &["coding"], |found, cursor, _| {
                each(cursor, |cursor| found.take(cursor, Role::Coding, pool))
            })?,
            Role::Code => {
                if let Some(code) = self.single(cursor)? {
                    self.categories.push(pool.coding("", &code));
                }
            }
            Role::Owner | Role::Also | Role::Medication | Role::Target => {
                let reference = self.reference(cursor)?;
                match role {
                    Role::Owner => self.owners.push(reference),
                    Role::Also => self.also.push(reference),
                    Role::Medication => self.medications.push(reference),
                    _ => self.targets.push(reference),
                }
            }
            Role::Attachment => {
                let mut url = None;
                self.fields(cursor, &["url"], |found, cursor, _| {
                    url = found.single(cursor)?;
                    Ok(())
                })?;
                self.attachments.extend(url);
            }
            Role::Contained => {
                // Its id and type must not be taken for the outer resource's.
                let outer = (self.type_name.take(), self.id.take());
                self.walk(cursor, compartment::contained(), pool)?;
                let inner = (self.type_name.take(), self.id.take());
                (self.type_name, self.id) = outer;
                self.contained.push((inner.0.unwrap_or_default(), inner.1.unwrap_or_default()));
            }
            Role::TypeName | Role::Id | Role::Version => cursor.skip()?,
        }
        Ok(())
    }

    /// Reads an object and hands the values of `keys` to `field` with the key's place; one that comes twice is a flaw.
    fn fields(
        &mut self,
        cursor: &mut Cursor<'a>,
        keys: &[&str],
        mut field: impl FnMut(&mut Self, &mut Cursor<'a>, usize) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        if cursor.peek() != Some(b'{') {
            self.flawed = true;
            return cursor.skip();
        }
        let mut seen = 0_u8;
        cursor.object(|cursor, key: Str<'a>| {
            let key = key.text();
            let Some(place) = keys.iter().position(|known| *known == key) else { return cursor.skip() };
            self.flawed |= seen & 1 << place != 0;
            seen |= 1 << place;
            field(self, cursor, place)
        })
    }

    fn coding(&mut self, cursor: &mut Cursor<'a>, pool: &mut Pool) -> Result<Coding, NotJson> {
        let mut parts = [None, None];
        self.fields(cursor, &["system", "code"], |found, cursor, place| {
            let value = found.single(cursor)?;
            if let Some(part) = parts.get_mut(place) {
                *part = value;
            }
            Ok(())
        })?;
        let [system, code] = parts;
        Ok(pool.coding(&system.unwrap_or_default(), &code.unwrap_or_default()))
    }

    fn reference(&mut self, cursor: &mut Cursor<'a>) -> Result<Reference<'a>, NotJson> {
        let mut reference = Reference::default();
        self.fields(cursor, &["reference", "type"], |found, cursor, place| {
            let value = found.single(cursor)?;
            *(if place == 0 { &mut reference.reference } else { &mut reference.type_name }) = value;
            Ok(())
        })?;
        Ok(reference)
    }

    fn judged(self, kind: ResourceType, plan: &Plan, bases: &[&str], pool: &mut Pool) -> Option<EntryFacts> {
        if self.flawed || self.type_name.as_deref() != Some(kind.as_str()) {
            return None;
        }
        let id = FhirId::parse(self.id.as_deref()?).ok()?;
        let patients = self.patients(kind, plan, &id, bases, pool)?;
        let references = self.references(kind, bases)?;
        let version = self.version.as_deref().map(Arc::from);
        let Self { labels, categories, .. } = self;
        Some(EntryFacts { resource_type: kind, id, version, patients, labels, categories, references })
    }

    /// Every patient in whose compartment it lies; `None` when that cannot be told.
    fn patients(
        &self,
        kind: ResourceType,
        plan: &Plan,
        id: &FhirId,
        bases: &[&str],
        pool: &mut Pool,
    ) -> Option<SmallVec<[FhirId; 1]>> {
        let mut patients: SmallVec<[FhirId; 1]> = SmallVec::new();
        if plan.itself {
            patients.push(pool.patient(id.clone()));
        }
        for owner in &self.owners {
            let Target::Local("Patient", id) = Target::parse(owner.reference.as_deref()?, bases) else {
                return None;
            };
            if !patients.contains(&id) {
                patients.push(pool.patient(id));
            }
        }
        if kind.judgement() == Judgement::Patient && patients.is_empty() {
            return None;
        }
        for reference in &self.also {
            if let Some(id) = self.further(reference, bases).ok()?
                && !patients.contains(&id)
            {
                patients.push(id);
            }
        }
        Some(patients)
    }

    /// The patient that `reference` names, if it names one. An error when it might and cannot be told.
    fn further(&self, reference: &Reference<'_>, bases: &[&str]) -> Result<Option<FhirId>, Unclear> {
        let Some(text) = reference.reference.as_deref() else {
            // By identifier or name alone.
            return if reference.type_name.as_deref() == Some("Patient") { Err(Unclear) } else { Ok(None) };
        };
        match Target::parse(text, bases) {
            Target::Local("Patient", id) => Ok(Some(id)),
            Target::Local(..) => Ok(None),
            Target::Foreign(name) if name != "Patient" => Ok(None),
            Target::Contained(id) => {
                let known = self.contained.iter().any(|(kind, own)| own == id && kind != "Patient");
                let patient = self.contained.iter().any(|(kind, own)| own == id && kind == "Patient");
                if known && !patient { Ok(None) } else { Err(Unclear) }
            }
            Target::Foreign(_) | Target::Unreadable => Err(Unclear),
        }
    }

    /// What it gives access to (Medication, Binary); for a Provenance, what it is about. `None` when a target is unclear.
    fn references(
        &self,
        kind: ResourceType,
        bases: &[&str],
    ) -> Option<SmallVec<[(ResourceType, FhirId); 1]>> {
        let local = |text: &str| match Target::parse(text, bases) {
            Target::Local(name, id) => Some((ResourceType::parse(name)?, id)),
            _ => None,
        };
        if kind == ResourceType::Provenance {
            let targets = self.targets.iter().map(|target| local(target.reference.as_deref()?));
            return targets.collect::<Option<SmallVec<_>>>().filter(|targets| !targets.is_empty());
        }
        let medications = self.medications.iter().filter_map(|reference| reference.reference.as_deref());
        let medications = medications.filter_map(local).filter(|(kind, _)| *kind == ResourceType::Medication);
        let binaries = self.attachments.iter().filter_map(|url| local(url));
        let binaries = binaries.filter(|(kind, _)| *kind == ResourceType::Binary);
        Some(medications.chain(binaries).collect())
    }
}

/// A reference that may or may not name a patient.
struct Unclear;
