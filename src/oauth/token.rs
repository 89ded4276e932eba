//! `POST /oauth/token` (RFC 6749 3.2): which grant it is, and the answer.

use axum::Extension;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::client::Principal;
use crate::domain::ids::RequestId;

use super::authenticate;
use super::culprit;
use super::dpop;
use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::params::Params;
use super::state::State;
use super::token_response::{self, Issued};
use super::{grant_backend, grant_code, grant_refresh, json};

/// The endpoint.
pub async fn post(
    extract::State(state): extract::State<State>,
    request: Option<Extension<RequestId>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let issued = match json::form(&headers, &body) {
        Ok(form) => issue(&state, &headers, &form).await,
        Err(error) => Err(error),
    };
    let answered = match issued {
        Ok(issued) => recorded(&state, request.map(|Extension(id)| id), issued).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(body) => json::answer(StatusCode::OK, &body),
        Err(error) => {
            tracing::info!(error = error.name(), "a token request was refused");
            json::error(error, &headers)
        }
    }
}

async fn issue(state: &State, headers: &HeaderMap, form: &Params) -> Result<Issued, OAuthError> {
    culprit::named_in(form);
    let grant_type = form.get("grant_type").ok_or(OAuthError::UnsupportedGrantType)?;
    if !matches!(grant_type, "authorization_code" | "refresh_token" | "client_credentials") {
        return Err(OAuthError::UnsupportedGrantType);
    }
    let client = match grant_type {
        "refresh_token" if !authenticate::says_who(headers, form) => {
            grant_refresh::owner(state, form).await?
        }
        _ => authenticate::client(state, headers, form).await?,
    };
    let key = dpop::key(state, headers, &client, Endpoints::TOKEN).await?;
    match grant_type {
        "authorization_code" => grant_code::exchange(state, &client, form, key).await,
        "refresh_token" => grant_refresh::exchange(state, &client, form, key).await,
        _ => grant_backend::exchange(state, &client, form, key).await,
    }
}

/// The answer, once the issue is on record.
async fn recorded(
    state: &State,
    request: Option<RequestId>,
    issued: Issued,
) -> Result<serde_json::Value, OAuthError> {
    let authorization = &issued.authorization;
    let (account, practice) = match &authorization.principal {
        Principal::Account(id) => (Some(id.clone()), None),
        Principal::Practice(id) => (None, Some(id.clone())),
    };
    let event = AuditEvent {
        account,
        practice,
        client: Some(authorization.client.clone()),
        patients: authorization.context.patient.iter().cloned().collect(),
        request,
        ..state.event(AuditKind::Token, AuditOutcome::Success, issued.grant)
    };
    if !state.record(event).await {
        return Err(OAuthError::ServerErrorJson);
    }
    token_response::body(state, &issued).await
}

/// A failure of the store: the cause to the log.
pub fn internal(error: &crate::store::StoreError) -> OAuthError {
    tracing::error!(%error, "a token request failed");
    OAuthError::ServerErrorJson
}
