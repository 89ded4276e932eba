//! `/staff/audit`: the latest entries, and those about one patient (D-10).

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::access::authorizer::PatientSought;
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::{AccountId, FhirId, Mrn};
use crate::portal::Portal;
use crate::portal::ask::unanswered;
use crate::store::audit::StoredAudit;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{SignedIn, Staff};

/// Entries on a page.
const PAGE: u32 = 50;
/// Entries about one patient, at most.
const OF_PATIENT: u32 = 200;

#[derive(Template)]
#[template(path = "portal/staff/audit.html")]
struct AuditPage {
    chrome: Chrome,
    errors: FormErrors,
    mrn: String,
    about: Option<String>,
    rows: Vec<Row>,
    older: Option<u64>,
    cut: bool,
}

struct Row {
    number: u64,
    at: String,
    kind: &'static str,
    what: String,
    who: String,
    who_id: Option<String>,
    client: Option<String>,
    outcome: &'static str,
    refused: bool,
    reason: Option<String>,
    patients: usize,
    resources: u32,
}

/// Where to go on in the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    before: Option<u64>,
}

/// The latest entries, or those before a number.
pub async fn latest(
    State(portal): State<Portal>,
    Query(place): Query<Place>,
    user: Staff,
) -> Result<Response, Problem> {
    let store = portal.web.store();
    let head = store.audit_head().await.map_err(Problem::internal)?.number;
    let last = place.before.map_or(head, |before| before.saturating_sub(1).min(head));
    let first = last.saturating_sub(u64::from(PAGE) - 1).max(1);
    let count = u32::try_from((last + 1).saturating_sub(first)).unwrap_or(PAGE);
    let mut events = store.read_audit(first, count).await.map_err(Problem::internal)?;
    events.reverse();
    let page = AuditPage {
        chrome: user.chrome("Audit log"),
        errors: FormErrors::default(),
        mrn: String::new(),
        about: None,
        rows: rows(&portal, &events).await?,
        older: (first > 1).then_some(first),
        cut: false,
    };
    Ok(Page::new(page).into_response())
}

/// What was typed. An MRN travels in the body of a POST, never in a URL.
#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    mrn: String,
}

/// The entries about the patient with an MRN.
pub async fn of_patient(
    State(portal): State<Portal>,
    user: Staff,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let (errors, patient) = match Mrn::parse(form.mrn.trim()) {
        Ok(mrn) => match patient_with(&portal, &user, mrn).await? {
            Some(patient) => (FormErrors::default(), Some(patient)),
            None => (FormErrors::one("mrn", "No patient has this MRN. Check each digit."), None),
        },
        Err(_) => (FormErrors::one("mrn", "Enter an MRN: letters, digits and hyphens."), None),
    };
    let events = match &patient {
        Some(patient) => {
            portal.web.store().audit_of_patient(patient, None, OF_PATIENT).await.map_err(Problem::internal)?
        }
        None => Vec::new(),
    };
    let mrn = form.mrn.trim().to_owned();
    let page = AuditPage {
        chrome: user.chrome("Audit log"),
        errors,
        about: patient.map(|_| mrn.clone()),
        mrn,
        rows: rows(&portal, &events).await?,
        older: None,
        cut: events.len() >= OF_PATIENT as usize,
    };
    Ok(Page::new(page).into_response())
}

/// Whose MRN it is. Staff reach no record: they learn the identifier that the audit log uses, nothing of the patient.
pub(super) async fn patient_with(
    portal: &Portal,
    user: &SignedIn,
    mrn: Mrn,
) -> Result<Option<FhirId>, Problem> {
    let sought = PatientSought::Mrn { system: portal.mrn_system.clone(), value: mrn };
    let whose = portal.records.whose_mrn(&portal.caller(user), &user.account, sought).await;
    Ok(whose.map_err(unanswered)?.into_iter().next())
}

async fn rows(portal: &Portal, events: &[StoredAudit]) -> Result<Vec<Row>, Problem> {
    let mut names: HashMap<AccountId, String> = HashMap::new();
    for account in events.iter().filter_map(|stored| stored.event.account.as_ref()) {
        if !names.contains_key(account) {
            let known = portal.web.store().account(account).await.map_err(Problem::internal)?;
            names.insert(account.clone(), known.map_or_else(|| account.to_string(), |known| known.name));
        }
    }
    Ok(events.iter().map(|stored| row(portal, stored, &names)).collect())
}

fn row(portal: &Portal, stored: &StoredAudit, names: &HashMap<AccountId, String>) -> Row {
    let event = &stored.event;
    let who = event.account.as_ref().and_then(|account| names.get(account).cloned());
    let system = event.practice.as_ref().map(|practice| format!("System of practice {practice}"));
    let client = event.client.as_ref();
    Row {
        number: stored.number,
        at: dates::moment(event.at, &portal.web.settings().time_zone),
        kind: kind_words(event.kind),
        what: event.what.replace('_', " "),
        who: who.or(system).unwrap_or_else(|| "Nobody signed in".to_owned()),
        who_id: event.account.as_ref().map(ToString::to_string),
        client: client
            .map(|id| portal.web.store().client(id).map_or_else(|| id.to_string(), |c| c.name.clone())),
        outcome: match event.outcome {
            AuditOutcome::Success => "Done",
            AuditOutcome::Refused => "Refused",
            AuditOutcome::Failure => "Failed",
        },
        refused: event.outcome != AuditOutcome::Success,
        reason: event.reason.as_ref().map(|reason| reason.replace('_', " ")),
        patients: event.patients.len(),
        resources: event.resources,
    }
}

const fn kind_words(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::Disclosure => "Record read",
        AuditKind::Refusal => "Record refused",
        AuditKind::PatientSearch => "Patient search",
        AuditKind::SignIn => "Sign-in",
        AuditKind::Consent => "Consent",
        AuditKind::Token => "Token",
        AuditKind::Access => "Access change",
        AuditKind::Administration => "Administration",
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |number, kind, what: &str, refused, reason: Option<&str>| Row {
        number,
        at: "24 Nov 2026, 09:41".into(),
        kind,
        what: what.into(),
        who: "Dr. Ana Ellis".into(),
        who_id: Some("a".into()),
        client: Some("Record viewer".into()),
        outcome: if refused { "Refused" } else { "Done" },
        refused,
        reason: reason.map(str::to_owned),
        patients: 1,
        resources: 24,
    };
    let rows = vec![
        row(1204, "Record read", "Observation search", false, Some("pcp")),
        row(1203, "Record refused", "Patient read", true, Some("no relationship")),
    ];
    let page = AuditPage {
        chrome: chrome.clone(),
        errors: FormErrors::default(),
        mrn: String::new(),
        about: None,
        rows,
        older: Some(1203),
        cut: false,
    };
    let wrong = AuditPage {
        chrome: chrome.clone(),
        errors: FormErrors::one("mrn", "No patient has this MRN. Check each digit."),
        mrn: "CG-1".into(),
        about: None,
        rows: vec![],
        older: None,
        cut: false,
    };
    vec![("staff-audit", page.render().unwrap()), ("staff-audit-wrong", wrong.render().unwrap())]
}
