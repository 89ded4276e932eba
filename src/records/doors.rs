//! What people who reach no record may be told (D-10): a guardian, who can see a child's record; hospital staff, whose an MRN is.

use crate::access::authorizer::PatientSought;
use crate::access::doors::FamilyView;
use crate::access::explain::Explanation;
use crate::access::refusal::{DenyReason, Refusal};
use crate::domain::account::Account;
use crate::domain::audit::{AuditEvent, AuditKind};
use crate::domain::ids::{AccountId, FhirId};
use crate::fhir::interaction::Interaction;

use super::event::blank;
use super::patients::upstream_search;
use super::{Caller, Records, Unanswered};

impl Records {
    /// What a guardian is told of one of the patients whom the account decides for. Nothing clinical; recorded all the same.
    pub async fn family_view(
        &self,
        caller: &Caller,
        guardian: &Account,
        patient: &FhirId,
        mrn_system: Option<&str>,
    ) -> Result<FamilyView, Unanswered> {
        let outcome = self.ask_for_family(caller, guardian, patient, mrn_system).await;
        let event = blank(caller, self.clock.now(), "family view".to_owned());
        let event = AuditEvent { kind: AuditKind::Access, patients: vec![patient.clone()], ..event };
        self.record(event, outcome.as_ref().err()).await?;
        outcome
    }

    async fn ask_for_family(
        &self,
        caller: &Caller,
        guardian: &Account,
        patient: &FhirId,
        mrn_system: Option<&str>,
    ) -> Result<FamilyView, Unanswered> {
        let permit = self.authorizer.authorize_family(guardian, &caller.subject, patient)?;
        match self.bodies.fetch(&permit).await? {
            Some(unreleased) => Ok(self.authorizer.family_view(permit, unreleased, mrn_system).await?),
            None => Err(Unanswered::not_found(DenyReason::NotFound)),
        }
    }

    /// Whose MRN this is, for the audit log alone: an identifier, nothing of the patient.
    pub async fn whose_mrn(
        &self,
        caller: &Caller,
        staff: &Account,
        sought: PatientSought,
    ) -> Result<Vec<FhirId>, Unanswered> {
        let outcome = self.ask_whose(caller, staff, sought).await;
        let event = blank(caller, self.clock.now(), "audit search".to_owned());
        let patients = outcome.clone().unwrap_or_default();
        let event = AuditEvent { kind: AuditKind::Administration, patients, ..event };
        self.record(event, outcome.as_ref().err()).await?;
        outcome
    }

    async fn ask_whose(
        &self,
        caller: &Caller,
        staff: &Account,
        sought: PatientSought,
    ) -> Result<Vec<FhirId>, Unanswered> {
        let interaction = Interaction::Search(upstream_search(&sought));
        let permit = self.authorizer.authorize_audit_search(staff, &caller.subject, interaction, sought)?;
        let Some(unreleased) = self.bodies.fetch(&permit).await? else { return Ok(Vec::new()) };
        let found = self.authorizer.identify(permit, unreleased).await?;
        Ok(found.not_authorized.into_iter().map(|one| one.patient).collect())
    }

    /// Why this account sees the record of `patient`, or does not. Recorded as what staff did about that patient.
    pub async fn explain_access(
        &self,
        caller: &Caller,
        staff: &Account,
        account: &AccountId,
        patient: &FhirId,
    ) -> Result<Explanation, Unanswered> {
        let outcome = self.authorizer.explain(staff, &caller.subject, account, patient).await;
        let outcome = outcome.map_err(Unanswered::from);
        let event = blank(caller, self.clock.now(), "explain access".to_owned());
        let event = AuditEvent {
            kind: AuditKind::Administration,
            patients: vec![patient.clone()],
            reason: Some(format!("account {account}")),
            ..event
        };
        self.record(event, outcome.as_ref().err()).await?;
        outcome
    }

    async fn record(&self, event: AuditEvent, failed: Option<&Unanswered>) -> Result<(), Unanswered> {
        let event = match failed {
            Some(unanswered) => {
                let (outcome, reason) = unanswered.audited();
                AuditEvent { outcome, reason: Some(reason.to_owned()), ..event }
            }
            None => event,
        };
        self.audit.record(event).await.map_err(|_| Refusal::AuditUnavailable)?;
        Ok(())
    }
}
