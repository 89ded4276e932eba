//! What the authorization server asks about patients and users. Implemented over the pipeline of clinical data, so that the
//! picker offers what the policy allows and nothing else.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::access::authorizer::PatientSought;
use crate::domain::ids::{AccountId, FhirId, Npi};
use crate::records::Caller;

/// A patient as the picker and the consent page show one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientLine {
    /// Logical id.
    pub id: FhirId,
    /// Name as printed.
    pub name: String,
    /// Birth date as printed.
    pub birth_date: String,
    /// Medical record number.
    pub mrn: String,
}

/// What the picker offers before anything is searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The user's saved list (S-61), as far as it can be reached.
    pub saved: Vec<PatientLine>,
    /// The user's practice panel, without those above.
    pub panel: Vec<PatientLine>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// What a search in the picker found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Patients whom the user may open.
    pub reachable: Vec<PatientLine>,
    /// How many match whom the user may not open.
    pub not_authorized: usize,
}

/// Why patients cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatientsError {
    /// The EHR cannot be reached.
    Unavailable,
    /// Too many searches without a match (S-31).
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
}

/// Which patients a user may pick. The caller is the user in the portal's own name.
pub trait Patients: Send + Sync {
    /// The saved list and the panel.
    fn offered<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Offered, PatientsError>>;

    /// An exact search (S-60), in the first reading of what was typed that finds somebody.
    fn search<'a>(
        &'a self,
        caller: &'a Caller,
        readings: Vec<PatientSought>,
    ) -> BoxFuture<'a, Result<Found, PatientsError>>;

    /// The patient with this id, if the user may open the record.
    fn reachable<'a>(
        &'a self,
        caller: &'a Caller,
        patient: &'a FhirId,
    ) -> BoxFuture<'a, Result<Option<PatientLine>, PatientsError>>;
}

/// Who a user is in the hospital's directory.
pub trait FhirUsers: Send + Sync {
    /// The Practitioner with this NPI, asked in the name of its own account. `None` when there is none, or it cannot be had
    /// now.
    fn practitioner<'a>(&'a self, account: &'a AccountId, npi: &'a Npi) -> BoxFuture<'a, Option<FhirId>>;
}
