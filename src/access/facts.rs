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

/// The facts for one request. The default knows nothing and so allows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the subject's account, client and practice are all active.
    pub active: bool,
    /// One element for each patient in question that was looked up.
    pub patients: SmallVec<[PatientFacts; 1]>,
}
