//! The first lock: proof that the policy allowed an interaction.

use std::sync::Arc;

use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;

use super::facts::Facts;
use super::subject::Subject;

/// Proof that the policy allowed `interaction` for `subject`. `ehr` and `cache` take nothing else.
#[derive(Debug)]
pub struct Permit {
    pub(super) subject: Arc<Subject>,
    pub(super) interaction: Arc<Interaction>,
    pub(super) facts: Facts,
}

impl Permit {
    /// What was allowed: the upstream URL and the cache key derive from it.
    pub fn interaction(&self) -> &Interaction {
        &self.interaction
    }
}

/// Proof that the policy itself asks: opens just the PCP facts of one patient, never a body for a caller.
#[derive(Clone, Debug)]
pub struct FactLookup {
    pub(super) patient: FhirId,
}

impl FactLookup {
    /// Whose PCPs are asked for.
    pub fn patient(&self) -> &FhirId {
        &self.patient
    }
}
