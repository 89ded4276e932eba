//! Which keys hold whose data, and which purges have happened: so that a purge finds every entry, also those whose answer
//! was under way when it came.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::access::forget::Forget;
use crate::access::unreleased::{Holds, Unreleased};
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::{Judgement, ResourceType};

/// Purges remembered for the sake of answers under way. An answer that began before the oldest of them is not kept.
const REMEMBERED: usize = 4096;

/// What an entry is about, for purges.
#[derive(Clone, Debug)]
pub(super) struct Tags {
    patients: SmallVec<[FhirId; 1]>,
    types: SmallVec<[ResourceType; 2]>,
    /// Digests of the resources in it, sorted.
    resources: SmallVec<[u64; 1]>,
    /// Goes with a purge of any patient, because whose it is or would be is not known.
    anybody: bool,
    /// A search that brings other types along, which it may not hold yet.
    includes: bool,
}

/// Sixty-four bits of a resource's type and id. Two that meet cost a needless purge.
fn digest(resource_type: ResourceType, id: &FhirId) -> u64 {
    ahash::RandomState::with_seeds(1, 2, 3, 4).hash_one((resource_type, id))
}

impl Tags {
    pub(super) fn of(interaction: &Interaction, body: Option<&Unreleased>) -> Self {
        let Holds { mut patients, mut types, unknown } = body.map(Unreleased::holds).unwrap_or_default();
        let asked = interaction.resource_type();
        if !types.contains(&asked) {
            types.push(asked);
        }
        if let Some(patient) = interaction.patient()
            && !patients.contains(patient)
        {
            patients.push(patient.clone());
        }
        let mut resources: SmallVec<[u64; 1]> = body
            .into_iter()
            .flat_map(|body| body.resources().map(|(resource_type, id)| digest(resource_type, id)))
            .collect();
        resources.extend(named(interaction).map(|id| digest(asked, id)));
        resources.sort_unstable();
        resources.dedup();
        // An answer that names no patient may change with any: a search by identifier, an id that was not there.
        let open = asked.judgement() != Judgement::Directory
            && interaction.patient().is_none()
            && (interaction.is_search() || body.is_none());
        let includes = match interaction {
            Interaction::Search(search) | Interaction::Page { search, .. } => {
                search.query.contains("include")
            }
            _ => false,
        };
        Self { patients, types, resources, anybody: unknown || open, includes }
    }

    /// Memory in the index, in bytes, near enough.
    pub(super) fn weight(&self) -> usize {
        // Sets of keys are at most seven eighths full and often half.
        const PLACE: usize = 2 * size_of::<Interaction>() + 16;
        let places = self.patients.len() + usize::from(self.anybody);
        size_of::<Self>() + places * PLACE + self.resources.len() * size_of::<u64>()
    }

    fn is_of(&self, patient: &FhirId) -> bool {
        self.anybody || self.patients.contains(patient)
    }

    fn may_hold(&self, resource_type: ResourceType) -> bool {
        self.includes || self.types.contains(&resource_type)
    }

    /// Whether it is a search that could find a resource of this type, whosever it is.
    fn may_find(&self, key: &Interaction, resource_type: ResourceType) -> bool {
        let nobodys = resource_type.judgement() == Judgement::Directory;
        key.is_search() && (self.anybody || nobodys) && self.may_hold(resource_type)
    }

    fn holds(&self, resource: u64) -> bool {
        self.resources.binary_search(&resource).is_ok()
    }

    /// Whether an answer under way falls under a purge.
    fn falls_under(&self, key: &Interaction, purge: &Forget) -> bool {
        match purge {
            Forget::All => true,
            Forget::Type(resource_type) => self.may_hold(*resource_type),
            Forget::Patient(patient) => self.is_of(patient),
            Forget::PatientType(patient, resource_type) => {
                self.is_of(patient) && self.may_hold(*resource_type)
            }
            Forget::Resource(resource_type, id) => {
                self.holds(digest(*resource_type, id)) || self.may_find(key, *resource_type)
            }
        }
    }
}

/// The id that a request for one resource names.
fn named(interaction: &Interaction) -> Option<&FhirId> {
    match interaction {
        Interaction::Read { id, .. } | Interaction::Version { id, .. } | Interaction::History { id, .. } => {
            Some(id)
        }
        Interaction::Search(_) | Interaction::Page { .. } => None,
    }
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Interaction, (u64, Tags), ahash::RandomState>,
    by_patient: HashMap<FhirId, HashSet<Interaction, ahash::RandomState>, ahash::RandomState>,
    of_anybody: HashSet<Interaction, ahash::RandomState>,
    purges: VecDeque<Forget>,
    /// Purges so far, those forgotten included.
    purged: u64,
}

#[derive(Debug, Default)]
pub(super) struct Index(Mutex<State>);

impl Index {
    /// The place in the sequence of purges, to be taken before the EHR is asked.
    pub(super) fn mark(&self) -> u64 {
        self.0.lock().purged
    }

    /// Notes that the entry `number` is kept under `key`, in place of what was there.
    pub(super) fn add(&self, key: &Interaction, number: u64, tags: Tags) {
        let state = &mut *self.0.lock();
        state.drop_entry(key, None);
        for patient in &tags.patients {
            state.by_patient.entry(patient.clone()).or_default().insert(key.clone());
        }
        if tags.anybody {
            state.of_anybody.insert(key.clone());
        }
        state.entries.insert(key.clone(), (number, tags));
    }

    /// Notes that the entry `number` is gone; a newer one under the same key stays.
    pub(super) fn remove(&self, key: &Interaction, number: u64) {
        self.0.lock().drop_entry(key, Some(number));
    }

    /// Whether an answer to `key` about `tags`, asked for at `mark`, has fallen under a purge since.
    pub(super) fn purged_since(&self, mark: u64, key: &Interaction, tags: &Tags) -> bool {
        let state = self.0.lock();
        let missed = usize::try_from(state.purged.saturating_sub(mark)).unwrap_or(usize::MAX);
        if missed > state.purges.len() {
            return true;
        }
        state.purges.iter().rev().take(missed).any(|purge| tags.falls_under(key, purge))
    }

    /// Notes a purge and returns the keys of the entries that fall under it.
    pub(super) fn purge(&self, purge: &Forget) -> Vec<Interaction> {
        let state = &mut *self.0.lock();
        let found = match purge {
            Forget::Patient(patient) => state.of_patient(patient, |_| true),
            Forget::PatientType(patient, resource_type) => {
                state.of_patient(patient, |tags| tags.may_hold(*resource_type))
            }
            Forget::Resource(resource_type, id) => {
                // Whose it is, as far as is known here: their searches could find it as it is now.
                let resource = digest(*resource_type, id);
                let of_theirs = |patient| Forget::PatientType(patient, *resource_type);
                let nobodys = resource_type.judgement() != Judgement::Patient;
                let patients = if nobodys { Vec::new() } else { state.patients_of(resource) };
                let purges: Vec<_> = patients.into_iter().map(of_theirs).collect();
                let mut found = state.falling_under(purge);
                for theirs in &purges {
                    found.extend(state.falling_under(theirs));
                }
                for theirs in purges {
                    state.note(theirs);
                }
                found
            }
            Forget::Type(_) | Forget::All => state.falling_under(purge),
        };
        state.note(purge.clone());
        found.into_iter().collect::<HashSet<_, ahash::RandomState>>().into_iter().collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.entries.len(), state.by_patient.values().map(HashSet::len).sum())
    }
}

impl State {
    /// The keys of a patient's entries, and of those that may be anybody's, as far as `wanted`.
    fn of_patient(&self, patient: &FhirId, wanted: impl Fn(&Tags) -> bool) -> Vec<Interaction> {
        let theirs = self.by_patient.get(patient).into_iter().flatten().chain(&self.of_anybody);
        theirs.filter(|key| self.entries.get(*key).is_none_or(|(_, tags)| wanted(tags))).cloned().collect()
    }

    fn falling_under(&self, purge: &Forget) -> Vec<Interaction> {
        if let Forget::PatientType(patient, resource_type) = purge {
            return self.of_patient(patient, |tags| tags.may_hold(*resource_type));
        }
        let under = |(key, (_, tags)): &(&Interaction, &(u64, Tags))| tags.falls_under(key, purge);
        self.entries.iter().filter(under).map(|(key, _)| key.clone()).collect()
    }

    /// Whose a resource is, as far as the answers that hold it tell; perhaps others beside them.
    fn patients_of(&self, resource: u64) -> Vec<FhirId> {
        let holding = self.entries.values().map(|(_, tags)| tags).filter(|tags| tags.holds(resource));
        let mut patients: Vec<_> = holding.flat_map(|tags| tags.patients.clone()).collect();
        patients.sort_unstable();
        patients.dedup();
        patients
    }

    fn note(&mut self, purge: Forget) {
        self.purged += 1;
        self.purges.push_back(purge);
        if self.purges.len() > REMEMBERED {
            self.purges.pop_front();
        }
    }

    /// Takes `key` out, if `number` is absent or is the entry that is there.
    fn drop_entry(&mut self, key: &Interaction, number: Option<u64>) {
        let Some((held, _)) = self.entries.get(key) else { return };
        if number.is_some_and(|number| number != *held) {
            return;
        }
        let Some((_, tags)) = self.entries.remove(key) else { return };
        for patient in &tags.patients {
            if let Some(keys) = self.by_patient.get_mut(patient) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_patient.remove(patient);
                }
            }
        }
        self.of_anybody.remove(key);
    }
}
