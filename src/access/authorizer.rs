//! Loads facts, asks the policy, makes permits and releases bodies.

use std::sync::Arc;

use crate::domain::clock::SharedClock;
use crate::domain::ids::{FhirId, Mrn};
use crate::fhir::interaction::Interaction;

use super::permit::Permit;
use super::refusal::Refusal;
use super::released::Released;
use super::sources::{PrimaryCareSource, RelationshipSource};
use super::subject::Subject;
use super::unreleased::Unreleased;

/// What a searchset is framed with besides its entries. Made by `records` for one request; a single resource has no use for it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The search as it was understood, as an absolute URL of the facade: `Bundle.link` with relation `self`.
    pub self_url: &'a str,
    /// Seals the EHR's next link into an absolute page URL for this subject: relation `next`.
    pub seal: &'a (dyn Fn(&str) -> String + Send + Sync),
    /// What `Bundle.total` says.
    pub total: Total,
    /// Leave out every entry and both links (`_summary=count`).
    pub count_only: bool,
}

/// `Bundle.total`: always of what is released, never of what the EHR holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Not stated: a page of several, or `_total=none`.
    Omit,
    /// The matches released from this body; for a search that fits one page.
    OfThisBody,
    /// Counted over all pages by `records`.
    Known(u32),
}

/// What a searcher typed (S-31, S-60).
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What an exact search found.
#[derive(Debug)]
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
}

/// What the hospital's configuration says about access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessSettings {
    /// Whether a practice's own system also has the grants of the practice's providers (DESIGN.md 2).
    pub practice_systems_use_grants: bool,
}

/// The policy with its sources of facts.
pub struct Authorizer {
    settings: AccessSettings,
    clock: SharedClock,
    relationships: Arc<dyn RelationshipSource>,
    primary_care: Arc<dyn PrimaryCareSource>,
}

impl Authorizer {
    /// An authorizer over these sources.
    pub fn new(
        clock: SharedClock,
        relationships: Arc<dyn RelationshipSource>,
        primary_care: Arc<dyn PrimaryCareSource>,
        settings: AccessSettings,
    ) -> Self {
        Self { settings, clock, relationships, primary_care }
    }

    /// Decides whether `subject` may ask for `interaction` at all.
    pub async fn authorize(
        &self,
        _subject: &Arc<Subject>,
        _interaction: Arc<Interaction>,
    ) -> Result<Permit, Refusal> {
        let _ = (&self.settings, &self.clock, &self.relationships, &self.primary_care);
        todo!()
    }

    /// Whether `subject` may open the record of `patient` at all, whatever the scopes: for patient pickers, launches and
    /// saved lists.
    pub async fn reaches(&self, _subject: &Subject, _patient: &FhirId) -> Result<bool, Refusal> {
        todo!()
    }

    /// Releases what has no patient of its own (Medication, Provenance, Binary) through what the same subject was already
    /// given: a Binary through a DocumentReference or DiagnosticReport that points to it, a Medication through what
    /// prescribes it, a Provenance when all its targets are among `seen`.
    pub async fn release_through(
        &self,
        _permit: Permit,
        _unreleased: Unreleased,
        _seen: &[&Released],
    ) -> Result<Released, Refusal> {
        todo!()
    }

    /// Allows the portal's one exact search for a patient (S-31): an MRN, or full name and date of birth. `interaction` is
    /// the search on Patient that asks the EHR for just that. Only for the portal's own subjects.
    pub async fn authorize_patient_search(
        &self,
        _subject: &Arc<Subject>,
        _interaction: Arc<Interaction>,
        _sought: PatientSought,
    ) -> Result<Permit, Refusal> {
        todo!()
    }

    /// Says of each patient that matches exactly what was typed, whether the record is within reach (S-31). What the EHR
    /// returned besides is dropped.
    pub async fn identify(
        &self,
        _permit: Permit,
        _unreleased: Unreleased,
    ) -> Result<PatientMatches, Refusal> {
        todo!()
    }

    /// Filters a body under the permit by which it was fetched, and frames a searchset.
    pub async fn release(
        &self,
        _permit: Permit,
        _unreleased: Unreleased,
        _frame: Frame<'_>,
    ) -> Result<Released, Refusal> {
        todo!()
    }
}
