//! `/developers/apps`: a vendor comes in with `client_id` and registration access token. The token itself is not kept: the
//! browser holds its hash, sealed, for two hours; it opens nothing once the token or the registration has ended.

use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::{APPS, MINE, with_cookie};
use crate::accounts::registration::RegistrationError;
use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::portal::Portal;
use crate::store::clients::Registration;
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

const LIFE: Duration = Duration::from_hours(2);
const PURPOSE: &str = "vendor";

/// What the browser holds.
#[derive(Serialize, Deserialize)]
pub struct Pass {
    client: ClientId,
    token: String,
    until: i64,
}

impl Pass {
    /// For two hours from now.
    pub fn new(portal: &Portal, client: ClientId, token: &TokenHash) -> Self {
        Self { client, token: token.to_hex(), until: portal.web.now().plus(LIFE).as_millis() }
    }

    /// As it stands in the cookie.
    pub fn seal(&self, portal: &Portal) -> String {
        portal.web.keys().seal_for_browser(PURPOSE, self, portal.web.random())
    }
}

/// The vendor of an app, with its registration as it stands. Whoever is not is sent to the page on which one comes in.
pub struct Vendor {
    /// The request and the layout.
    pub visitor: Visitor,
    /// The registration.
    pub registration: Registration,
}

impl FromRequestParts<Portal> for Vendor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        let visitor = Visitor::nobody(&portal.web, parts);
        let pass = Cookie::Vendor
            .read(&portal.web, &parts.headers)
            .and_then(|sealed| portal.web.keys().open_from_browser::<Pass>(PURPOSE, &sealed))
            .filter(|pass| portal.web.now() < Timestamp::from_millis(pass.until));
        let hash = pass.as_ref().and_then(|pass| TokenHash::from_hex(&pass.token));
        let Some((pass, hash)) = pass.zip(hash) else { return Err(Redirect::to(APPS).into_response()) };
        match portal.accounts.managed_client(&pass.client, &hash).await {
            Ok(registration) => Ok(Self { visitor, registration }),
            Err(RegistrationError::NotYours) => {
                Err(with_cookie(Redirect::to(APPS), &Cookie::Vendor.clear(&portal.web)))
            }
            Err(error) => Err(Problem::internal(error).into_response()),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/vendors/enter.html")]
struct EnterPage {
    chrome: Chrome,
    errors: FormErrors,
    client_id: String,
}

/// The form; or the app, for whoever is in.
pub async fn show(visitor: Visitor, vendor: Result<Vendor, Response>) -> Response {
    if vendor.is_ok() {
        return Redirect::to(MINE).into_response();
    }
    let chrome = visitor.chrome("Your app");
    Page::new(EnterPage { chrome, errors: FormErrors::default(), client_id: String::new() }).into_response()
}

#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    token: String,
}

/// Lets the vendor in. One message whatever was wrong.
pub async fn enter(
    State(portal): State<Portal>,
    visitor: Visitor,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    let id = ClientId::parse(form.client_id.trim()).ok();
    let token = PlainToken::presented(TokenKind::RegistrationAccess, form.token.trim());
    if let Some((id, token)) = id.zip(token) {
        match portal.accounts.managed_client(&id, &token.hash()).await {
            Ok(_) => {
                let pass = Pass::new(&portal, id, &token.hash()).seal(&portal);
                return Ok(with_cookie(Redirect::to(MINE), &Cookie::Vendor.set(&portal.web, &pass)));
            }
            Err(RegistrationError::NotYours) => {}
            Err(error) => return Err(Problem::internal(error)),
        }
    }
    let message = "client_id and token do not belong together, or the registration has ended. Check both and try again.";
    let page = EnterPage {
        chrome: visitor.chrome("Your app"),
        errors: FormErrors::one("client_id", message),
        client_id: form.client_id,
    };
    Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

/// No fields of its own.
#[derive(Deserialize)]
pub struct Nothing {}

/// Takes the cookie away.
pub async fn leave(State(portal): State<Portal>, _form: CsrfForm<Nothing>) -> Response {
    with_cookie(Redirect::to(APPS), &Cookie::Vendor.clear(&portal.web))
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = |errors| EnterPage { chrome: chrome.clone(), errors, client_id: "3b1f0c5a".into() };
    let wrong = FormErrors::one("client_id", "client_id and token do not belong together.");
    vec![
        ("vendors-enter", page(FormErrors::default()).render().unwrap()),
        ("vendors-enter-wrong", page(wrong).render().unwrap()),
    ]
}
