//! Stored events as FHIR AuditEvent (IHE BALP).

use fhir_profiles::audit_event::{AuditFacts, Happening, author};

use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::{AccountId, ClientId, FhirId, PracticeId, RequestId};
use crate::store::audit::StoredAudit;

/// The event as an AuditEvent resource, JSON. `base` is the facade's base URL.
pub fn as_audit_event(stored: &StoredAudit, base: &str) -> Vec<u8> {
    let event = &stored.event;
    let patients: Vec<&str> = event.patients.iter().map(FhirId::as_str).collect();
    let restful = matches!(event.kind, AuditKind::Disclosure | AuditKind::Refusal);
    let happening = match event.what.rsplit(' ').next() {
        Some("read") if restful => Happening::Read,
        Some("search" | "page") if restful => Happening::Query,
        _ if event.kind == AuditKind::PatientSearch => Happening::Query,
        _ => Happening::Other,
    };
    let outcome = match event.outcome {
        AuditOutcome::Success => "0",
        AuditOutcome::Refused => "4",
        AuditOutcome::Failure => "8",
    };
    let who = event.account.as_ref().map(AccountId::as_str);
    author(&AuditFacts {
        sequence: stored.number,
        recorded: &event.at.to_string(),
        happening,
        what: &event.what,
        outcome,
        reason: event.reason.as_deref(),
        who: who.or(event.practice.as_ref().map(PracticeId::as_str)),
        client: event.client.as_ref().map(ClientId::as_str),
        address: event.address.as_deref(),
        patients: &patients,
        request: event.request.as_ref().map(RequestId::as_str),
        base,
    })
}
