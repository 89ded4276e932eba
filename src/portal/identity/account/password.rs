//! `/account/password`: another password; the present one is asked.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use crate::accounts::identity::ChangeError;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::portal::identity::fields;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::SignedIn;

/// The page and its form.
pub fn router() -> Router<Portal> {
    Router::new().route("/account/password", get(show).post(change))
}

#[derive(Template)]
#[template(path = "portal/identity/password.html")]
struct PasswordPage {
    chrome: Chrome,
    errors: FormErrors,
    email: String,
    hint: String,
}

async fn show(State(portal): State<Portal>, user: SignedIn) -> Result<Response, Problem> {
    page(&portal, &user, FormErrors::default(), StatusCode::OK).await
}

async fn page(
    portal: &Portal,
    user: &SignedIn,
    errors: FormErrors,
    status: StatusCode,
) -> Result<Response, Problem> {
    let has = portal.accounts.second_step(&user.account.id).await.map_err(Problem::internal)?;
    let chrome = user.translated("identity-password-title");
    let hint = fields::password_hint(chrome.language, has.totp);
    let page = PasswordPage { chrome, errors, email: user.account.email.clone(), hint };
    Ok(Page::new(page).status(status).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    current: String,
    password: String,
    again: String,
}

async fn change(
    State(portal): State<Portal>,
    user: SignedIn,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let chrome = user.translated("identity-password-title");
    let mut errors = FormErrors::default();
    if form.current.is_empty() {
        errors.add("current", chrome.say("identity-password-current-empty"));
    }
    fields::check_twice(&mut errors, &chrome, &form.password, &form.again);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if errors.is_empty() {
        let (current, new) = (form.current.into(), form.password.into());
        let changed = portal
            .accounts
            .change_password(&user.account, &user.session.hash, current, new, user.language, &by(&user))
            .await;
        match changed {
            Ok(()) => return Ok(Redirect::to("/account?changed=password").into_response()),
            Err(ChangeError::Wrong(problems)) => fields::add_problems(&mut errors, &problems, &chrome),
            Err(ChangeError::Wait(wait)) => {
                let wait = wait_words(wait);
                errors.add("current", chrome.say_with("identity-wait", &[("wait", (&wait).into())]));
                status = StatusCode::TOO_MANY_REQUESTS;
            }
            Err(ChangeError::Current) => errors.add("current", chrome.say("identity-password-current-wrong")),
            Err(other) => return Err(Problem::internal(other)),
        }
    }
    page(&portal, &user, errors, status).await
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors| PasswordPage {
        chrome: chrome.clone(),
        errors,
        email: "ana.ellis@northside.example".into(),
        hint: fields::password_hint(chrome.language, true),
    };
    let wrong = FormErrors::one("current", "x");
    vec![
        ("account-password", page(FormErrors::default()).render().unwrap()),
        ("account-password-wrong", page(wrong).render().unwrap()),
    ]
}
