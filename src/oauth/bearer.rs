//! The access token of a request to one of the authorization server's own endpoints (RFC 6750 2.1).

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::access::sources::RelationshipSource as _;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::store::tokens::BearerToken;

use super::error::OAuthError;
use super::state::State;
use super::token::internal;

/// What the `Authorization: Bearer` header stands for; `invalid_token` when there is none, or its people may no longer act.
pub async fn token(state: &State, headers: &HeaderMap) -> Result<Arc<BearerToken>, OAuthError> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|text| text.split_once(' ')).ok_or(OAuthError::InvalidToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(OAuthError::InvalidToken);
    }
    let token = PlainToken::presented(TokenKind::Access, token.trim()).ok_or(OAuthError::InvalidToken)?;
    let found = state.store().subject_of(&token.hash()).await.map_err(|e| internal(&e))?;
    let found = found.filter(|found| state.store().directory().standing(&found.subject).active);
    found.ok_or(OAuthError::InvalidToken)
}
