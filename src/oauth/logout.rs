//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): an app sends the browser here to end the user's session.
//!
//! Nobody is signed out by a link of somebody else's: without an `id_token` of the very user, a page asks. The browser is sent
//! on only to an address that the app registered for it, letter by letter, and only after such an `id_token` or the user's yes.

use askama::Template;
use axum::extract::{self, RawQuery};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;

use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::client::{Client, ClientState};
use crate::domain::ids::{AccountId, ClientId};
use crate::web::cookies::Cookie;
use crate::web::csrf::CsrfForm;
use crate::web::headers::form_target;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::failure::{Failure, answer};
use super::params::Params;
use super::state::State;

/// What the app asked, as far as it may be trusted.
struct Request {
    /// The user of a genuine `id_token_hint`.
    user: Option<AccountId>,
    /// The app, when it is known and active.
    client: Option<Client>,
    /// Where to go afterwards: registered, with `state`.
    target: Option<String>,
    params: Params,
}

#[derive(Template)]
#[template(path = "oauth/logout.html")]
struct LogoutPage {
    chrome: Chrome,
    app: Option<String>,
    name: Option<String>,
    request: String,
    target: Option<String>,
}

/// `GET`: at once for a genuine hint, by a question otherwise.
pub async fn get(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let outcome = match read(&state, query.as_deref().unwrap_or_default()) {
        Ok(request) => step(&state, &visitor, request).await,
        Err(error) => Err(error.into()),
    };
    answer(&visitor, outcome)
}

/// `POST`: the same in a form. It is sent on to `GET`, for a form of another site comes without our cookies.
pub async fn post(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let text = std::str::from_utf8(&body).ok().filter(|_| form).unwrap_or_default();
    let to = |request: Request| {
        Redirect::to(&format!("{}?{}", Endpoints::LOGOUT, request.params.encode())).into_response()
    };
    answer(&visitor, read(&state, text).map(to).map_err(Failure::from))
}

/// `POST` of our own page: the user said yes.
pub async fn confirm(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Response {
    let encoded = fields.iter().find(|(name, _)| name == "request").map_or("", |(_, value)| value);
    let outcome = match read(&state, encoded) {
        Ok(request) => sign_out(&state, &visitor, request).await,
        Err(error) => Err(error.into()),
    };
    answer(&visitor, outcome)
}

fn read(state: &State, encoded: &str) -> Result<Request, OAuthError> {
    let params = Params::parse(encoded).ok_or(OAuthError::TooLong)?;
    if params.any_repeated() {
        return Err(OAuthError::LogoutRedirectUri);
    }
    // Expired or not: what counts is that we made it (RP-Initiated Logout 1.0, 2).
    let hint = params.get("id_token_hint").and_then(|jwt| state.id_token_keys().claims(jwt));
    let claim = |name: &str| hint.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let ours = claim("iss").as_deref() == Some(&*state.endpoints().issuer);
    let client = |id: &str| {
        let client = ClientId::parse(id).ok().and_then(|id| state.store().client(&id));
        client.filter(|client| client.state == ClientState::Active).map(|client| (*client).clone())
    };
    let hinted = claim("aud").filter(|_| ours);
    let named = params.get("client_id");
    let agree = hinted.is_none() || named.is_none() || hinted.as_deref() == named;
    let client = hinted.as_deref().or(named).filter(|_| agree).and_then(client);
    let target = match (params.get("post_logout_redirect_uri"), &client) {
        (None, _) => None,
        (Some(uri), Some(client))
            if client.details.post_logout_redirect_uris.iter().any(|own| own == uri) =>
        {
            Some(with_state(uri, params.get("state")))
        }
        (Some(_), _) => return Err(OAuthError::LogoutRedirectUri),
    };
    let user = claim("sub").filter(|_| ours && agree).and_then(|sub| AccountId::parse(&sub).ok());
    Ok(Request { user, client, target, params })
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    format!("{uri}{}{query}", if uri.contains('?') { "&" } else { "?" })
}

async fn step(state: &State, visitor: &Visitor, request: Request) -> Result<Response, Failure> {
    let signed_in = visitor.account.as_ref().map(|account| &account.id);
    match (&request.user, signed_in) {
        (Some(user), Some(own)) if user == own => sign_out(state, visitor, request).await,
        // Signed out already: the app's own word is enough to go back to it.
        (Some(_), None) if request.target.is_some() => sign_out(state, visitor, request).await,
        (_, Some(_)) => Ok(page(visitor, request, "Sign out?", true)),
        (_, None) => Ok(page(visitor, request, "You are signed out", false)),
    }
}

fn page(visitor: &Visitor, request: Request, title: &str, ask: bool) -> Response {
    let to = request.target.as_deref().and_then(form_target);
    let template = LogoutPage {
        chrome: visitor.chrome(title),
        app: request.client.map(|client| client.name),
        name: visitor.account.as_ref().map(|account| account.name.clone()).filter(|_| ask),
        request: request.params.encode(),
        // A link to a scheme of a native app may do anything: only web addresses are linked to.
        target: request.target.filter(|uri| uri.starts_with("https://") || uri.starts_with("http://")),
    };
    Page::new(template).allow_form_to(to).into_response()
}

/// Ends the session, and with it what was authorized for as long as it lasts.
async fn sign_out(state: &State, visitor: &Visitor, request: Request) -> Result<Response, Failure> {
    if let Some(session) = &visitor.session {
        let ended = state.store().delete_session(&session.hash).await.map_err(Problem::internal)?;
        let event = AuditEvent {
            account: Some(session.account.clone()),
            client: request.client.as_ref().map(|client| client.id.clone()),
            request: Some(visitor.request.clone()),
            address: Some(visitor.address.0.clone()),
            ..state.event(AuditKind::SignIn, AuditOutcome::Success, "sign_out")
        };
        if ended && !state.record(event).await {
            return Err(Problem::internal("a sign-out could not be recorded").into());
        }
    }
    let place = request.target.as_deref().unwrap_or(Endpoints::LOGOUT);
    let mut response = Redirect::to(place).into_response();
    for cookie in [Cookie::Session, Cookie::Recent] {
        if let Ok(cookie) = HeaderValue::from_str(&cookie.clear(state.web())) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    Ok(response)
}
