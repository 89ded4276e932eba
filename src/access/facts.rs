//! What is true of a subject and the patients in question, loaded before the policy decides.

use smallvec::SmallVec;

use crate::domain::grant::DataKinds;
use crate::domain::ids::{AccountId, FhirId, GrantId, PracticeId};

/// Why access exists (DESIGN.md 1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// A member of this practice is the patient's PCP in the EHR (S-30).
    Pcp(PracticeId),
    /// A patient or guardian granted it (S-40).
    Grant(GrantId),
}

/// One reason for access and what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Why.
    pub basis: Basis,
    /// Through which sponsoring provider, for a sponsored user (S-71).
    pub sponsor: Option<AccountId>,
    /// Which kinds of data (D-06).
    pub kinds: DataKinds,
    /// Whether resources labelled restricted are covered (D-11).
    pub restricted: bool,
}

impl Reach {
    /// The word of the basis in the audit log and on pages: `pcp`, `grant`, or `sponsor` when it comes through one.
    pub const fn word(&self) -> &'static str {
        match (&self.sponsor, &self.basis) {
            (Some(_), _) => "sponsor",
            (None, Basis::Pcp(_)) => "pcp",
            (None, Basis::Grant(_)) => "grant",
        }
    }
}

/// What is known of one patient in relation to the subject. A patient without an entry is out of reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientFacts {
    /// Whose record.
    pub patient: FhirId,
    /// Every reason for access; empty: none.
    pub reach: SmallVec<[Reach; 2]>,
}

impl PatientFacts {
    /// Nothing is known of the patient in relation to the subject.
    pub fn none(patient: FhirId) -> Self {
        Self { patient, reach: SmallVec::new() }
    }
}

/// The facts for one request. The default knows nothing and so allows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the subject's account, client and practice are all active.
    pub active: bool,
    /// Whether a provider or a practice stands behind the subject. Not so for staff, guardians, and sponsored users without
    /// a sponsor: they reach nothing through the facade.
    pub represented: bool,
    /// Sorted by patient.
    patients: SmallVec<[PatientFacts; 1]>,
}

impl Facts {
    /// Facts about the subject alone.
    pub fn new(active: bool, represented: bool) -> Self {
        Self { active, represented, patients: SmallVec::new() }
    }

    /// Adds, or replaces, what is known of one patient.
    pub fn insert(&mut self, facts: PatientFacts) {
        match self.place(&facts.patient) {
            Ok(place) => {
                if let Some(own) = self.patients.get_mut(place) {
                    *own = facts;
                }
            }
            Err(place) => self.patients.insert(place, facts),
        }
    }

    /// What is known of `patient`; `None`: it was not looked up, which allows nothing.
    pub fn of(&self, patient: &FhirId) -> Option<&PatientFacts> {
        self.patients.get(self.place(patient).ok()?)
    }

    fn place(&self, patient: &FhirId) -> Result<usize, usize> {
        self.patients.binary_search_by(|own| own.patient.cmp(patient))
    }
}
