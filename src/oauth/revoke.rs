//! `POST /oauth/revoke` (RFC 7009).

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::client::Client;
use crate::domain::secret::{PlainToken, TokenKind};

use super::authenticate;
use super::error::OAuthError;
use super::json;
use super::state::State;
use super::token::internal;

/// Revokes a token of the client's own. A refresh token takes with it all that hangs on the same authorization (RFC 7009
/// 2.1); an access token goes alone. A token that is not known is no error.
pub async fn post(extract::State(state): extract::State<State>, headers: HeaderMap, body: Bytes) -> Response {
    match revoke(&state, &headers, &body).await {
        Ok(()) => json::answer(StatusCode::OK, &json!({})),
        Err(error) => json::error(error, &headers),
    }
}

async fn revoke(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<(), OAuthError> {
    let form = json::form(headers, body)?;
    let client = authenticate::client(state, headers, &form).await?;
    let token = form.get("token").ok_or(OAuthError::MalformedTokenRequest)?;
    // The prefix says what it is; `token_type_hint` is not needed.
    if let Some(token) = PlainToken::presented(TokenKind::Refresh, token) {
        return refresh(state, &client, &token).await;
    }
    match PlainToken::presented(TokenKind::Access, token) {
        Some(token) => access(state, &client, &token).await,
        None => Ok(()),
    }
}

async fn refresh(state: &State, client: &Client, token: &PlainToken) -> Result<(), OAuthError> {
    let Some(known) = state.store().refresh_token(&token.hash()).await.map_err(|e| internal(&e))? else {
        return Ok(());
    };
    if known.authorization.client != client.id {
        return Err(OAuthError::ForeignToken);
    }
    state.store().revoke_authorization(&known.authorization.id).await.map_err(|e| internal(&e))?;
    note(state, client).await
}

async fn access(state: &State, client: &Client, token: &PlainToken) -> Result<(), OAuthError> {
    let Some(known) = state.store().subject_of(&token.hash()).await.map_err(|e| internal(&e))? else {
        return Ok(());
    };
    if known.subject.client.as_ref() != Some(&client.id) {
        return Err(OAuthError::ForeignToken);
    }
    state.store().revoke_access_token(&token.hash()).await.map_err(|e| internal(&e))?;
    note(state, client).await
}

/// What is done is done: that it cannot be recorded is no reason to keep a token alive, but the client hears of it.
async fn note(state: &State, client: &Client) -> Result<(), OAuthError> {
    let event = AuditEvent {
        client: Some(client.id.clone()),
        ..state.event(AuditKind::Token, AuditOutcome::Success, "revoke")
    };
    if state.record(event).await { Ok(()) } else { Err(OAuthError::ServerErrorJson) }
}
