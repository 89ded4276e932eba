//! "Not authorized", and the way on: requests for access (S-31, S-32, S-41 to S-44). A card in the search results, and a page for
//! one patient under a sealed handle, on which a provider asks, sees the state, takes it back, or asks again.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Portal;
use super::ask::{by, unanswered};
use crate::access::authorizer::NotAuthorized;
use crate::accounts::{AccountsError, NewAccessRequest};
use crate::domain::access_request::{AccessRequest, RequestKind, RequestState};
use crate::domain::account::AccountKind;
use crate::domain::ids::FhirId;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Clinician, Visitor};

/// The pages of one request, and the family's sheet.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/requests/{handle}/withdraw", post(withdraw).get(back))
        .route("/requests/{handle}/sponsor", post(nudge).get(show_sponsored))
        .route("/requests/{handle}/{kind}", get(show).post(ask))
        .route("/help/patient-portal-sign-up", get(sheet))
}

/// What a handle stands for: a patient whom the user found and may not see.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wanted {
    #[serde(rename = "p")]
    patient: FhirId,
    /// Initials, for mails.
    #[serde(rename = "i")]
    initials: String,
    /// What was typed.
    #[serde(rename = "t")]
    typed: String,
    /// Whether the EHR names a PCP.
    #[serde(rename = "c")]
    has_primary_care: bool,
    /// Whether the family has a patient-portal account, as far as is known.
    #[serde(rename = "a")]
    portal_account: Option<bool>,
}

const HANDLE: &str = "access-request";
/// Under which what was typed is sealed for support.
pub const SOUGHT: &str = "access-request-sought";

/// "You are not authorized to see this record": why, and the one right next step.
pub struct RefusedCard {
    /// One sentence.
    pub why: String,
    /// What can be done.
    pub todo: String,
    /// Where the button leads, and what it says.
    pub button: (String, &'static str),
    /// For those for whom the button is wrong.
    pub other: Option<(String, &'static str)>,
}

impl RefusedCard {
    /// The card for a patient whom the user may not see; `typed` is how the user found the patient.
    pub async fn of(
        portal: &Portal,
        user: &Clinician,
        refused: NotAuthorized,
        typed: &str,
    ) -> Result<Self, Problem> {
        let store = portal.web.store();
        let known = !store.guardians_of(&refused.patient).await.map_err(Problem::internal)?.is_empty();
        let wanted = Wanted {
            patient: refused.patient,
            initials: refused.initials,
            typed: typed.chars().take(200).collect(),
            has_primary_care: refused.has_primary_care,
            portal_account: if known { Some(true) } else { refused.portal_account },
        };
        let handle = portal.web.keys().seal(HANDLE, &user.account.id, &wanted, portal.web.random());
        if user.account.kind == AccountKind::Sponsored {
            return Ok(Self::sponsored(&sponsors(portal, user, &wanted.patient).await?, &handle));
        }
        let latest = portal.accounts.access_requests().latest(&user.account.id, &wanted.patient).await;
        let latest = latest.map_err(Problem::internal)?.filter(|latest| latest.is_open(portal.web.now()));
        Ok(match latest {
            Some(open) => Self::open(&open, &asked_on(portal, &open), &handle),
            None => Self::fresh(&wanted, &handle),
        })
    }

    fn sponsored(sponsors: &[Sponsor], handle: &str) -> Self {
        let asked = sponsors.iter().find_map(|sponsor| sponsor.asked.as_ref().map(|on| (&sponsor.name, on)));
        let todo = match asked {
            Some((name, on)) => {
                format!("{name} asked for it on {on}. When the answer is yes, you see the record as well.")
            }
            None => format!("Ask {} to request access; yours follows by itself.", names(sponsors)),
        };
        Self {
            why: "You see what your sponsoring provider sees, and your provider has no access to this record either.".to_owned(),
            todo,
            button: (format!("/requests/{handle}/sponsor"), "Ask your provider to request it"),
            other: Some(("/help/sponsored-access".to_owned(), "How sponsored access works")),
        }
    }

    fn open(request: &AccessRequest, on: &str, handle: &str) -> Self {
        let (whom, kind) = match request.kind {
            RequestKind::Pcp => ("the hospital\u{2019}s support", "pcp"),
            RequestKind::NonPcp => ("the family", "non-pcp"),
        };
        Self {
            why: format!("You asked for access on {on}, and {whom} has not answered yet."),
            todo: "One request at a time is open for a patient. You are mailed when it is answered."
                .to_owned(),
            button: (format!("/requests/{handle}/{kind}"), "See your request"),
            other: None,
        }
    }

    fn fresh(wanted: &Wanted, handle: &str) -> Self {
        let pcp = |label| (format!("/requests/{handle}/pcp"), label);
        let non_pcp = |label| (format!("/requests/{handle}/non-pcp"), label);
        if !wanted.has_primary_care {
            return Self {
                why: "The hospital\u{2019}s record names no primary care provider for this patient, and the family has not given you access.".to_owned(),
                todo: "If the patient is in your care, the hospital can record you as the primary care provider.".to_owned(),
                button: pcp("Request PCP access"),
                other: Some(non_pcp("I am not the primary care provider")),
            };
        }
        let why = "Neither you nor another provider in your practice is this patient\u{2019}s primary care provider in the hospital\u{2019}s record, and the family has not given you access.".to_owned();
        if wanted.portal_account == Some(false) {
            return Self {
                why,
                todo: "The family can give you access, but this patient has no patient-portal account, so nobody can be asked yet. Print the instructions for signing up and give them to the family; once signed up, they can invite you.".to_owned(),
                button: ("/help/patient-portal-sign-up".to_owned(), "Instructions for the family"),
                other: Some(pcp("I am the primary care provider")),
            };
        }
        Self {
            why,
            todo: "The family can give you access, and decides which parts you see.".to_owned(),
            button: non_pcp("Request non-PCP access"),
            other: Some(pcp("I am the primary care provider")),
        }
    }
}

/// A provider behind a sponsored user, and when that provider asked for the record, if the request is open.
struct Sponsor {
    name: String,
    asked: Option<String>,
}

fn names(sponsors: &[Sponsor]) -> String {
    let names: Vec<_> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    if names.is_empty() { "your sponsoring provider".to_owned() } else { names.join(" or ") }
}

async fn sponsors(portal: &Portal, user: &Clinician, patient: &FhirId) -> Result<Vec<Sponsor>, Problem> {
    let requests = portal.accounts.access_requests();
    let mut found = Vec::new();
    for id in requests.sponsors_of(&user.account.id).await.map_err(Problem::internal)? {
        let Some(account) = portal.web.store().account(&id).await.map_err(Problem::internal)? else {
            continue;
        };
        let latest = requests.latest(&id, patient).await.map_err(Problem::internal)?;
        let open = latest.filter(|latest| latest.is_open(portal.web.now()));
        found.push(Sponsor { name: account.name, asked: open.map(|open| asked_on(portal, &open)) });
    }
    Ok(found)
}

fn asked_on(portal: &Portal, request: &AccessRequest) -> String {
    dates::day(dates::day_of(request.asked_at, &portal.web.settings().time_zone))
}

/// A request as its provider sees it.
struct Asked {
    state: &'static str,
    open: bool,
    what: String,
    on: String,
    answered: Option<String>,
    reason: String,
    answer: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/request.html")]
struct RequestPage {
    chrome: Chrome,
    errors: FormErrors,
    handle: String,
    kind: &'static str,
    pcp: bool,
    typed: String,
    last: Option<Asked>,
    /// The family has not used this portal yet, so nobody was mailed.
    unreached: bool,
    no_account: bool,
    reason: String,
    contact: String,
}

#[derive(Template)]
#[template(path = "portal/request_sponsor.html")]
struct SponsorPage {
    chrome: Chrome,
    handle: String,
    typed: String,
    names: String,
    asked: Option<(String, String)>,
    told: bool,
}

#[derive(Template)]
#[template(path = "portal/portal_sheet.html")]
struct SheetPage {
    chrome: Chrome,
    url: Option<String>,
    portal: String,
}

fn opened(portal: &Portal, user: &Clinician, handle: &str) -> Result<Wanted, Problem> {
    portal.web.keys().open(HANDLE, &user.account.id, handle).ok_or(Problem::NotFound)
}

fn parse(kind: &str) -> Result<RequestKind, Problem> {
    match kind {
        "pcp" => Ok(RequestKind::Pcp),
        "non-pcp" => Ok(RequestKind::NonPcp),
        _ => Err(Problem::NotFound),
    }
}

/// The record, when it is within reach by now.
async fn reached(portal: &Portal, user: &Clinician, patient: &FhirId) -> Result<Option<Response>, Problem> {
    let found = portal.records.reachable(&portal.caller(user), std::slice::from_ref(patient)).await;
    if found.map_err(unanswered)?.is_empty() {
        return Ok(None);
    }
    let chart = super::ask::Chart { patient: patient.clone(), encounter: None };
    Ok(Some(Redirect::to(&portal.chart_href(&user.account.id, &chart)).into_response()))
}

async fn show(
    State(portal): State<Portal>,
    Path((handle, kind)): Path<(String, String)>,
    user: Clinician,
) -> Result<Response, Problem> {
    let (wanted, kind) = (opened(&portal, &user, &handle)?, parse(&kind)?);
    if user.account.kind == AccountKind::Sponsored {
        return Ok(Redirect::to(&format!("/requests/{handle}/sponsor")).into_response());
    }
    if let Some(record) = reached(&portal, &user, &wanted.patient).await? {
        return Ok(record);
    }
    let contact = contact_of(&user);
    let page = page(&portal, &user, handle, &wanted, kind).await?;
    Ok(Page::new(RequestPage { contact, ..page }).into_response())
}

fn contact_of(user: &Clinician) -> String {
    let account = &user.account;
    let parts = account.phone.iter().map(String::as_str).chain([account.email.as_str()]);
    parts.collect::<Vec<_>>().join(", ")
}

async fn page(
    portal: &Portal,
    user: &Clinician,
    handle: String,
    wanted: &Wanted,
    kind: RequestKind,
) -> Result<RequestPage, Problem> {
    let last = portal.accounts.access_requests().latest(&user.account.id, &wanted.patient).await;
    let last = last.map_err(Problem::internal)?;
    let kind = last.as_ref().filter(|last| last.is_open(portal.web.now())).map_or(kind, |last| last.kind);
    let family = portal.web.store().guardians_of(&wanted.patient).await.map_err(Problem::internal)?;
    let pcp = kind == RequestKind::Pcp;
    Ok(RequestPage {
        chrome: user.chrome(if pcp { "Request PCP access" } else { "Request non-PCP access" }),
        errors: FormErrors::default(),
        handle,
        kind: if pcp { "pcp" } else { "non-pcp" },
        pcp,
        typed: wanted.typed.clone(),
        last: last.map(|last| asked(portal, last)),
        unreached: !pcp && family.is_empty(),
        no_account: wanted.portal_account == Some(false) && family.is_empty(),
        reason: String::new(),
        contact: String::new(),
    })
}

fn asked(portal: &Portal, request: AccessRequest) -> Asked {
    let zone = &portal.web.settings().time_zone;
    let day = |at| dates::day(dates::day_of(at, zone));
    let open = request.is_open(portal.web.now());
    Asked {
        state: match request.state {
            RequestState::Asked if open => "Waiting for an answer",
            RequestState::Granted => "Answered: yes",
            RequestState::Refused => "Answered: no",
            RequestState::Withdrawn => "You took it back",
            RequestState::Asked | RequestState::Expired => "Ended without an answer",
        },
        open,
        what: match request.kind {
            RequestKind::Pcp => "PCP access, from the hospital\u{2019}s support",
            RequestKind::NonPcp if request.passed_on_at.is_some() => {
                "Access from the family; the hospital\u{2019}s support passed your request on to them"
            }
            RequestKind::NonPcp => "Access from the family",
        }
        .to_owned(),
        on: day(request.asked_at),
        answered: request.answered_at.map(day),
        reason: request.reason,
        answer: request.answer,
    }
}

/// What was typed.
#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    contact: String,
}

async fn ask(
    State(portal): State<Portal>,
    Path((handle, kind)): Path<(String, String)>,
    user: Clinician,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let (wanted, kind) = (opened(&portal, &user, &handle)?, parse(&kind)?);
    if let Some(record) = reached(&portal, &user, &wanted.patient).await? {
        return Ok(record);
    }
    let here = format!("/requests/{handle}/{}", if kind == RequestKind::Pcp { "pcp" } else { "non-pcp" });
    let mut errors = FormErrors::default();
    if form.reason.trim().is_empty() {
        errors.add("reason", "Say in a few words why you need the record.");
    }
    if form.contact.trim().is_empty() {
        errors.add("contact", "Say how you can be reached.");
    }
    if errors.is_empty() {
        let new = NewAccessRequest {
            kind,
            patient: wanted.patient.clone(),
            initials: wanted.initials.clone(),
            sought: portal.web.keys().seal_for_browser(SOUGHT, &wanted.typed, portal.web.random()),
            reason: form.reason.clone(),
            contact: form.contact.clone(),
        };
        match portal.accounts.access_requests().ask(new, &user.account.id, &by(&user)).await {
            // Asked twice is asked once: the page shows the request that is open.
            Ok(_) | Err(AccountsError::Taken(_)) => return Ok(Redirect::to(&here).into_response()),
            Err(AccountsError::Invalid(message)) => errors.add("reason", message),
            Err(other) => return Err(Problem::internal(other)),
        }
    }
    let page = page(&portal, &user, handle, &wanted, kind).await?;
    let page = RequestPage { errors, reason: form.reason, contact: form.contact, ..page };
    Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

/// No fields of its own.
#[derive(Deserialize)]
struct Nothing {}

async fn withdraw(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
    _form: CsrfForm<Nothing>,
) -> Result<Redirect, Problem> {
    let wanted = opened(&portal, &user, &handle)?;
    let requests = portal.accounts.access_requests();
    let latest = requests.latest(&user.account.id, &wanted.patient).await.map_err(Problem::internal)?;
    let Some(latest) = latest else { return Err(Problem::NotFound) };
    match requests.withdraw(&latest.id, &user.account.id, &by(&user)).await {
        Ok(()) | Err(AccountsError::Unknown) => {}
        Err(other) => return Err(Problem::internal(other)),
    }
    let kind = if latest.kind == RequestKind::Pcp { "pcp" } else { "non-pcp" };
    Ok(Redirect::to(&format!("/requests/{handle}/{kind}")))
}

async fn back(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
) -> Result<Redirect, Problem> {
    let wanted = opened(&portal, &user, &handle)?;
    let kind = if wanted.has_primary_care { "non-pcp" } else { "pcp" };
    Ok(Redirect::to(&format!("/requests/{handle}/{kind}")))
}

async fn show_sponsored(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
) -> Result<Response, Problem> {
    sponsor_page(&portal, &user, handle, false).await
}

async fn sponsor_page(
    portal: &Portal,
    user: &Clinician,
    handle: String,
    told: bool,
) -> Result<Response, Problem> {
    let wanted = opened(portal, user, &handle)?;
    if let Some(record) = reached(portal, user, &wanted.patient).await? {
        return Ok(record);
    }
    let sponsors = sponsors(portal, user, &wanted.patient).await?;
    let names = names(&sponsors);
    let asked = sponsors.into_iter().find_map(|sponsor| sponsor.asked.map(|on| (sponsor.name, on)));
    let chrome = user.chrome("Ask your provider");
    Ok(Page::new(SponsorPage { chrome, handle, typed: wanted.typed, names, asked, told }).into_response())
}

async fn nudge(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Clinician,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    let wanted = opened(&portal, &user, &handle)?;
    if user.account.kind != AccountKind::Sponsored {
        return Err(Problem::NotFound);
    }
    let requests = portal.accounts.access_requests();
    let told = requests.nudge_sponsors(&user.account, &wanted.patient, &wanted.initials, &by(&user)).await;
    let told = !told.map_err(Problem::internal)?.is_empty();
    sponsor_page(&portal, &user, handle, told).await
}

/// What a practice prints for a family without a patient-portal account, in both languages (S-44).
async fn sheet(visitor: Visitor) -> Response {
    let url = visitor.web.settings().portal_sign_up.clone();
    let portal = visitor.web.settings().public_base.to_string();
    Page::new(SheetPage { chrome: visitor.chrome("Signing up for the patient portal"), url, portal })
        .into_response()
}

#[cfg(test)]
pub fn sample_cards() -> Vec<RefusedCard> {
    let wanted = |has_primary_care, portal_account| Wanted {
        patient: FhirId::parse("p").unwrap(),
        initials: "A. K.".into(),
        typed: "Ada Kim".into(),
        has_primary_care,
        portal_account,
    };
    let sponsor =
        |asked: Option<&str>| vec![Sponsor { name: "Dr. Ana Ellis".into(), asked: asked.map(str::to_owned) }];
    vec![
        RefusedCard::fresh(&wanted(true, None), "sealed"),
        RefusedCard::fresh(&wanted(false, None), "sealed"),
        RefusedCard::fresh(&wanted(true, Some(false)), "sealed"),
        RefusedCard::sponsored(&sponsor(None), "sealed"),
        RefusedCard::sponsored(&sponsor(Some("3 Nov 2026")), "sealed"),
    ]
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |pcp: bool, last: Option<Asked>, errors: FormErrors| {
        let title = if pcp { "Request PCP access" } else { "Request non-PCP access" };
        RequestPage {
            chrome: Chrome { title: title.into(), ..chrome.clone() },
            errors,
            handle: "sealed".into(),
            kind: if pcp { "pcp" } else { "non-pcp" },
            pcp,
            typed: "Ada Kim, 3/14/2019".into(),
            last,
            unreached: !pcp,
            no_account: false,
            reason: String::new(),
            contact: "(555) 010-0111, ana.ellis@northside.example".into(),
        }
        .render()
        .unwrap()
    };
    let last = |open, state| Asked {
        state,
        open,
        what: "Access from the family".into(),
        on: "3 Nov 2026".into(),
        answered: (!open).then(|| "5 Nov 2026".into()),
        reason: "Referred for asthma".into(),
        answer: (!open).then(|| "The practice on file was confirmed by phone.".into()),
    };
    let sponsor = |asked, told| {
        let chrome = Chrome { title: "Ask your provider".into(), ..chrome.clone() };
        let (handle, typed, names) = ("sealed".into(), "CG-100201".into(), "Dr. Ana Ellis".into());
        SponsorPage { chrome, handle, typed, names, asked, told }.render().unwrap()
    };
    let sheet = SheetPage {
        chrome: Chrome { title: "Signing up for the patient portal".into(), ..chrome.clone() },
        url: Some("https://portal.lakeside.example/signup".into()),
        portal: "https://gate.lakeside.example/".into(),
    };
    vec![
        ("request-pcp", page(true, None, FormErrors::default())),
        ("request-non-pcp", page(false, None, FormErrors::one("reason", "Say in a few words why."))),
        ("request-open", page(false, Some(last(true, "Waiting for an answer")), FormErrors::default())),
        ("request-answered", page(true, Some(last(false, "Answered: no")), FormErrors::default())),
        ("request-sponsor", sponsor(None, false)),
        ("request-sponsor-told", sponsor(None, true)),
        ("request-sponsor-asked", sponsor(Some(("Dr. Ana Ellis".into(), "3 Nov 2026".into())), false)),
        ("portal-sheet", sheet.render().unwrap()),
    ]
}
