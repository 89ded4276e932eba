//! The first lock: proof that the policy allowed an interaction.

use std::sync::Arc;

use crate::domain::ids::{FhirId, Npi, PracticeId};
use crate::fhir::interaction::Interaction;

use super::facts::Facts;
use super::identify::PatientSought;
use super::payer::Payer;
use super::sources::PrimaryCare;
use super::subject::Subject;

/// Proof that the policy allowed `interaction` for `subject`. `ehr` and `cache` take nothing else.
///
/// Only `access` can make one, and one permit is good for one release:
///
/// ```compile_fail,E0451
/// # use std::sync::Arc;
/// # use chartgate::{access::{facts::Facts, permit::Permit, subject::Subject}, fhir::interaction::Interaction};
/// # fn forge(subject: Arc<Subject>, interaction: Arc<Interaction>) -> Permit {
/// Permit { subject, interaction, facts: Facts::new(true, true), sought: None }
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # fn twice(permit: &chartgate::access::permit::Permit) -> chartgate::access::permit::Permit {
/// Clone::clone(permit)
/// # }
/// ```
#[derive(Debug)]
pub struct Permit {
    pub(super) subject: Arc<Subject>,
    pub(super) interaction: Arc<Interaction>,
    pub(super) facts: Facts,
    /// For the portal's exact patient search: who was sought.
    pub(super) sought: Option<PatientSought>,
}

impl Permit {
    /// What was allowed: the upstream URL and the cache key derive from it.
    pub fn interaction(&self) -> &Interaction {
        &self.interaction
    }

    /// Leave to ask the EHR the same once more on nobody's behalf.
    pub fn renewal(&self) -> Renewal {
        Renewal { interaction: Arc::clone(&self.interaction) }
    }
}

/// Leave to ask the EHR again what somebody was permitted to ask while the answer was in the cache. What comes of it goes into
/// the cache and to nobody: whoever reads it there is decided upon like any other.
///
/// ```compile_fail,E0451
/// # use std::sync::Arc;
/// # use chartgate::{access::permit::Renewal, fhir::interaction::Interaction};
/// # fn forge(interaction: Arc<Interaction>) -> Renewal {
/// Renewal { interaction }
/// # }
/// ```
#[derive(Debug)]
pub struct Renewal {
    interaction: Arc<Interaction>,
}

impl Renewal {
    /// What is asked.
    pub fn interaction(&self) -> &Interaction {
        &self.interaction
    }

    #[cfg(test)]
    pub(crate) fn for_tests(interaction: Interaction) -> Self {
        Self { interaction: Arc::new(interaction) }
    }
}

/// Proof that the policy itself asks whose PCPs are on the rosters behind a subject: opens ids alone, on each of which it
/// decides again.
#[derive(Clone, Debug, Default)]
pub struct PanelLookup {
    pub(super) roster: PrimaryCare,
    pub(super) practices: Vec<PracticeId>,
}

impl PanelLookup {
    /// The NPIs on the rosters.
    pub fn npis(&self) -> &[Npi] {
        &self.roster.npis
    }

    /// The practices' Organizations in the EHR.
    pub fn organizations(&self) -> &[FhirId] {
        &self.roster.organizations
    }

    /// The practices.
    pub fn practices(&self) -> &[PracticeId] {
        &self.practices
    }

    #[cfg(test)]
    pub(crate) fn for_tests(roster: PrimaryCare, practices: Vec<PracticeId>) -> Self {
        Self { roster, practices }
    }
}

/// Proof that the policy itself asks: opens just the PCP facts of one patient, never a body for a caller.
///
/// ```compile_fail,E0451
/// # use chartgate::access::{payer::Payer, permit::FactLookup};
/// # fn forge(patient: chartgate::domain::ids::FhirId) -> FactLookup {
/// FactLookup { patient, payer: Payer::Product }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FactLookup {
    pub(super) patient: FhirId,
    /// For whom the policy asks.
    pub(super) payer: Payer,
}

impl FactLookup {
    /// Whose PCPs are asked for.
    pub fn patient(&self) -> &FhirId {
        &self.patient
    }
}
