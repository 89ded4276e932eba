//! The status page behind a mailed link: each document's state, printing, uploading, taking the registration back (S-11 to S-16).

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::form::problem;
use crate::accounts::provider_registration::files::FileProblem;
use crate::accounts::provider_registration::papers::{self, Letterhead, Paper};
use crate::accounts::provider_registration::{Application, ApplicationError};
use crate::domain::language::Language;
use crate::domain::provider_registration::{DocumentKind, DocumentState, RegistrationState};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::mail::letters::registration::document_key;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;
use crate::web::upload::{self, NoFile};

/// A document as the page shows it.
struct Row {
    word: &'static str,
    letter: char,
    name: String,
    state: String,
    tag: &'static str,
    reason: Option<String>,
    printable: bool,
    takes: bool,
    replaces: bool,
}

#[derive(Template)]
#[template(path = "portal/register/status.html")]
struct StatusPage {
    chrome: Chrome,
    errors: FormErrors,
    token: String,
    name: String,
    email: String,
    reference: String,
    state: RegistrationState,
    reason: Option<String>,
    all_there: bool,
    rows: Vec<Row>,
    fax: Option<String>,
    size: String,
    asks: bool,
}

#[derive(Template)]
#[template(path = "portal/register/gone.html")]
struct GonePage {
    chrome: Chrome,
}

async fn application(portal: &Portal, token: &str) -> Result<Option<Application>, Problem> {
    let Some(token) = PlainToken::presented(TokenKind::RegistrationStatus, token) else { return Ok(None) };
    portal.accounts.application_by_link(&token).await.map_err(Problem::internal)
}

fn gone(visitor: &Visitor) -> Response {
    let page = GonePage { chrome: visitor.translated("registration-status-gone") };
    Page::new(page).status(StatusCode::NOT_FOUND).into_response()
}

fn rows(application: &Application, language: Language) -> Vec<Row> {
    let row = |kind: DocumentKind| {
        let document = application.document(kind);
        let state = document.map_or(DocumentState::Missing, |document| document.state);
        let (key, tag) = match state {
            DocumentState::Missing => ("registration-state-missing", "caution"),
            DocumentState::Uploaded => ("registration-state-uploaded", "plain"),
            DocumentState::Faxed => ("registration-state-faxed", "plain"),
            DocumentState::Verified => ("registration-state-verified", ""),
            DocumentState::Rejected => ("registration-state-rejected", "stop"),
        };
        Row {
            word: kind.word(),
            letter: kind.letter(),
            name: crate::words::say(language, document_key(kind)),
            state: crate::words::say(language, key),
            tag,
            reason: document.and_then(|document| document.reason.clone()),
            printable: kind != DocumentKind::Identity,
            takes: application.is_open() && state != DocumentState::Verified,
            replaces: !matches!(state, DocumentState::Missing | DocumentState::Rejected),
        }
    };
    application.required().into_iter().map(row).collect()
}

fn page(
    portal: &Portal,
    visitor: &Visitor,
    token: &str,
    application: &Application,
    errors: FormErrors,
    asks: bool,
) -> Page<StatusPage> {
    let chrome = visitor.translated("registration-status");
    let registration = &application.registration;
    let rows = rows(application, chrome.language);
    let page = StatusPage {
        errors,
        token: token.to_owned(),
        name: registration.answers.printed_name(),
        email: registration.answers.email.trim().to_owned(),
        reference: registration.reference.clone(),
        state: registration.state,
        reason: registration.reason.clone(),
        all_there: rows.iter().all(|row| row.replaces),
        rows,
        fax: portal.accounts.registration_settings().fax.clone(),
        size: size(portal),
        asks,
        chrome,
    };
    Page::new(page)
}

fn size(portal: &Portal) -> String {
    let bytes = portal.accounts.registration_settings().max_upload;
    if bytes < 1024 * 1024 { format!("{} KB", bytes / 1024) } else { format!("{} MB", bytes / 1024 / 1024) }
}

/// The page.
pub async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    Ok(match application(&portal, &token).await? {
        Some(found) => page(&portal, &visitor, &token, &found, FormErrors::default(), false).into_response(),
        None => gone(&visitor),
    })
}

/// The way back from an address that takes an upload.
pub async fn back(Path((token, _)): Path<(String, String)>) -> Redirect {
    Redirect::to(&status_path(&token))
}

fn status_path(token: &str) -> String {
    // A token is base64url; what is not one leads to the page that says so.
    let plain: String =
        token.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
    format!("/register/status/{plain}")
}

/// Takes a document.
pub async fn upload(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path((token, kind)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let kind = DocumentKind::parse(&kind).ok_or(Problem::NotFound)?;
    let Some(found) = application(&portal, &token).await? else { return Ok(gone(&visitor)) };
    if !found.required().contains(&kind) {
        return Err(Problem::NotFound);
    }
    portal.accounts.admit_upload(&by(&visitor)).await.map_err(problem)?;
    let largest = portal.accounts.registration_settings().max_upload;
    let (key, status) = match upload::read(request, &portal.web, "file", largest).await {
        Ok(bytes) => {
            match portal.accounts.upload_document(&found.registration.id, kind, bytes, &by(&visitor)).await {
                Ok(()) => return Ok(Redirect::to(&status_path(&token)).into_response()),
                Err(ApplicationError::File(wrong)) => file_problem(wrong),
                Err(ApplicationError::Changed) => ("registration-file-changed", StatusCode::CONFLICT),
                Err(error) => return Err(problem(error)),
            }
        }
        Err(NoFile::Missing) => ("registration-file-none", StatusCode::UNPROCESSABLE_ENTITY),
        Err(NoFile::TooLarge) => file_problem(FileProblem::TooLarge),
        Err(NoFile::Broken) => file_problem(FileProblem::Damaged),
        Err(NoFile::Problem(problem)) => return Err(problem),
    };
    let size = size(&portal);
    let message = crate::words::say_with(visitor.language, key, &[("size", (&size).into())]);
    let errors = FormErrors::one(field_of(kind), message);
    Ok(page(&portal, &visitor, &token, &found, errors, false).status(status).into_response())
}

const fn file_problem(wrong: FileProblem) -> (&'static str, StatusCode) {
    match wrong {
        FileProblem::Empty => ("registration-file-none", StatusCode::UNPROCESSABLE_ENTITY),
        FileProblem::TooLarge => ("registration-file-large", StatusCode::PAYLOAD_TOO_LARGE),
        FileProblem::Kind => ("registration-file-kind", StatusCode::UNPROCESSABLE_ENTITY),
        FileProblem::Damaged => ("registration-file-damaged", StatusCode::UNPROCESSABLE_ENTITY),
        FileProblem::Active => ("registration-file-active", StatusCode::UNPROCESSABLE_ENTITY),
    }
}

const fn field_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Certification => "file-certification",
        DocumentKind::Identity => "file-identity",
        DocumentKind::Sponsorship => "file-sponsorship",
    }
}

/// A paper as PDF, to be printed.
pub async fn print(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path((token, paper)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let named = Paper::parse(paper.trim_end_matches(".pdf")).ok_or(Problem::NotFound)?;
    let Some(found) = application(&portal, &token).await? else { return Ok(gone(&visitor)) };
    let answers = &found.registration.answers;
    if named == Paper::Sponsorship && !answers.wants_sponsorship() {
        return Err(Problem::NotFound);
    }
    let known = match &answers.practice {
        Some(id) => portal.web.store().practice(id).await.map_err(Problem::internal)?,
        None => None,
    };
    let head = match known {
        Some(practice) => {
            Letterhead { name: practice.name, address: practice.address, phone: practice.phone }
        }
        None => Letterhead {
            name: answers.practice_name.trim().to_owned(),
            address: answers.practice_address.trim().to_owned(),
            phone: answers.practice_phone.trim().to_owned(),
        },
    };
    let hospital = &portal.web.settings().hospital;
    let date = dates::day(portal.today());
    let settings = portal.accounts.registration_settings();
    let pdf = papers::print(named, &found.registration, &head, settings, hospital, &date);
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    let name = match named {
        Paper::Certification => "attachment; filename=\"document-a.pdf\"",
        Paper::Sponsorship => "attachment; filename=\"document-c.pdf\"",
        Paper::FaxCover => "attachment; filename=\"fax-cover.pdf\"",
    };
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

/// Asks before it is taken back.
pub async fn ask_withdraw(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    Ok(match application(&portal, &token).await? {
        Some(found) => {
            let asks = found.is_open();
            page(&portal, &visitor, &token, &found, FormErrors::default(), asks).into_response()
        }
        None => gone(&visitor),
    })
}

/// No fields of its own.
#[derive(Deserialize)]
pub struct Nothing {}

/// Takes the registration back.
pub async fn withdraw(
    State(portal): State<Portal>,
    visitor: Visitor,
    Path(token): Path<String>,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    let Some(found) = application(&portal, &token).await? else { return Ok(gone(&visitor)) };
    match portal.accounts.withdraw_registration(&found.registration.id, &by(&visitor)).await {
        // Decided meanwhile: the page says how.
        Ok(()) | Err(ApplicationError::Changed) => Ok(Redirect::to(&status_path(&token)).into_response()),
        Err(error) => Err(problem(error)),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |letter, word, state: &str, tag, reason: Option<&str>| Row {
        word,
        letter,
        name: "Certification and Agreement, signed".into(),
        state: state.into(),
        tag,
        reason: reason.map(str::to_owned),
        printable: letter != 'B',
        takes: !tag.is_empty(),
        replaces: tag == "plain",
    };
    let page = |state, errors, asks| StatusPage {
        chrome: chrome.clone(),
        errors,
        token: "cgv_sample".into(),
        name: "Ana Ellis, MD".into(),
        email: "ana@northside.example".into(),
        reference: "AB23CD45".into(),
        state,
        reason: Some("The licence has expired.".into()),
        all_there: false,
        rows: vec![
            row('A', "certification", "Verified", "", None),
            row('B', "identity", "Please send again", "stop", Some("It is blurred.")),
            row('C', "sponsorship", "Received by upload", "plain", None),
        ],
        fax: Some("555 010 0999".into()),
        size: "10 MB".into(),
        asks,
    };
    let none = FormErrors::default;
    let wrong = FormErrors::one("file-identity", "This is not a PDF, JPEG or PNG.");
    let mut all: Vec<_> = [
        ("register-status", RegistrationState::Sent),
        ("register-status-approved", RegistrationState::Approved),
        ("register-status-refused", RegistrationState::Refused),
        ("register-status-withdrawn", RegistrationState::Withdrawn),
    ]
    .map(|(name, state)| (name, page(state, none(), false).render().unwrap()))
    .into();
    all.push(("register-status-wrong", page(RegistrationState::Sent, wrong, false).render().unwrap()));
    all.push(("register-status-ask", page(RegistrationState::Sent, none(), true).render().unwrap()));
    all.push(("register-status-gone", GonePage { chrome: chrome.clone() }.render().unwrap()));
    all
}
