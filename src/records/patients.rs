//! The portal's exact search for a patient (S-31, S-60), and which patients are within reach (S-61).

use std::sync::Arc;

use futures_util::stream::{FuturesOrdered, TryStreamExt as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::Instant;

use crate::access::authorizer::{PatientMatches, PatientSought};
use crate::access::refusal::Refusal;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::ResourceType;

use super::event::blank;
use super::{Caller, Records, Unanswered};

/// Patients whose PCPs are asked for at the same time.
const AT_ONCE: usize = 8;

impl Records {
    /// Finds the patients that match exactly what was typed: those within reach with their Patient resource, the others as
    /// "not authorized" alone. The caller has limited the rate. Audited as a patient search, whatever was found.
    pub async fn find_patient(
        &self,
        caller: &Caller,
        sought: PatientSought,
    ) -> Result<PatientMatches, Unanswered> {
        let begun = Instant::now();
        let outcome = self.identify(caller, sought).await;
        let event = search_event(blank(caller, self.clock.now(), "Patient find".to_owned()), &outcome);
        self.audit.record(event).await.map_err(|_| Refusal::AuditUnavailable)?;
        self.even.out(begun).await;
        outcome
    }

    async fn identify(&self, caller: &Caller, sought: PatientSought) -> Result<PatientMatches, Unanswered> {
        let interaction = Arc::new(Interaction::Search(upstream_search(&sought)));
        let permit = self.authorizer.authorize_patient_search(&caller.subject, interaction, sought).await?;
        match self.fetch(&permit).await? {
            Some(unreleased) => Ok(self.authorizer.identify(permit, unreleased).await?),
            None => Ok(PatientMatches { reachable: Vec::new(), not_authorized: Vec::new() }),
        }
    }

    /// Of these patients, those whose record the caller may open now: for pickers, launches and saved lists. Nothing is
    /// disclosed by it, so nothing is audited; what is then read, is.
    pub async fn reachable(&self, caller: &Caller, patients: &[FhirId]) -> Result<Vec<FhirId>, Unanswered> {
        let mut answers = FuturesOrdered::new();
        let mut reachable = Vec::new();
        for patient in patients {
            if answers.len() == AT_ONCE {
                reachable.extend(answers.try_next().await?.flatten());
            }
            answers.push_back(self.reached(caller, patient.clone()));
        }
        while let Some(answer) = answers.try_next().await? {
            reachable.extend(answer);
        }
        Ok(reachable)
    }

    /// The patient, if within reach.
    async fn reached(&self, caller: &Caller, patient: FhirId) -> Result<Option<FhirId>, Unanswered> {
        Ok(self.authorizer.reaches(&caller.subject, &patient).await?.then_some(patient))
    }
}

/// What the EHR is asked. What it returns is compared again: EHRs match names loosely.
pub(super) fn upstream_search(sought: &PatientSought) -> Search {
    let encode = |text: &str| utf8_percent_encode(text.trim(), NON_ALPHANUMERIC).to_string();
    let query = match sought {
        PatientSought::Mrn { system, value } => {
            let system = system.as_deref().map(|system| format!("{}%7C", encode(system)));
            format!("_count=20&identifier={}{}", system.unwrap_or_default(), encode(value.as_str()))
        }
        PatientSought::Person { family, given, birth_date } => {
            let first = given.split_whitespace().next().unwrap_or_default();
            format!(
                "_count=50&birthdate={}&family={}&given={}",
                encode(birth_date),
                encode(family),
                encode(first)
            )
        }
    };
    Search { resource_type: ResourceType::Patient, patient: None, query: query.into() }
}

fn search_event(blank: AuditEvent, outcome: &Result<PatientMatches, Unanswered>) -> AuditEvent {
    let event = AuditEvent { kind: AuditKind::PatientSearch, ..blank };
    match outcome {
        Ok(found) => {
            let reachable = found.reachable.iter().flat_map(|released| released.patients().iter().cloned());
            let refused = found.not_authorized.iter().map(|refused| refused.patient.clone());
            let denied = found.reachable.is_empty() && !found.not_authorized.is_empty();
            AuditEvent {
                outcome: if denied { AuditOutcome::Refused } else { AuditOutcome::Success },
                reason: denied.then(|| "no_relationship".to_owned()),
                resources: u32::try_from(found.reachable.len()).unwrap_or(u32::MAX),
                patients: reachable.chain(refused).collect(),
                ..event
            }
        }
        Err(unanswered) => {
            let (outcome, reason) = unanswered.audited();
            AuditEvent { outcome, reason: Some(reason.to_owned()), ..event }
        }
    }
}
