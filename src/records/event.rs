//! Audit events of the pipeline. Identifiers only: never a value of a search, never a word of a record.

use tokio::time::Instant;

use crate::access::released::Released;
use crate::access::subject::{Actor, Subject};
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;

use super::{Caller, Unanswered};

/// One request on its way through the pipeline, with what its audit event will say.
pub(super) struct Asked<'a> {
    pub(super) caller: &'a Caller,
    /// `Observation search`.
    pub(super) what: String,
    /// Whose record it is about, as far as that is known: the patient that the request names, or whose the resource is.
    pub(super) about: Vec<FhirId>,
    /// Whether it may be about patients of whom none is named: then whoever is hidden costs a look at who their PCPs are.
    pub(super) of_anybody: bool,
    /// When it came.
    pub(super) begun: Instant,
}

impl<'a> Asked<'a> {
    pub(super) fn new(caller: &'a Caller, interaction: &Interaction) -> Self {
        let about = interaction.patient().cloned().into_iter().collect();
        Self::about(caller, interaction.label(), about)
    }

    /// A request that is called `what`, about these patients.
    pub(super) fn about(caller: &'a Caller, what: String, about: Vec<FhirId>) -> Self {
        Self { caller, what, about, of_anybody: false, begun: Instant::now() }
    }

    /// The event of an answer or of a refusal.
    pub(super) fn event(self, at: Timestamp, outcome: &Result<Released, Unanswered>) -> AuditEvent {
        let blank = blank(self.caller, at, self.what);
        match outcome {
            Ok(released) => AuditEvent {
                kind: AuditKind::Disclosure,
                patients: released.patients().to_vec(),
                reason: released.basis().map(str::to_owned),
                resources: released.resources(),
                ..blank
            },
            Err(unanswered) => {
                let (outcome, reason) = unanswered.audited();
                let mut patients = self.about;
                patients.sort_unstable();
                patients.dedup();
                let reason = Some(reason.to_owned());
                AuditEvent { kind: AuditKind::Refusal, outcome, patients, reason, ..blank }
            }
        }
    }
}

/// A successful disclosure of nothing yet, by this caller.
pub(super) fn blank(caller: &Caller, at: Timestamp, what: String) -> AuditEvent {
    let (account, practice) = match &caller.subject.actor {
        Actor::Account(account) => (Some(account.clone()), None),
        Actor::Practice(practice) => (None, Some(practice.clone())),
    };
    AuditEvent {
        at,
        kind: AuditKind::Disclosure,
        outcome: AuditOutcome::Success,
        account,
        practice,
        client: caller.subject.client.clone(),
        patients: Vec::new(),
        what,
        reason: None,
        resources: 0,
        request: caller.request.clone(),
        address: caller.address.clone(),
    }
}

/// Who asks, as bytes to bind a page handle to: another person or another client cannot use it.
pub(super) fn binding(subject: &Subject) -> Vec<u8> {
    let (kind, actor) = match &subject.actor {
        Actor::Account(account) => ("account", account.as_str()),
        Actor::Practice(practice) => ("practice", practice.as_str()),
    };
    let client = subject.client.as_ref().map_or("", |client| client.as_str());
    let patient = subject.patient.as_ref().map_or("", |patient| patient.as_str());
    // None of the parts can hold the separator: identifiers are of a narrow alphabet.
    format!("page\n{kind}\n{actor}\n{client}\n{patient}").into_bytes()
}
