//! The portal's exact patient search: the one place that says "not authorized" (S-31).

use std::sync::Arc;

use crate::domain::ids::{FhirId, Mrn};
use crate::fhir::identity::Identity;
use crate::fhir::index::{EntryFacts, IndexedBody, Shape};

use super::released::Released;

/// What a searcher typed (S-31, S-60).
#[derive(Clone, PartialEq, Eq)]
pub enum PatientSought {
    /// A medical record number.
    Mrn {
        /// The identifier system of the hospital's MRNs; `None` accepts any system.
        system: Option<Arc<str>>,
        /// The number.
        value: Mrn,
    },
    /// Full name and date of birth; compared without regard to case and outer space.
    Person {
        /// `Patient.name.family`.
        family: String,
        /// One of `Patient.name.given`, or all of them separated by spaces.
        given: String,
        /// `Patient.birthDate`, `YYYY-MM-DD`.
        birth_date: String,
    },
}

impl std::fmt::Debug for PatientSought {
    /// Without what was typed, which is PHI.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mrn { .. } => "PatientSought::Mrn",
            Self::Person { .. } => "PatientSought::Person",
        })
    }
}

impl PatientSought {
    fn is(&self, identity: &Identity) -> bool {
        match self {
            Self::Mrn { system, value } => identity.has_identifier(system.as_deref(), value.as_str()),
            Self::Person { family, given, birth_date } => identity.is_person(family, given, birth_date),
        }
    }
}

/// What an exact search found.
#[derive(Debug, Default)]
pub struct PatientMatches {
    /// The matching patients within reach, each its whole Patient resource.
    pub reachable: Vec<Released>,
    /// The matching patients beyond reach: "not authorized".
    pub not_authorized: Vec<NotAuthorized>,
}

/// A patient who exists, and whose record the searcher may not open. Nothing of the record comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAuthorized {
    /// Whose record: for an access request, never for display.
    pub patient: FhirId,
    /// Whether the EHR names any PCP, for the right next step (S-32, S-41).
    pub has_primary_care: bool,
    /// The patient's initials, for mails about a request (D-13), never for display to the searcher.
    pub initials: String,
    /// Whether the EHR marks the patient as having a patient-portal account (S-43); `None`: it does not say.
    pub portal_account: Option<bool>,
}

/// The Patient entries that are who was sought, each as a body of its own. The EHR may have matched more loosely.
pub(super) fn matching(body: &IndexedBody, sought: &PatientSought) -> Vec<(EntryFacts, Arc<IndexedBody>)> {
    let Shape::Bundle(index) = &body.shape else { return Vec::new() };
    let mut found: Vec<(EntryFacts, Arc<IndexedBody>)> = Vec::new();
    for entry in &index.entries {
        let (Some(facts), Some(resource)) = (&entry.facts, body.resource_of(entry)) else { continue };
        let repeated = found.iter().any(|(other, _)| other.id == facts.id);
        if repeated || !sought.is(&Identity::of_patient(&resource)) {
            continue;
        }
        let shape = Shape::Resource(facts.clone());
        let one = IndexedBody { bytes: resource, media_type: Arc::clone(&body.media_type), shape };
        found.push((facts.clone(), Arc::new(one)));
    }
    found
}
