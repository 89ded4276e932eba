//! `/recover`: "Reset a forgotten or expired password" (S-22 to S-27). Three pages: the address, the pass code, the secure questions
//! with the new password. What one page knows of the one before is in a sealed cookie.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::arrive::with_cookies;
use super::fields;
use crate::accounts::identity::{NewPassword, RecoveryError};
use crate::domain::clock::Timestamp;
use crate::domain::identity::{QUESTIONS, Question};
use crate::domain::ids::{AccountId, RequestId};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::Visitor;

/// How long a recovery may take after its last step.
const LIFE: Duration = Duration::from_mins(30);
const PURPOSE: &str = "recovery";
const ANSWERS: [&str; QUESTIONS] = ["answer1", "answer2", "answer3"];

/// The three pages.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/recover", get(ask).post(send))
        .route("/recover/code", get(ask_code).post(prove))
        .route("/recover/password", get(ask_password).post(finish))
}

/// How far a recovery has come in this browser.
#[derive(Serialize, Deserialize)]
enum Stage {
    /// A code was asked for this address.
    Asked { email: String, at: i64 },
    /// The code was right.
    Proved { account: AccountId, recovery: String, at: i64 },
}

fn stage(portal: &Portal, headers: &HeaderMap) -> Option<Stage> {
    let sealed = Cookie::Recovery.read(&portal.web, headers)?;
    let stage: Stage = portal.web.keys().open_from_browser(PURPOSE, &sealed)?;
    let (Stage::Asked { at, .. } | Stage::Proved { at, .. }) = &stage;
    (portal.web.now().since(Timestamp::from_millis(*at)) < LIFE).then_some(stage)
}

fn go_on(portal: &Portal, stage: &Stage, to: &str) -> Response {
    let sealed = portal.web.keys().seal_for_browser(PURPOSE, stage, portal.web.random());
    with_cookies(Redirect::to(to).into_response(), &[Cookie::Recovery.set(&portal.web, &sealed)])
}

#[derive(Template)]
#[template(path = "portal/identity/recover.html")]
struct AskPage {
    chrome: Chrome,
    errors: FormErrors,
    email: String,
    expired: bool,
    /// Name of the hospital's own sign-in and where its passwords are reset (S-23).
    elsewhere: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "portal/identity/recover_code.html")]
struct CodePage {
    chrome: Chrome,
    errors: FormErrors,
    email: String,
}

#[derive(Template)]
#[template(path = "portal/identity/recover_password.html")]
struct PasswordPage {
    chrome: Chrome,
    errors: FormErrors,
    /// Id of the field, and the question.
    questions: Vec<(&'static str, String)>,
    hint: String,
    failed: bool,
}

#[derive(Template)]
#[template(path = "portal/identity/recover_over.html")]
struct OverPage {
    chrome: Chrome,
    what: String,
    done: bool,
}

#[derive(Deserialize)]
struct Why {
    expired: Option<String>,
}

async fn ask(State(portal): State<Portal>, visitor: Visitor, Query(why): Query<Why>) -> Response {
    let typed = AskForm { email: String::new() };
    ask_page(&portal, &visitor, typed, why.expired.is_some(), FormErrors::default(), StatusCode::OK)
}

fn ask_page(
    portal: &Portal,
    visitor: &Visitor,
    typed: AskForm,
    expired: bool,
    errors: FormErrors,
    status: StatusCode,
) -> Response {
    let chrome = visitor.translated("identity-recover-title");
    let page = AskPage { chrome, errors, email: typed.email, expired, elsewhere: portal.resets_elsewhere() };
    Page::new(page).status(status).into_response()
}

#[derive(Deserialize)]
struct AskForm {
    #[serde(default)]
    email: String,
}

async fn send(
    State(portal): State<Portal>,
    visitor: Visitor,
    CsrfForm(form): CsrfForm<AskForm>,
) -> Result<Response, Problem> {
    let chrome = visitor.translated("identity-recover-title");
    let email = form.email.trim().to_lowercase();
    if !email.contains('@') {
        let errors = FormErrors::one("email", chrome.say("identity-recover-no-address"));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(ask_page(&portal, &visitor, form, false, errors, status));
    }
    match portal.accounts.ask_pass_code(&email, visitor.language, &by(&visitor)).await {
        Ok(()) => {
            let stage = Stage::Asked { email, at: portal.web.now().as_millis() };
            Ok(go_on(&portal, &stage, "/recover/code"))
        }
        Err(RecoveryError::Wait(wait)) => {
            let errors = FormErrors::one("email", waiting(&chrome, wait));
            Ok(ask_page(&portal, &visitor, form, false, errors, StatusCode::TOO_MANY_REQUESTS))
        }
        Err(other) => Err(Problem::internal(other)),
    }
}

fn waiting(chrome: &Chrome, wait: Duration) -> String {
    chrome.say_with("identity-wait", &[("wait", (&wait_words(wait)).into())])
}

async fn ask_code(State(portal): State<Portal>, visitor: Visitor, headers: HeaderMap) -> Response {
    match stage(&portal, &headers) {
        Some(Stage::Asked { email, .. }) => code_page(&visitor, email, FormErrors::default(), StatusCode::OK),
        Some(Stage::Proved { .. }) => Redirect::to("/recover/password").into_response(),
        None => Redirect::to("/recover").into_response(),
    }
}

fn code_page(visitor: &Visitor, email: String, errors: FormErrors, status: StatusCode) -> Response {
    let chrome = visitor.translated("identity-code-title");
    Page::new(CodePage { chrome, errors, email }).status(status).into_response()
}

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    code: String,
}

async fn prove(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<CodeForm>,
) -> Result<Response, Problem> {
    let Some(Stage::Asked { email, .. }) = stage(&portal, &headers) else {
        return Ok(Redirect::to("/recover").into_response());
    };
    let chrome = visitor.translated("identity-code-title");
    let (words, status) = if form.code.trim().is_empty() {
        (chrome.say("identity-code-empty"), StatusCode::UNPROCESSABLE_ENTITY)
    } else {
        match portal.accounts.prove_pass_code(&email, &form.code, &by(&visitor)).await {
            Ok(account) => {
                let recovery = RequestId::generate(portal.web.random()).to_string();
                let stage = Stage::Proved { account, recovery, at: portal.web.now().as_millis() };
                return Ok(go_on(&portal, &stage, "/recover/password"));
            }
            Err(RecoveryError::Wait(wait)) => (waiting(&chrome, wait), StatusCode::TOO_MANY_REQUESTS),
            Err(RecoveryError::Failed(error)) => return Err(Problem::internal(error)),
            Err(_) => (chrome.say("identity-code-wrong"), StatusCode::UNPROCESSABLE_ENTITY),
        }
    };
    Ok(code_page(&visitor, email, FormErrors::one("code", words), status))
}

async fn ask_password(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(Stage::Proved { account, .. }) = stage(&portal, &headers) else {
        return Ok(Redirect::to("/recover").into_response());
    };
    password_page(&portal, &visitor, &account, FormErrors::default(), StatusCode::OK).await
}

async fn password_page(
    portal: &Portal,
    visitor: &Visitor,
    account: &AccountId,
    errors: FormErrors,
    status: StatusCode,
) -> Result<Response, Problem> {
    let questions = match portal.accounts.questions_of(account).await {
        Ok(questions) => questions,
        Err(RecoveryError::NoQuestions) => {
            return Ok(over(visitor, "identity-recover-no-questions", StatusCode::FORBIDDEN));
        }
        Err(other) => return Err(Problem::internal(other)),
    };
    let has = portal.accounts.second_step(account).await.map_err(Problem::internal)?;
    let chrome = visitor.translated("identity-recover-password-title");
    let hint = fields::password_hint(chrome.language, has.totp);
    let questions = shown(&chrome, questions);
    let failed = errors.of("answer1").is_some();
    Ok(Page::new(PasswordPage { chrome, errors, questions, hint, failed }).status(status).into_response())
}

fn shown(chrome: &Chrome, questions: Vec<Question>) -> Vec<(&'static str, String)> {
    ANSWERS.into_iter().zip(questions.into_iter().map(|question| chrome.say(question.key()))).collect()
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct PasswordForm {
    answer1: String,
    answer2: String,
    answer3: String,
    password: String,
    again: String,
}

async fn finish(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<PasswordForm>,
) -> Result<Response, Problem> {
    let Some(Stage::Proved { account, recovery, .. }) = stage(&portal, &headers) else {
        return Ok(Redirect::to("/recover").into_response());
    };
    let chrome = visitor.translated("identity-recover-password-title");
    let mut errors = FormErrors::default();
    let questions = portal.accounts.questions_of(&account).await.unwrap_or_default().len();
    let typed = [&form.answer1, &form.answer2, &form.answer3];
    for (field, answer) in ANSWERS.into_iter().zip(typed).take(questions) {
        if answer.trim().is_empty() {
            errors.add(field, chrome.say("identity-answer-empty"));
        }
    }
    fields::check_twice(&mut errors, &chrome, &form.password, &form.again);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if errors.is_empty() {
        let answers = typed.into_iter().take(questions).map(|answer| SecretString::from(answer.as_str()));
        let new = NewPassword {
            account: account.clone(),
            recovery,
            answers: answers.collect(),
            password: form.password.as_str().into(),
        };
        match portal.accounts.recover(new, visitor.language, &by(&visitor)).await {
            Ok(()) => {
                let page = OverPage {
                    chrome: visitor.translated("identity-recover-done-title"),
                    what: chrome.say("identity-recover-done"),
                    done: true,
                };
                let gone = [Cookie::Recovery.clear(&portal.web), Cookie::Session.clear(&portal.web)];
                return Ok(with_cookies(Page::new(page).into_response(), &gone));
            }
            Err(RecoveryError::Password(problem)) => {
                fields::add_problems(&mut errors, &[problem], &chrome);
            }
            Err(RecoveryError::Wait(wait)) => {
                errors.add("answer1", waiting(&chrome, wait));
                status = StatusCode::TOO_MANY_REQUESTS;
            }
            Err(RecoveryError::Answers) => {
                // Which of them was wrong is not said.
                errors.add("answer1", chrome.say("identity-answers-wrong"));
            }
            Err(RecoveryError::Over | RecoveryError::Code) => {
                return Ok(over(&visitor, "identity-recover-over", StatusCode::GONE));
            }
            Err(RecoveryError::NoQuestions) => {
                return Ok(over(&visitor, "identity-recover-no-questions", StatusCode::FORBIDDEN));
            }
            Err(RecoveryError::Failed(error)) => return Err(Problem::internal(error)),
        }
    }
    password_page(&portal, &visitor, &account, errors, status).await
}

fn over(visitor: &Visitor, what: &str, status: StatusCode) -> Response {
    let chrome = visitor.translated("identity-recover-over-title");
    let what = chrome.say(what);
    Page::new(OverPage { chrome, what, done: false }).status(status).into_response()
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let email = || "ana.ellis@northside.example".to_owned();
    let ask = |errors, expired| AskPage {
        chrome: chrome.clone(),
        errors,
        email: email(),
        expired,
        elsewhere: vec![("Children\u{2019}s ID".into(), "https://id.example/reset".into())],
    };
    let code = |errors| CodePage { chrome: chrome.clone(), errors, email: email() };
    let password = |errors: FormErrors| PasswordPage {
        chrome: chrome.clone(),
        failed: !errors.is_empty(),
        errors,
        questions: shown(chrome, vec![Question::Pet, Question::Job, Question::Dish]),
        hint: fields::password_hint(chrome.language, false),
    };
    let over = |done| OverPage { chrome: chrome.clone(), what: "What happened.".into(), done };
    let wrong = FormErrors::one("answer1", "x");
    vec![
        ("recover", ask(FormErrors::default(), false).render().unwrap()),
        ("recover-expired", ask(FormErrors::one("email", "x"), true).render().unwrap()),
        ("recover-code", code(FormErrors::default()).render().unwrap()),
        ("recover-code-wrong", code(FormErrors::one("code", "x")).render().unwrap()),
        ("recover-password", password(FormErrors::default()).render().unwrap()),
        ("recover-password-wrong", password(wrong).render().unwrap()),
        ("recover-done", over(true).render().unwrap()),
        ("recover-over", over(false).render().unwrap()),
    ]
}
