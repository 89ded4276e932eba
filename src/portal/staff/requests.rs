//! `/staff/requests`: support's queue of PCP requests (S-06, S-32), oldest first, each with what the EHR says of the PCP now.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::explain::{Answer as Explained, answer_for};
use crate::access::forget::Forget;
use crate::accounts::{AccountsError, Answer};
use crate::domain::access_request::{AccessRequest, RequestKind, RequestState};
use crate::domain::account::{Account, AccountKind};
use crate::domain::ids::AccessRequestId;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::portal::requests::SOUGHT;
use crate::records::purges::PurgedBy;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Support;

/// Requests on the page.
const SHOWN: u32 = 200;

/// A request in the queue.
struct Line {
    id: String,
    name: String,
    practices: String,
    sought: String,
    asked: String,
    age: String,
}

#[derive(Template)]
#[template(path = "portal/staff/requests.html")]
struct QueuePage {
    chrome: Chrome,
    lines: Vec<Line>,
    count: u64,
    with_families: u64,
    done: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/staff/request.html")]
struct RequestPage {
    chrome: Chrome,
    errors: FormErrors,
    id: String,
    account: Account,
    npi: String,
    practices: String,
    sought: String,
    reason: String,
    contact: String,
    asked: String,
    open: bool,
    state: &'static str,
    answer: Option<String>,
    ehr: Option<Explained>,
    typed: String,
}

/// What was done last, for the line on top.
#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: Option<String>,
}

/// The queue.
pub async fn queue(
    State(portal): State<Portal>,
    user: Support,
    Query(query): Query<Done>,
) -> Result<Response, Problem> {
    let store = portal.web.store();
    let waiting = store.access_requests_waiting(RequestKind::Pcp).await.map_err(Problem::internal)?;
    let families = store.access_requests_waiting(RequestKind::NonPcp).await.map_err(Problem::internal)?;
    let mut lines = Vec::new();
    let practices = store.practices().await.map_err(Problem::internal)?;
    for request in store.access_request_queue(RequestKind::Pcp, SHOWN).await.map_err(Problem::internal)? {
        let Some(account) = store.account(&request.provider).await.map_err(Problem::internal)? else {
            continue;
        };
        let zone = &portal.web.settings().time_zone;
        let on = dates::day_of(request.asked_at, zone);
        lines.push(Line {
            id: request.id.to_string(),
            practices: practices_of(&account, &practices),
            name: account.name,
            sought: sought(&portal, &request),
            asked: dates::moment(request.asked_at, zone),
            age: dates::ago(on, portal.today()),
        });
    }
    let done = query.done.as_deref().and_then(|done| match done {
        "corrected" => Some("Answered: the record is open to the practice."),
        "refused" => Some("Answered: the provider reads your reason."),
        "passed-on" => Some("The family has been asked."),
        "late" => Some("Somebody else had answered that request already."),
        _ => None,
    });
    let chrome = user.chrome("Requests for PCP access");
    let page = QueuePage { chrome, lines, count: waiting.count, with_families: families.count, done };
    Ok(Page::new(page).into_response())
}

fn practices_of(account: &Account, practices: &[crate::domain::practice::Practice]) -> String {
    let AccountKind::Provider { npi } = &account.kind else { return String::new() };
    let own = practices.iter().filter(|practice| practice.roster.contains(npi));
    own.map(|practice| practice.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the provider typed to find the patient; it matched exactly.
fn sought(portal: &Portal, request: &AccessRequest) -> String {
    let opened = portal.web.keys().open_from_browser::<String>(SOUGHT, &request.sought);
    opened.unwrap_or_else(|| format!("{}, to be asked of the provider", request.initials))
}

async fn find(portal: &Portal, id: &str) -> Result<AccessRequest, Problem> {
    let id = AccessRequestId::parse(id).map_err(|_| Problem::NotFound)?;
    portal.web.store().access_request(&id).await.map_err(Problem::internal)?.ok_or(Problem::NotFound)
}

/// One request.
pub async fn show(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Support,
) -> Result<Response, Problem> {
    let request = find(&portal, &id).await?;
    Ok(Page::new(page(&portal, &user, request).await?).into_response())
}

async fn page(portal: &Portal, user: &Support, request: AccessRequest) -> Result<RequestPage, Problem> {
    let store = portal.web.store();
    let account =
        store.account(&request.provider).await.map_err(Problem::internal)?.ok_or(Problem::NotFound)?;
    let practices = store.practices().await.map_err(Problem::internal)?;
    let open = request.kind == RequestKind::Pcp && request.is_open(portal.web.now());
    let ehr = if open { fresh(portal, user, &account, &request).await? } else { None };
    let npi = match &account.kind {
        AccountKind::Provider { npi } => npi.to_string(),
        _ => String::new(),
    };
    Ok(RequestPage {
        chrome: user.chrome(format!("PCP request of {}", account.name)),
        errors: FormErrors::default(),
        id: request.id.to_string(),
        npi,
        practices: practices_of(&account, &practices),
        account,
        sought: sought(portal, &request),
        asked: dates::moment(request.asked_at, &portal.web.settings().time_zone),
        open,
        state: match (request.state, request.kind) {
            (RequestState::Asked, RequestKind::NonPcp) => "Passed on to the family",
            (RequestState::Asked, RequestKind::Pcp) if open => "Open",
            (RequestState::Granted, _) => "Answered: yes",
            (RequestState::Refused, _) => "Answered: no",
            (RequestState::Withdrawn, _) => "Taken back by the provider",
            _ => "Ended without an answer",
        },
        answer: request.answer,
        reason: request.reason,
        contact: request.contact,
        ehr,
        typed: String::new(),
    })
}

/// What the EHR says now, not what was remembered; `None` while it does not answer.
async fn fresh(
    portal: &Portal,
    user: &Support,
    account: &Account,
    request: &AccessRequest,
) -> Result<Option<Explained>, Problem> {
    let by = PurgedBy {
        account: Some(user.account.id.clone()),
        way: "access request",
        request: Some(user.request.clone()),
        address: Some(user.address.0.clone()),
    };
    let forget = [Forget::Patient(request.patient.clone())];
    portal.upkeep.purges.order(&by, &forget).await.map_err(Problem::internal)?;
    match answer_for(portal, user, account, &request.patient).await {
        Ok(answer) => Ok(Some(answer)),
        Err(Problem::HospitalUnreachable { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What was decided.
#[derive(Deserialize)]
pub struct Decision {
    #[serde(default)]
    reason: String,
}

/// Answers a request: `corrected`, `refuse` or `pass-on`.
pub async fn decide(
    State(portal): State<Portal>,
    Path((id, decision)): Path<(String, String)>,
    user: Support,
    CsrfForm(form): CsrfForm<Decision>,
) -> Result<Response, Problem> {
    let request = find(&portal, &id).await?;
    let (requests, by) = (portal.accounts.access_requests(), by(&user));
    let (outcome, done) = match &*decision {
        "corrected" => {
            // The page does not take anybody's word for it: the EHR is asked.
            let page = page(&portal, &user, request.clone()).await?;
            if page.open && !page.ehr.as_ref().is_some_and(|ehr| ehr.sees) {
                let message = "The hospital\u{2019}s system does not name this practice yet. Correct the PCP there first.";
                let page = RequestPage { errors: FormErrors::one("corrected", message), ..page };
                return Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response());
            }
            (requests.answer(&request.id, Answer::Corrected, &by).await.map(drop), "corrected")
        }
        "refuse" => {
            let reason = form.reason.clone();
            (requests.answer(&request.id, Answer::Refuse { reason }, &by).await.map(drop), "refused")
        }
        "pass-on" => (requests.pass_on(&request.id, &by).await, "passed-on"),
        _ => return Err(Problem::NotFound),
    };
    match outcome {
        Ok(()) => Ok(Redirect::to(&format!("/staff/requests?done={done}")).into_response()),
        Err(AccountsError::Unknown) => Ok(Redirect::to("/staff/requests?done=late").into_response()),
        Err(AccountsError::Invalid(message)) => {
            let page = page(&portal, &user, request).await?;
            if !page.open {
                return Ok(Redirect::to("/staff/requests?done=late").into_response());
            }
            let page = RequestPage { errors: FormErrors::one("reason", message), typed: form.reason, ..page };
            Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(other) => Err(Problem::internal(other)),
    }
}

/// Where a decision's address leads a browser that goes there.
pub async fn back(Path((id, _)): Path<(String, String)>, _user: Support) -> Redirect {
    match AccessRequestId::parse(&id) {
        Ok(id) => Redirect::to(&format!("/staff/requests/{id}")),
        Err(_) => Redirect::to("/staff/requests"),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome, account: &Account) -> Vec<(&'static str, String)> {
    let line = |n: usize| Line {
        id: format!("r{n}"),
        name: account.name.clone(),
        practices: "Northside Pediatrics".into(),
        sought: "CG-100201".into(),
        asked: "3 Nov 2026, 09:41".into(),
        age: "3 weeks ago".into(),
    };
    let queue = |lines: Vec<Line>, done| {
        let chrome = Chrome { title: "Requests for PCP access".into(), ..chrome.clone() };
        let count = lines.len() as u64;
        QueuePage { chrome, lines, count, with_families: 4, done }.render().unwrap()
    };
    let request = |open, errors, ehr| {
        RequestPage {
            chrome: Chrome { title: format!("PCP request of {}", account.name), ..chrome.clone() },
            errors,
            id: "r1".into(),
            account: account.clone(),
            npi: "1234567893".into(),
            practices: "Northside Pediatrics".into(),
            sought: "Ada Kim, 3/14/2019".into(),
            reason: "New to our practice since October".into(),
            contact: "(555) 010-0111".into(),
            asked: "3 Nov 2026, 09:41".into(),
            open,
            state: if open { "Open" } else { "Answered: no" },
            answer: (!open).then(|| "The family named another practice.".into()),
            ehr,
            typed: String::new(),
        }
        .render()
        .unwrap()
    };
    let ehr = |sees| Explained {
        sees,
        because: vec!["The PCP is at Southside Pediatrics.".into()],
        facts: vec![("PCP in the hospital’s system", vec!["Provider with NPI 1679576722".into()])],
        at: "24 Nov 2026, 09:41".into(),
    };
    let wrong = FormErrors::one("corrected", "The hospital\u{2019}s system does not name this practice yet.");
    vec![
        ("staff-requests", queue(vec![line(1), line(2)], Some("Answered: the provider reads your reason."))),
        ("staff-requests-none", queue(vec![], None)),
        ("staff-request", request(true, FormErrors::default(), Some(ehr(false)))),
        ("staff-request-counts", request(true, FormErrors::default(), Some(ehr(true)))),
        ("staff-request-not-yet", request(true, wrong, Some(ehr(false)))),
        ("staff-request-reason", request(true, FormErrors::one("reason", "Give the reason."), None)),
        ("staff-request-done", request(false, FormErrors::default(), None)),
    ]
}
