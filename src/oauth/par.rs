//! `POST /oauth/par` (RFC 9126): an authorization request handed over by the client itself, so that it is authenticated, cannot
//! be altered in a browser, and stands in no address.

use std::time::Duration;

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::domain::secret::{PlainToken, TokenKind};
use crate::store::pushed::PushedRequest;

use super::authenticate;
use super::dpop;
use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::json;
use super::params::Params;
use super::pushed::URN;
use super::request::{AuthorizeRequest, Rejection, THUMBPRINT};
use super::state::State;
use super::token::internal;

/// How long the browser may take to bring the `request_uri` (RFC 9126 2.2).
const LIFE: Duration = Duration::from_mins(1);
/// The most that is kept, encoded: what our pages can carry.
const LONGEST: usize = 10 * 1024;
/// What belongs to client authentication and not to the request.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// The endpoint.
pub async fn post(extract::State(state): extract::State<State>, headers: HeaderMap, body: Bytes) -> Response {
    match push(&state, &headers, &body).await {
        Ok(body) => json::answer(StatusCode::CREATED, &body),
        Err(error) => {
            tracing::info!(error = error.name(), "a pushed request was refused");
            json::error(error, &headers)
        }
    }
}

async fn push(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Value, OAuthError> {
    let form = json::form(headers, body)?;
    let client = authenticate::client(state, headers, &form).await?;
    if form.get("request_uri").is_some() {
        return Err(OAuthError::NestedRequestUri);
    }
    let mut params = CREDENTIALS.iter().fold(form, |params, name| params.without(name));
    params = params.with("client_id", client.id.as_str());
    // RFC 9449 10.1: a key shown here is the one to which the code will be bound.
    if let Some(key) = dpop::shown(state, headers, &client, Endpoints::PAR).await? {
        params = with_key(params, &key.to_string())?;
    }
    let encoded = params.encode();
    if encoded.len() > LONGEST {
        return Err(OAuthError::TooLong);
    }
    let expires_at = state.now().plus(LIFE);
    if params.get("redirect_uri").is_none() {
        return Err(OAuthError::NoRedirectUri);
    }
    let judged =
        AuthorizeRequest::verify(Some((*client).clone()), params, state.endpoints(), Some(expires_at));
    judged.map_err(|rejection| match rejection {
        Rejection::Page(error) | Rejection::Redirect(_, error) => error,
    })?;
    let token = PlainToken::generate(TokenKind::PushedRequest, state.random());
    let pushed = PushedRequest { hash: token.hash(), client: client.id.clone(), params: encoded, expires_at };
    state.store().insert_pushed_request(&pushed).await.map_err(|e| internal(&e))?;
    let request_uri = format!("{URN}{}", token.expose());
    Ok(json!({"request_uri": request_uri, "expires_in": LIFE.as_secs()}))
}

fn with_key(params: Params, key: &str) -> Result<Params, OAuthError> {
    match params.get(THUMBPRINT) {
        Some(said) if said != key => Err(OAuthError::OtherThumbprint),
        _ => Ok(params.with(THUMBPRINT, key)),
    }
}
