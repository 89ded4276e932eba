//! `GET` and `POST /oauth/userinfo` (OpenID Connect Core 5.3).

use axum::extract;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use crate::access::subject::Actor;
use crate::domain::ids::AccountId;

use super::bearer;
use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::id_token::Identity;
use super::json;
use super::state::State;
use super::token::internal;

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a AccountId,
    #[serde(flatten)]
    identity: Identity,
}

/// Who the access token's user is, to an app that asked for `openid`.
pub async fn serve(
    extract::State(state): extract::State<State>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match claims(&state, &method, &headers).await {
        Ok(body) => json::answer(StatusCode::OK, &body),
        Err(error) => json::error(error, &headers),
    }
}

async fn claims(
    state: &State,
    method: &Method,
    headers: &HeaderMap,
) -> Result<serde_json::Value, OAuthError> {
    let token = bearer::token(state, headers, method, Endpoints::USERINFO).await?;
    let Actor::Account(id) = &token.subject.actor else { return Err(OAuthError::InsufficientScope) };
    if !token.subject.scopes.has_word("openid") {
        return Err(OAuthError::InsufficientScope);
    }
    let account = state.store().account(id).await.map_err(|e| internal(&e))?;
    let account = account.ok_or(OAuthError::InvalidToken)?;
    let identity = Identity::of(state, &account, &token.subject.scopes).await;
    Ok(json!(Claims { sub: id, identity }))
}
