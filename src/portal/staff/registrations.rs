//! `/staff/registrations`: providers who registered, the oldest first, and the page on which one is decided (S-06, S-16, S-17).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use crate::accounts::AccountsError;
use crate::accounts::provider_registration::{Application, ApplicationError, Matches, PracticeChoice};
use crate::domain::ids::{PracticeId, ProviderRegistrationId, UploadId};
use crate::domain::language::Language;
use crate::domain::practice::Practice;
use crate::domain::provider_registration::{
    DocumentKind, DocumentState, DocumentStep, MediaType, RegistrationState,
};
use crate::mail::letters::registration::document_key;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Provisioning, SignedIn};

/// A registration in the queue.
struct Row {
    id: String,
    name: String,
    practice: String,
    since: String,
    state: &'static str,
    ready: bool,
}

#[derive(Template)]
#[template(path = "portal/staff/registrations.html")]
struct QueuePage {
    chrome: Chrome,
    rows: Vec<Row>,
    to_look: usize,
    done: Option<&'static str>,
}

/// A document beside the decision about it.
#[expect(clippy::struct_excessive_bools, reason = "what the template shows, not a state")]
struct DocumentCard {
    word: &'static str,
    letter: char,
    name: String,
    state: &'static str,
    tag: &'static str,
    upload: String,
    picture: bool,
    size: String,
    reason: Option<String>,
    can_fax: bool,
    can_verify: bool,
    can_reject: bool,
}

#[derive(Template)]
#[template(path = "portal/staff/registration.html")]
struct ReviewPage {
    chrome: Chrome,
    errors: FormErrors,
    id: String,
    name: String,
    npi: String,
    email: String,
    phone: String,
    reference: String,
    since: String,
    asked: String,
    wants_sponsorship: bool,
    state: RegistrationState,
    decided: String,
    reason: Option<String>,
    /// What staff should know before they decide.
    notes: Vec<String>,
    practices: Vec<(String, String, bool)>,
    documents: Vec<DocumentCard>,
    complete: bool,
    typed: String,
}

/// What was just done, to be said above the queue.
#[derive(Deserialize)]
pub struct Done {
    done: Option<String>,
}

/// Everything that waits.
pub async fn queue(
    State(portal): State<Portal>,
    user: Provisioning,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let waiting = portal.accounts.waiting_applications().await.map_err(Problem::internal)?;
    let mut rows = Vec::new();
    for application in &waiting {
        let practice = practice_words(&portal, application).await?;
        rows.push(row(&portal, application, practice));
    }
    let done = match done.done.as_deref() {
        Some("approved") => Some("Approved. The link to choose a password is on its way."),
        Some("refused") => Some("Refused. The reason is on its way."),
        _ => None,
    };
    let to_look = rows.iter().filter(|row| row.ready).count();
    Ok(Page::new(QueuePage { chrome: user.chrome("Registrations"), rows, to_look, done }).into_response())
}

async fn practice_words(portal: &Portal, application: &Application) -> Result<String, Problem> {
    let answers = &application.registration.answers;
    let known = match &answers.practice {
        Some(id) => portal.web.store().practice(id).await.map_err(Problem::internal)?,
        None => None,
    };
    Ok(known.map_or_else(|| format!("{} (new)", answers.practice_name.trim()), |practice| practice.name))
}

fn row(portal: &Portal, application: &Application, practice: String) -> Row {
    let documents = &application.documents;
    let has = |wanted: &[DocumentState]| documents.iter().any(|document| wanted.contains(&document.state));
    let (state, ready) = if application.is_complete() {
        ("Ready to approve", true)
    } else if has(&[DocumentState::Uploaded, DocumentState::Faxed]) {
        ("Documents to look at", true)
    } else {
        ("Waits for documents", false)
    };
    let registration = &application.registration;
    Row {
        id: registration.id.to_string(),
        name: registration.answers.printed_name(),
        practice,
        since: since(portal, application),
        state,
        ready,
    }
}

fn since(portal: &Portal, application: &Application) -> String {
    let zone = &portal.web.settings().time_zone;
    application.registration.sent_at.map(|at| dates::moment(at, zone)).unwrap_or_default()
}

async fn found(portal: &Portal, id: &str) -> Result<Application, Problem> {
    let id = ProviderRegistrationId::parse(id).map_err(|_| Problem::NotFound)?;
    let found = portal.accounts.application(&id).await.map_err(Problem::internal)?;
    // A draft is nobody's but the applicant's.
    found
        .filter(|application| application.registration.state != RegistrationState::Draft)
        .ok_or(Problem::NotFound)
}

/// One registration beside its documents.
pub async fn show(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
) -> Result<Response, Problem> {
    let application = found(&portal, &id).await?;
    let page = review(&portal, &user, application, FormErrors::default(), "").await?;
    Ok(Page::new(page).into_response())
}

async fn review(
    portal: &Portal,
    user: &SignedIn,
    application: Application,
    errors: FormErrors,
    typed: &str,
) -> Result<ReviewPage, Problem> {
    let registration = &application.registration;
    let answers = &registration.answers;
    let matches = portal.accounts.registration_matches(answers).await.map_err(Problem::internal)?;
    let account = match &registration.decided_by {
        Some(account) => portal.web.store().account(account).await.map_err(Problem::internal)?,
        None => None,
    };
    let when = registration.decided_at.map(|at| dates::moment(at, &portal.web.settings().time_zone));
    let decided = match (account, when) {
        (Some(account), Some(when)) => format!("by {}, {when}", account.name),
        (None, Some(when)) => when,
        _ => String::new(),
    };
    let open = application.is_open();
    Ok(ReviewPage {
        chrome: user.chrome(answers.printed_name()),
        errors,
        id: registration.id.to_string(),
        name: answers.printed_name(),
        npi: answers.checked_npi().map(|npi| npi.to_string()).unwrap_or_default(),
        email: answers.email.trim().to_owned(),
        phone: answers.phone.trim().to_owned(),
        reference: registration.reference.clone(),
        since: since(portal, &application),
        asked: practice_words(portal, &application).await?,
        wants_sponsorship: answers.wants_sponsorship(),
        state: registration.state,
        decided,
        reason: registration.reason.clone(),
        notes: if open { notes(&matches) } else { Vec::new() },
        practices: practices(&matches, answers.practice_name.trim()),
        documents: application.required().into_iter().map(|kind| card(&application, kind)).collect(),
        complete: application.is_complete(),
        typed: typed.to_owned(),
    })
}

fn notes(matches: &Matches) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(account) = &matches.npi_account {
        notes.push(format!("{} has an account with this NPI. This cannot be approved.", account.name));
    }
    if let Some(account) = &matches.email_account {
        notes.push(format!(
            "{} has an account with this e-mail address. This cannot be approved.",
            account.name
        ));
    }
    for practice in &matches.rosters {
        notes.push(format!("The NPI is on the roster of {} already.", practice.name));
    }
    for practice in &matches.same_name {
        notes.push(format!("There is a practice called {}: {}.", practice.name, practice.address));
    }
    notes
}

/// The practices to choose from, the likeliest first and chosen.
fn practices(matches: &Matches, new: &str) -> Vec<(String, String, bool)> {
    let label = |practice: &Practice| format!("{}, {}", practice.name, practice.address);
    let known = matches.chosen.iter().chain(&matches.same_name).chain(&matches.rosters);
    let mut all: Vec<(String, String, bool)> = Vec::new();
    for practice in known {
        if !all.iter().any(|(id, ..)| id == practice.id.as_str()) {
            all.push((practice.id.to_string(), label(practice), all.is_empty()));
        }
    }
    if !new.is_empty() && matches.chosen.is_none() {
        all.push(("new".to_owned(), format!("A new practice: {new}"), all.is_empty()));
    }
    all
}

fn card(application: &Application, kind: DocumentKind) -> DocumentCard {
    let document = application.document(kind);
    let state = document.map_or(DocumentState::Missing, |document| document.state);
    let open = application.is_open();
    let (words, tag) = match state {
        DocumentState::Missing => ("Missing", "caution"),
        DocumentState::Uploaded => ("Received by upload", "plain"),
        DocumentState::Faxed => ("Received by fax", "plain"),
        DocumentState::Verified => ("Verified", ""),
        DocumentState::Rejected => ("Rejected", "stop"),
    };
    let media_type = document.and_then(|document| document.media_type.as_deref()).and_then(MediaType::parse);
    let upload = document.and_then(|document| document.upload.as_ref());
    DocumentCard {
        word: kind.word(),
        letter: kind.letter(),
        name: crate::words::say(Language::En, document_key(kind)),
        state: words,
        tag,
        upload: upload.map(ToString::to_string).unwrap_or_default(),
        picture: matches!(media_type, Some(MediaType::Jpeg | MediaType::Png)),
        size: document.map(|document| format!("{} KB", document.size.div_ceil(1024))).unwrap_or_default(),
        reason: document.and_then(|document| document.reason.clone()),
        can_fax: open && state.after(DocumentStep::Fax).is_some(),
        can_verify: open && state.after(DocumentStep::Verify).is_some(),
        can_reject: open && state.after(DocumentStep::Reject).is_some(),
    }
}

/// An uploaded document. Always as an attachment, in a sandbox, of the type that was found in its content: the page shows pictures by
/// `<img>`, where nothing in a file can run; a PDF is opened outside the browser.
pub async fn file(
    State(portal): State<Portal>,
    Path((id, kind, upload)): Path<(String, String, String)>,
    user: Provisioning,
) -> Result<Response, Problem> {
    let application = found(&portal, &id).await?;
    let kind = DocumentKind::parse(&kind).ok_or(Problem::NotFound)?;
    let upload = UploadId::parse(&upload).map_err(|_| Problem::NotFound)?;
    let opened = portal.accounts.open_upload(&application.registration.id, kind, &upload, &by(&user)).await;
    let (media_type, bytes) = opened.map_err(Problem::internal)?.ok_or(Problem::NotFound)?;
    let mut response = bytes.to_vec().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type.name()));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    let name = format!("{}-{}.{}", application.registration.reference, kind.letter(), media_type.ending());
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.map_err(Problem::internal)?);
    Ok(response)
}

/// A decision about a document.
#[derive(Deserialize)]
pub struct Decision {
    #[serde(default)]
    step: String,
    #[serde(default)]
    upload: String,
    #[serde(default)]
    reason: String,
}

/// The way back from an address that takes a decision.
pub async fn back(Path((id, _)): Path<(String, String)>) -> Result<Redirect, Problem> {
    let id = ProviderRegistrationId::parse(&id).map_err(|_| Problem::NotFound)?;
    Ok(Redirect::to(&format!("/staff/registrations/{id}")))
}

/// Notes a fax, verifies or rejects one document.
pub async fn decide(
    State(portal): State<Portal>,
    Path((id, kind)): Path<(String, String)>,
    user: Provisioning,
    CsrfForm(form): CsrfForm<Decision>,
) -> Result<Response, Problem> {
    let application = found(&portal, &id).await?;
    let kind = DocumentKind::parse(&kind).ok_or(Problem::NotFound)?;
    let step = match form.step.as_str() {
        "fax" => DocumentStep::Fax,
        "verify" => DocumentStep::Verify,
        "reject" => DocumentStep::Reject,
        _ => return Err(Problem::Unreadable),
    };
    let seen = UploadId::parse(&form.upload).ok();
    let id = application.registration.id;
    let decided =
        portal.accounts.decide_document(&id, kind, step, seen.as_ref(), Some(&form.reason), &by(&user)).await;
    let field = match kind {
        DocumentKind::Certification => "reason-certification",
        DocumentKind::Identity => "reason-identity",
        DocumentKind::Sponsorship => "reason-sponsorship",
    };
    match decided {
        Ok(()) => {
            Ok(Redirect::to(&format!("/staff/registrations/{id}#title-{}", kind.word())).into_response())
        }
        Err(error) => refused(&portal, &user, id.as_str(), field, error, &form.reason).await,
    }
}

/// The page again with why it was not done, as everything stands now.
async fn refused(
    portal: &Portal,
    user: &SignedIn,
    id: &str,
    field: &'static str,
    error: ApplicationError,
    typed: &str,
) -> Result<Response, Problem> {
    let (message, status) = match error {
        ApplicationError::Reason => (
            "Give a reason of at most 500 characters. It is mailed to the applicant.".to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ApplicationError::Incomplete => (
            "Not every document is verified. Look at those that are left first.".to_owned(),
            StatusCode::CONFLICT,
        ),
        ApplicationError::Changed => (
            "This changed meanwhile: somebody else decided, or the applicant sent another file. Here is how it stands now."
                .to_owned(),
            StatusCode::CONFLICT,
        ),
        ApplicationError::Failed(AccountsError::Unavailable) => return Err(Problem::internal("registration")),
        ApplicationError::Failed(error) => (error.to_string(), StatusCode::CONFLICT),
        error => return Err(Problem::internal(error)),
    };
    let application = found(portal, id).await?;
    // Where the field is gone with the decision, the summary leads to the heading.
    let field = if application.is_open() { field } else { "state" };
    let page = review(portal, user, application, FormErrors::one(field, message), typed).await?;
    Ok(Page::new(page).status(status).into_response())
}

/// Which practice.
#[derive(Deserialize)]
pub struct Approval {
    #[serde(default)]
    practice: String,
}

/// Makes the account; the next one comes.
pub async fn approve(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
    CsrfForm(form): CsrfForm<Approval>,
) -> Result<Response, Problem> {
    let application = found(&portal, &id).await?;
    let practice = match PracticeId::parse(&form.practice) {
        Ok(known) if form.practice != "new" => PracticeChoice::Known(known),
        _ => PracticeChoice::New,
    };
    match portal.accounts.approve_registration(&application.registration.id, practice, &by(&user)).await {
        Ok(_) => Ok(Redirect::to("/staff/registrations?done=approved").into_response()),
        Err(error) => refused(&portal, &user, &id, "practice", error, "").await,
    }
}

/// Why not.
#[derive(Deserialize)]
pub struct Refusal {
    #[serde(default)]
    reason: String,
}

/// Says no; the next one comes.
pub async fn refuse(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
    CsrfForm(form): CsrfForm<Refusal>,
) -> Result<Response, Problem> {
    let application = found(&portal, &id).await?;
    match portal.accounts.refuse_registration(&application.registration.id, &form.reason, &by(&user)).await {
        Ok(()) => Ok(Redirect::to("/staff/registrations?done=refused").into_response()),
        Err(error) => refused(&portal, &user, &id, "reason", error, &form.reason).await,
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |id: &str, state, ready| Row {
        id: id.into(),
        name: "Ana Ellis, MD".into(),
        practice: "Oak Street Pediatrics (new)".into(),
        since: "24 Nov 2026, 09:12".into(),
        state,
        ready,
    };
    let queue = |rows: Vec<Row>, done| QueuePage { chrome: chrome.clone(), to_look: rows.len(), rows, done };
    let card = |word, letter, state, tag, upload: &str, reason: Option<&str>| DocumentCard {
        word,
        letter,
        name: "Certification and Agreement, signed".into(),
        state,
        tag,
        upload: upload.into(),
        picture: letter == 'B',
        size: "220 KB".into(),
        reason: reason.map(str::to_owned),
        can_fax: true,
        can_verify: tag == "plain",
        can_reject: tag == "plain",
    };
    let page = |state, errors, complete| ReviewPage {
        chrome: chrome.clone(),
        errors,
        id: "r1".into(),
        name: "Ana Ellis, MD".into(),
        npi: "1234567893".into(),
        email: "ana@northside.example".into(),
        phone: "(555) 010-0111".into(),
        reference: "AB23CD45".into(),
        since: "24 Nov 2026, 09:12".into(),
        asked: "Oak Street Pediatrics (new)".into(),
        wants_sponsorship: true,
        state,
        decided: "by Kim Novak, 24 Nov 2026, 10:00".into(),
        reason: Some("Not in our area.".into()),
        notes: vec!["The NPI is on the roster of Oak Street Pediatrics already.".into()],
        practices: vec![("new".into(), "A new practice: Oak Street Pediatrics".into(), true)],
        documents: vec![
            card("certification", 'A', "Received by upload", "plain", "u1", None),
            card("identity", 'B', "Received by upload", "plain", "u2", None),
            card("sponsorship", 'C', "Rejected", "stop", "", Some("It is not signed.")),
        ],
        complete,
        typed: String::new(),
    };
    let none = FormErrors::default;
    let wrong = FormErrors::one("reason-identity", "Give a reason of at most 500 characters.");
    let rows = || vec![row("a", "Documents to look at", true), row("b", "Waits for documents", false)];
    vec![
        ("staff-registrations", queue(rows(), None).render().unwrap()),
        ("staff-registrations-none", queue(vec![], Some("Approved.")).render().unwrap()),
        ("staff-registration", page(RegistrationState::Sent, none(), false).render().unwrap()),
        ("staff-registration-ready", page(RegistrationState::Sent, none(), true).render().unwrap()),
        ("staff-registration-wrong", page(RegistrationState::Sent, wrong, false).render().unwrap()),
        ("staff-registration-refused", page(RegistrationState::Refused, none(), false).render().unwrap()),
        ("staff-registration-approved", page(RegistrationState::Approved, none(), true).render().unwrap()),
    ]
}
