//! `/sign-in` and `/sign-out` (S-18, S-20).

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::Portal;
use super::ask::by;
use super::identity::{second_step, with_cookies};
use crate::accounts::{SignIn, SignInError};
use crate::domain::secret::TokenHash;
use crate::domain::session::SessionMethod;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::problem::{Problem, wait_words};
use crate::web::session::Visitor;
use crate::words;

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
    elsewhere: Vec<Elsewhere>,
}

/// Another way to sign in, at one of the hospital's identity providers (S-05, S-21).
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The end of the address: `childrens-id`.
    pub path: &'static str,
    /// What the button says.
    pub label: String,
    /// For whom, in a sentence.
    pub hint: String,
}

async fn show(State(portal): State<Portal>, visitor: Visitor, Query(target): Query<Target>) -> Response {
    // Whoever is signed in already has nothing to do here.
    if visitor.account.is_some() && target.again.is_none() {
        return Redirect::to(target.next.as_str()).into_response();
    }
    let to = target.next.as_str();
    let notice = match (visitor.ended, target.next.is_home()) {
        _ if visitor.account.is_some() && to.starts_with("/account") => Some("identity-sign-in-again-change"),
        _ if visitor.account.is_some() => Some("identity-sign-in-again"),
        (true, true) => Some("identity-sign-in-ended"),
        (true, false) => Some("identity-sign-in-ended-back"),
        (false, false) if to.starts_with("/oauth/") => Some("identity-sign-in-app"),
        (false, _) => None,
    };
    let notice = notice.map(|key| words::say(visitor.language, key));
    page(&portal, &visitor, FormErrors::default(), notice, String::new(), &target.next, StatusCode::OK)
}

fn page(
    portal: &Portal,
    visitor: &Visitor,
    errors: FormErrors,
    notice: Option<String>,
    email: String,
    next: &LocalPath,
    status: StatusCode,
) -> Response {
    let chrome = visitor.translated("identity-sign-in");
    let elsewhere = portal.ways_elsewhere(visitor.language);
    let page = SignInPage { chrome, errors, notice, email, next: next.as_str().to_owned(), elsewhere };
    Page::new(page).status(status).allow_form_to(next.redirect_origin()).into_response()
}

async fn sign_in(
    State(portal): State<Portal>,
    visitor: Visitor,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let say = |key| words::say(visitor.language, key);
    let email = form.email.trim();
    let mut errors = FormErrors::default();
    if email.is_empty() {
        errors.add("email", say("identity-sign-in-no-address"));
    }
    if form.password.is_empty() {
        errors.add("password", say("identity-sign-in-no-password"));
    }
    let refused =
        |errors, status| page(&portal, &visitor, errors, None, email.to_owned(), &form.next, status);
    if !errors.is_empty() {
        return Ok(refused(errors, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let attempt = SignIn { email: email.to_owned(), password: form.password.into() };
    match portal.accounts.sign_in(attempt, &by(&visitor)).await {
        Ok(signed_in) => {
            portal.arrive(&visitor, &headers, &signed_in, (SessionMethod::Password, None), &form.next).await
        }
        Err(SignInError::SecondStep(account)) => Ok(second_step::begin(&portal, account, &form.next)),
        Err(SignInError::Expired) => Ok(Redirect::to("/recover?expired=yes").into_response()),
        // One message whatever was wrong: it does not say which addresses have an account.
        Err(SignInError::Wrong) => Ok(refused(
            FormErrors::one("email", say("identity-sign-in-wrong")),
            StatusCode::UNPROCESSABLE_ENTITY,
        )),
        Err(SignInError::Wait(wait)) => {
            let wait = wait_words(wait);
            let message = words::say_with(visitor.language, "identity-wait", &[("wait", (&wait).into())]);
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
    let mut elsewhere = None;
    if let Some(session) = &visitor.session {
        let by = by(&visitor);
        elsewhere = portal.sign_out_elsewhere(&session.hash).await?;
        portal.accounts.sign_out(&session.hash, &session.account, &by).await.map_err(Problem::internal)?;
    }
    let gone = [Cookie::Session.clear(&portal.web), Cookie::Recent.clear(&portal.web)];
    let response = match elsewhere {
        // A link and not a redirect: a form may not lead to another origin.
        Some((name, url)) => {
            let mut nobody = visitor;
            nobody.account = None;
            Page::new(signed_out(nobody.translated("identity-out-title"), &name, url)).into_response()
        }
        None => Redirect::to("/sign-in").into_response(),
    };
    Ok(with_cookies(response, &gone))
}

/// After signing out here, the way to sign out at the identity provider as well.
#[derive(Template)]
#[template(path = "portal/identity/signed_out.html")]
struct SignedOutPage {
    chrome: Chrome,
    what: String,
    there: String,
    url: String,
}

fn signed_out(chrome: Chrome, name: &str, url: String) -> SignedOutPage {
    let name = [("name", name.into())];
    SignedOutPage {
        what: chrome.say_with("identity-out-text", &name),
        there: chrome.say_with("identity-out-there", &name),
        url,
        chrome,
    }
}

impl Portal {
    /// The name of the identity provider through which a session began, and where to sign out there.
    async fn sign_out_elsewhere(&self, session: &TokenHash) -> Result<Option<(String, String)>, Problem> {
        let federated = self.accounts.federated_session(session).await.map_err(Problem::internal)?;
        let Some((way, id_token)) = federated else { return Ok(None) };
        let Some(provider) = self.providers.of(way) else { return Ok(None) };
        let url = provider.sign_out_url(id_token.as_deref()).await;
        Ok(url.map(|url| (provider.settings().label.clone(), url.to_string())))
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors, notice: Option<&str>| SignInPage {
        chrome: chrome.clone(),
        errors,
        notice: notice.map(str::to_owned),
        email: "ana.ellis@northside.example".into(),
        next: "/".into(),
        elsewhere: vec![Elsewhere {
            path: "childrens-id",
            label: "Sign in with Children\u{2019}s ID".into(),
            hint: "For the hospital\u{2019}s physicians and staff.".into(),
        }],
    };
    let wrong = FormErrors::one(
        "email",
        "E-mail address and password do not belong together. Check both and try again.",
    );
    let ended = "You were signed out because nothing happened for a while. Sign in and you will be back where you were.";
    let out = signed_out(chrome.clone(), "Children\u{2019}s ID", "https://id.example/out".into());
    vec![
        ("signed-out", out.render().unwrap()),
        ("sign-in", page(FormErrors::default(), None).render().unwrap()),
        ("sign-in-wrong", page(wrong, None).render().unwrap()),
        ("sign-in-ended", page(FormErrors::default(), Some(ended)).render().unwrap()),
    ]
}
