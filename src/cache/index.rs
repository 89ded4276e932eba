//! Which keys hold whose data, and which purges have happened: so that a purge finds every entry, also those whose answer
//! was under way when it came.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::access::unreleased::{Holds, Unreleased};
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::{Judgement, ResourceType};

/// Purges remembered for the sake of answers under way. An answer that began before the oldest of them is not kept.
const REMEMBERED: usize = 1024;

/// What a purge is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purge {
    /// One patient's data, and what may be.
    Patient(FhirId),
    /// A type.
    Type(ResourceType),
    /// One interaction.
    Key(Interaction),
    /// Everything.
    All,
}

/// What an entry is about, for purges.
#[derive(Clone, Debug)]
pub(super) struct Tags {
    patients: SmallVec<[FhirId; 1]>,
    types: SmallVec<[ResourceType; 2]>,
    /// Goes with a purge of any patient, because whose it is or would be is not known.
    anybody: bool,
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
        // An answer that names no patient may change with any: a search by identifier, an id that was not there.
        let open = asked.judgement() != Judgement::Directory
            && interaction.patient().is_none()
            && (interaction.is_search() || body.is_none());
        Self { patients, types, anybody: unknown || open }
    }

    fn falls_under(&self, purge: &Purge, key: &Interaction) -> bool {
        match purge {
            Purge::Patient(patient) => self.anybody || self.patients.contains(patient),
            Purge::Type(resource_type) => self.types.contains(resource_type),
            Purge::Key(purged) => purged == key,
            Purge::All => true,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Interaction, (u64, Tags)>,
    by_patient: HashMap<FhirId, HashSet<Interaction>>,
    of_anybody: HashSet<Interaction>,
    purges: VecDeque<Purge>,
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
        state.purges.iter().rev().take(missed).any(|purge| tags.falls_under(purge, key))
    }

    /// Notes a purge and returns the keys of the entries that fall under it, some perhaps twice.
    pub(super) fn purge(&self, purge: Purge) -> Vec<Interaction> {
        let state = &mut *self.0.lock();
        let found = match &purge {
            Purge::Patient(patient) => {
                let theirs = state.by_patient.get(patient).into_iter().flatten();
                theirs.chain(&state.of_anybody).cloned().collect()
            }
            Purge::Type(_) | Purge::All => {
                let under = |(key, (_, tags)): &(&Interaction, &(u64, Tags))| tags.falls_under(&purge, key);
                state.entries.iter().filter(under).map(|(key, _)| key.clone()).collect()
            }
            Purge::Key(key) => state.entries.contains_key(key).then(|| key.clone()).into_iter().collect(),
        };
        state.purged += 1;
        state.purges.push_back(purge);
        if state.purges.len() > REMEMBERED {
            state.purges.pop_front();
        }
        found
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.entries.len(), state.by_patient.values().map(HashSet::len).sum())
    }
}

impl State {
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
