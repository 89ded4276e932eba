//! `/sign-in/second`: a code from an authenticator app or a recovery code, after the password.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::arrive::with_cookies;
use crate::accounts::SignInError;
use crate::accounts::identity::SecondStep;
use crate::domain::clock::Timestamp;
use crate::domain::ids::AccountId;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::Visitor;

/// How long after the password the second step may take.
const LIFE: Duration = Duration::from_mins(10);
const PURPOSE: &str = "second step";

/// The page and its form.
pub fn router() -> Router<Portal> {
    Router::new().route("/sign-in/second", get(show).post(take))
}

/// Somebody whose password was right.
#[derive(Serialize, Deserialize)]
pub struct Waiting {
    /// Who.
    pub account: AccountId,
    at: i64,
    next: String,
}

impl Waiting {
    /// Where the browser goes afterwards.
    pub fn next(&self) -> LocalPath {
        LocalPath::parse(&self.next).unwrap_or_else(LocalPath::home)
    }
}

#[derive(Template)]
#[template(path = "portal/identity/second_step.html")]
struct SecondStepPage {
    chrome: Chrome,
    errors: FormErrors,
    has: SecondStep,
}

/// Sends somebody whose password was right to the second step.
pub fn begin(portal: &Portal, account: AccountId, next: &LocalPath) -> Response {
    let waiting = Waiting { account, at: portal.web.now().as_millis(), next: next.as_str().to_owned() };
    let sealed = portal.web.keys().seal_for_browser(PURPOSE, &waiting, portal.web.random());
    let cookie = Cookie::SecondStep.set(&portal.web, &sealed);
    with_cookies(Redirect::to("/sign-in/second").into_response(), &[cookie])
}

/// Who is before the second step in this browser; `None` when nobody is, or not any more.
pub fn waiting(portal: &Portal, headers: &HeaderMap) -> Option<Waiting> {
    let sealed = Cookie::SecondStep.read(&portal.web, headers)?;
    let waiting: Waiting = portal.web.keys().open_from_browser(PURPOSE, &sealed)?;
    (portal.web.now().since(Timestamp::from_millis(waiting.at)) < LIFE).then_some(waiting)
}

async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match waiting(&portal, &headers) {
        Some(waiting) => page(&portal, &visitor, &waiting, FormErrors::default(), StatusCode::OK).await,
        None => Ok(Redirect::to("/sign-in").into_response()),
    }
}

async fn page(
    portal: &Portal,
    visitor: &Visitor,
    waiting: &Waiting,
    errors: FormErrors,
    status: StatusCode,
) -> Result<Response, Problem> {
    let has = portal.accounts.second_step(&waiting.account).await.map_err(Problem::internal)?;
    let chrome = visitor.translated("identity-second-title");
    let page = SecondStepPage { chrome, errors, has };
    // The redirects that follow may end at an app.
    Ok(Page::new(page).status(status).allow_form_to(waiting.next().redirect_origin()).into_response())
}

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    code: String,
}

async fn take(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let Some(waiting) = waiting(&portal, &headers) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let chrome = visitor.translated("identity-second-title");
    let (errors, status) = if form.code.trim().is_empty() {
        (chrome.say("identity-second-empty"), StatusCode::UNPROCESSABLE_ENTITY)
    } else {
        let language = visitor.language;
        match portal.accounts.sign_in_with_code(&waiting.account, &form.code, language, &by(&visitor)).await {
            Ok((signed_in, method)) => {
                return portal.arrive(&visitor, &headers, &signed_in, (method, None), &waiting.next()).await;
            }
            Err(SignInError::Wait(wait)) => {
                let wait = wait_words(wait);
                let words = chrome.say_with("identity-wait", &[("wait", (&wait).into())]);
                (words, StatusCode::TOO_MANY_REQUESTS)
            }
            Err(SignInError::Unavailable) => return Err(Problem::internal("second step")),
            Err(SignInError::Wrong | SignInError::SecondStep(_) | SignInError::Expired) => {
                (chrome.say("identity-second-wrong"), StatusCode::UNPROCESSABLE_ENTITY)
            }
        }
    };
    page(&portal, &visitor, &waiting, FormErrors::one("code", errors), status).await
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors, has| SecondStepPage { chrome: chrome.clone(), errors, has };
    let app = SecondStep { totp: true, codes: 8 };
    let codes = SecondStep { totp: false, codes: 8 };
    vec![
        ("second-step", page(FormErrors::default(), app).render().unwrap()),
        ("second-step-wrong", page(FormErrors::one("code", "x"), codes).render().unwrap()),
    ]
}
