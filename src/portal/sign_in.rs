//! `/sign-in` and `/sign-out` (S-18, S-20).

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::Portal;
use super::ask::by;
use crate::accounts::{SignIn, SignInError};
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::Visitor;

/// The two forms.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/sign-in", get(show).post(sign_in))
        .route("/sign-out", post(sign_out).get(async || Redirect::to("/sign-in")))
}

/// Where to go on.
#[derive(Deserialize)]
struct Target {
    #[serde(default = "LocalPath::home")]
    next: LocalPath,
    /// Present when whoever is signed in has to prove it anew, or wants another account.
    again: Option<String>,
}

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default = "LocalPath::home")]
    next: LocalPath,
}

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignInPage {
    chrome: Chrome,
    errors: FormErrors,
    notice: Option<String>,
    email: String,
    next: String,
}

async fn show(visitor: Visitor, Query(target): Query<Target>) -> Response {
    // Whoever is signed in already has nothing to do here.
    if visitor.account.is_some() && target.again.is_none() {
        return Redirect::to(target.next.as_str()).into_response();
    }
    let notice = match (visitor.ended, target.next.is_home()) {
        _ if visitor.account.is_some() => {
            Some("The app wants to be sure that it is you. Sign in once more, or with another account.")
        }
        (true, true) => Some("You were signed out because nothing happened for a while."),
        (true, false) => Some(
            "You were signed out because nothing happened for a while. Sign in and you will be back where you were.",
        ),
        (false, false) if target.next.as_str().starts_with("/oauth/") => {
            Some("An app asks for access. Sign in first; then you decide what it may see.")
        }
        (false, _) => None,
    };
    page(
        &visitor,
        FormErrors::default(),
        notice.map(str::to_owned),
        String::new(),
        &target.next,
        StatusCode::OK,
    )
}

fn page(
    visitor: &Visitor,
    errors: FormErrors,
    notice: Option<String>,
    email: String,
    next: &LocalPath,
    status: StatusCode,
) -> Response {
    let chrome = visitor.chrome("Sign in");
    let page = SignInPage { chrome, errors, notice, email, next: next.as_str().to_owned() };
    Page::new(page).status(status).allow_form_to(next.redirect_origin()).into_response()
}

async fn sign_in(
    State(portal): State<Portal>,
    visitor: Visitor,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let email = form.email.trim();
    let mut errors = FormErrors::default();
    if email.is_empty() {
        errors.add("email", "Enter the e-mail address of your account.");
    }
    if form.password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    let refused = |errors, status| page(&visitor, errors, None, email.to_owned(), &form.next, status);
    if !errors.is_empty() {
        return Ok(refused(errors, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let attempt = SignIn { email: email.to_owned(), password: form.password.into() };
    match portal.accounts.sign_in(attempt, &by(&visitor)).await {
        Ok(signed_in) => {
            let cookie = Cookie::Session.set(&portal.web, signed_in.cookie.expose());
            Ok(with_cookies(Redirect::to(form.next.as_str()).into_response(), &[cookie]))
        }
        // One message whatever was wrong: it does not say which addresses have an account.
        Err(SignInError::Wrong) => {
            let message = "E-mail address and password do not belong together. Check both and try again.";
            Ok(refused(FormErrors::one("email", message), StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(SignInError::Wait(wait)) => {
            let wait = wait_words(wait);
            let message = format!(
                "Too many attempts went wrong. Wait {wait}, then try again. The account is not locked."
            );
            Ok(refused(FormErrors::one("password", message), StatusCode::TOO_MANY_REQUESTS))
        }
        Err(SignInError::Unavailable) => Err(Problem::internal("sign-in")),
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out(
    State(portal): State<Portal>,
    visitor: Visitor,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Problem> {
    if let Some(session) = &visitor.session {
        let by = by(&visitor);
        portal.accounts.sign_out(&session.hash, &session.account, &by).await.map_err(Problem::internal)?;
    }
    let gone = [Cookie::Session.clear(&portal.web), Cookie::Recent.clear(&portal.web)];
    Ok(with_cookies(Redirect::to("/sign-in").into_response(), &gone))
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors, notice: Option<&str>| SignInPage {
        chrome: chrome.clone(),
        errors,
        notice: notice.map(str::to_owned),
        email: "ana.ellis@northside.example".into(),
        next: "/".into(),
    };
    let wrong = FormErrors::one(
        "email",
        "E-mail address and password do not belong together. Check both and try again.",
    );
    let ended = "You were signed out because nothing happened for a while. Sign in and you will be back where you were.";
    vec![
        ("sign-in", page(FormErrors::default(), None).render().unwrap()),
        ("sign-in-wrong", page(wrong, None).render().unwrap()),
        ("sign-in-ended", page(FormErrors::default(), Some(ended)).render().unwrap()),
    ]
}
