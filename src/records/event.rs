//! Audit events of the pipeline. Identifiers only: never a value of a search, never a word of a record.

use crate::access::released::Released;
use crate::access::subject::{Actor, Subject};
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;

use super::{Caller, Unanswered};

/// What happened, for the event.
pub(super) struct Happened<'a> {
    /// `Observation search`.
    pub(super) what: String,
    /// The patient that the request itself named: whose record a refusal was about.
    pub(super) named: Option<&'a FhirId>,
}

impl Happened<'_> {
    /// The event of an answer or of a refusal.
    pub(super) fn event(
        self,
        caller: &Caller,
        at: Timestamp,
        outcome: &Result<Released, Unanswered>,
    ) -> AuditEvent {
        let blank = blank(caller, at, self.what);
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
                AuditEvent {
                    kind: AuditKind::Refusal,
                    outcome,
                    patients: self.named.cloned().into_iter().collect(),
                    reason: Some(reason.to_owned()),
                    ..blank
                }
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
