//! `/account/questions`: "Reset my security questions/answers", through a mailed pass code alone (S-24, S-26).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use crate::accounts::identity::{ChangeError, NewAnswers, RecoveryError};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::portal::identity::fields::{self, AnswersForm, QuestionField};
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::SignedIn;

/// The page that mails a code, and the one that takes it.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/account/questions", get(ask).post(send))
        .route("/account/questions/new", get(show).post(change))
}

#[derive(Template)]
#[template(path = "portal/identity/questions.html")]
struct AskPage {
    chrome: Chrome,
    errors: FormErrors,
    email: String,
}

#[derive(Template)]
#[template(path = "portal/identity/questions_new.html")]
struct NewPage {
    chrome: Chrome,
    errors: FormErrors,
    email: String,
    code: String,
    questions: Vec<QuestionField>,
}

fn ask_page(user: &SignedIn, errors: FormErrors, status: StatusCode) -> Response {
    let chrome = user.translated("identity-reset-questions-title");
    Page::new(AskPage { chrome, errors, email: user.account.email.clone() }).status(status).into_response()
}

async fn ask(user: SignedIn) -> Response {
    ask_page(&user, FormErrors::default(), StatusCode::OK)
}

#[derive(Deserialize)]
struct Nothing {}

async fn send(
    State(portal): State<Portal>,
    user: SignedIn,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    match portal.accounts.ask_questions_code(&user.account, user.language).await {
        Ok(()) => Ok(Redirect::to("/account/questions/new").into_response()),
        Err(RecoveryError::Wait(wait)) => {
            let chrome = user.translated("identity-reset-questions-title");
            let wait = wait_words(wait);
            let words = chrome.say_with("identity-wait", &[("wait", (&wait).into())]);
            Ok(ask_page(&user, FormErrors::one("send", words), StatusCode::TOO_MANY_REQUESTS))
        }
        Err(other) => Err(Problem::internal(other)),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    code: String,
    #[serde(flatten)]
    answers: AnswersForm,
}

fn new_page(user: &SignedIn, form: &Form, errors: FormErrors, status: StatusCode) -> Response {
    let chrome = user.translated("identity-new-questions-title");
    let page = NewPage {
        errors,
        email: user.account.email.clone(),
        code: form.code.clone(),
        questions: form.answers.fields(chrome.language),
        chrome,
    };
    Page::new(page).status(status).into_response()
}

async fn show(user: SignedIn) -> Response {
    new_page(&user, &Form::default(), FormErrors::default(), StatusCode::OK)
}

async fn change(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let chrome = user.translated("identity-new-questions-title");
    let mut errors = FormErrors::default();
    if form.code.trim().is_empty() {
        errors.add("code", chrome.say("identity-code-empty"));
    } else {
        let new = NewAnswers { code: form.code.clone(), answers: form.answers.answers() };
        match portal.accounts.change_questions(&user.account, new, user.language, &by(&user)).await {
            Ok(()) => return Ok(Redirect::to("/account?changed=questions").into_response()),
            Err(ChangeError::Wrong(problems)) => fields::add_problems(&mut errors, &problems, &chrome),
            Err(ChangeError::Code) => errors.add("code", chrome.say("identity-code-wrong")),
            Err(other) => return Err(Problem::internal(other)),
        }
    }
    Ok(new_page(&user, &form, errors, StatusCode::UNPROCESSABLE_ENTITY))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let email = || "ana.ellis@northside.example".to_owned();
    let new = |errors| NewPage {
        chrome: chrome.clone(),
        errors,
        email: email(),
        code: String::new(),
        questions: AnswersForm::default().fields(chrome.language),
    };
    let ask = AskPage { chrome: chrome.clone(), errors: FormErrors::default(), email: email() };
    vec![
        ("account-questions", ask.render().unwrap()),
        ("account-questions-new", new(FormErrors::default()).render().unwrap()),
        ("account-questions-wrong", new(FormErrors::one("code", "x")).render().unwrap()),
    ]
}
