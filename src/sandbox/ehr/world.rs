//! The hospital as it stands now: what was generated, and what has been changed since.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use super::outcome::Refusal;
use crate::domain::clock::SharedClock;
use crate::sandbox::hospital::Hospital;
use crate::sandbox::hospital::entry::Entry;
use crate::sandbox::hospital::facts::Term;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::meta::Label;

/// A later version of a resource.
#[derive(Clone, Debug)]
pub struct Version {
    /// The resource; of a deleted one, as it was last.
    pub entry: Arc<Entry>,
    /// Whether this version says that it was deleted.
    pub deleted: bool,
}

/// The hospital and what changed in it.
pub struct World {
    /// What was generated.
    pub hospital: Hospital,
    clock: SharedClock,
    changed: AtomicBool,
    changes: RwLock<HashMap<String, Vec<Version>>>,
    by_mrn: HashMap<String, usize>,
    by_gp: RwLock<HashMap<String, Vec<usize>>>,
    by_carer: HashMap<String, usize>,
    listeners: broadcast::Sender<Version>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("hospital", &self.hospital).finish_non_exhaustive()
    }
}

impl World {
    /// The hospital, unchanged.
    pub fn new(hospital: Hospital, clock: SharedClock) -> Self {
        let children = hospital.children();
        let by_mrn = children.iter().map(|child| (child.mrn.clone(), child.index)).collect();
        let mut by_gp: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_carer = HashMap::new();
        for child in children {
            for gp in &child.gp {
                by_gp.entry(gp.reference()).or_default().push(child.index);
            }
            for carer in &child.household.carers {
                by_carer.entry(carer.email()).or_insert(child.index);
            }
        }
        Self {
            clock,
            changed: AtomicBool::new(false),
            changes: RwLock::default(),
            by_mrn,
            by_gp: RwLock::new(by_gp),
            by_carer,
            listeners: broadcast::channel(256).0,
            hospital,
        }
    }

    /// The child with that MRN.
    pub fn by_mrn(&self, mrn: &str) -> Option<usize> {
        self.by_mrn.get(mrn).copied()
    }

    /// The children whose PCP is that reference (`Practitioner/...`), in order.
    pub fn by_gp(&self, reference: &str) -> Vec<usize> {
        self.by_gp.read().get(reference).cloned().unwrap_or_default()
    }

    /// The first child of the guardian with that mailbox.
    pub fn by_carer(&self, email: &str) -> Option<usize> {
        self.by_carer.get(email).copied()
    }

    /// Every version of a resource, oldest first; none when it never existed.
    pub fn versions(&self, kind: Kind, id: &str) -> Vec<Version> {
        let Some(first) = self.hospital.get(kind, id) else { return Vec::new() };
        let mut all = vec![Version { entry: first, deleted: false }];
        if self.changed.load(Ordering::Acquire) {
            all.extend(self.changes.read().get(&format!("{kind}/{id}")).into_iter().flatten().cloned());
        }
        all
    }

    /// A resource as it is now.
    pub fn get(&self, kind: Kind, id: &str) -> Result<Arc<Entry>, Refusal> {
        let first = self.hospital.get(kind, id).ok_or_else(Refusal::not_found)?;
        self.now(&first).ok_or_else(|| Refusal::gone("Resource was deleted."))
    }

    /// The latest version of a generated resource; `None` when it has been deleted.
    pub fn now(&self, first: &Arc<Entry>) -> Option<Arc<Entry>> {
        if !self.changed.load(Ordering::Acquire) {
            return Some(Arc::clone(first));
        }
        match self.changes.read().get(&first.reference()).and_then(|versions| versions.last()) {
            None => Some(Arc::clone(first)),
            Some(last) => (!last.deleted).then(|| Arc::clone(&last.entry)),
        }
    }

    /// Gives a child other PCPs: references such as `Practitioner/prac-142`, `PractitionerRole/...`,
    /// `Organization/...`. An empty list takes them all away. Refuses a reference that leads nowhere.
    pub fn move_patient(&self, patient: &str, references: &[String]) -> Result<(), Refusal> {
        for reference in references {
            let known = reference.split_once('/').and_then(|(kind, id)| {
                let kind = Kind::parse(kind).filter(|kind| kind.is_directory())?;
                self.hospital.get(kind, id)
            });
            if known.is_none() {
                return Err(Refusal::invalid("A PCP reference leads nowhere."));
            }
        }
        let index = crate::sandbox::hospital::person::index_of_id(patient).ok_or_else(Refusal::not_found)?;
        let revised = self.revise(Kind::Patient, patient, |body| {
            body.remove("generalPractitioner");
            if !references.is_empty() {
                let gp: Vec<Value> = references.iter().map(|r| json!({ "reference": r })).collect();
                body.insert("generalPractitioner".into(), Value::Array(gp));
            }
        })?;
        let mut by_gp = self.by_gp.write();
        by_gp.values_mut().for_each(|panel| panel.retain(|child| *child != index));
        for term in revised.terms("general-practitioner") {
            if let Term::Reference(reference) = term {
                let panel = by_gp.entry(reference.clone()).or_default();
                panel.push(index);
                panel.sort_unstable();
                panel.dedup();
            }
        }
        Ok(())
    }

    /// Sets the security labels of a resource; none takes them away.
    pub fn restrict(&self, kind: Kind, id: &str, labels: &[Label]) -> Result<(), Refusal> {
        self.revise(kind, id, |body| {
            let meta = body.entry("meta").or_insert_with(|| json!({}));
            if let Some(meta) = meta.as_object_mut() {
                meta.remove("security");
                if !labels.is_empty() {
                    meta.insert("security".into(), labels.iter().map(|label| label.coding()).collect());
                }
            }
        })?;
        Ok(())
    }

    /// Deletes a resource.
    pub fn delete(&self, kind: Kind, id: &str) -> Result<(), Refusal> {
        let entry = self.get(kind, id)?;
        let gone = Entry { version: entry.version + 1, updated: self.clock.now(), ..(*entry).clone() };
        self.keep(Version { entry: Arc::new(gone), deleted: true });
        Ok(())
    }

    /// Makes a new version of a resource with `change` applied to its JSON.
    pub fn revise(
        &self,
        kind: Kind,
        id: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Arc<Entry>, Refusal> {
        let entry = Arc::new(self.get(kind, id)?.revise(self.clock.now(), change));
        self.keep(Version { entry: Arc::clone(&entry), deleted: false });
        Ok(entry)
    }

    /// Hears of each change from now on.
    pub fn listen(&self) -> broadcast::Receiver<Version> {
        self.listeners.subscribe()
    }

    fn keep(&self, version: Version) {
        let heard = version.clone();
        self.changes.write().entry(version.entry.reference()).or_default().push(version);
        self.changed.store(true, Ordering::Release);
        // Only now: whoever hears of it and asks gets the new version. That nobody listens is as usual.
        let _ = self.listeners.send(heard);
    }
}
