//! The access token of a request to one of the authorization server's own endpoints (RFC 6750 2.1, RFC 9449 7).

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};

use crate::access::sources::RelationshipSource as _;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::store::tokens::BearerToken;
use crate::web::proofs::ProofRefused;

use super::error::OAuthError;
use super::state::State;
use super::token::internal;

/// Whether the request brings an access token in its `Authorization` header.
pub fn is_brought(headers: &HeaderMap) -> bool {
    let scheme = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split(|b| *b == b' ').next());
    scheme.is_some_and(|s| s.eq_ignore_ascii_case(b"bearer") || s.eq_ignore_ascii_case(b"dpop"))
}

/// What the `Authorization` header stands for; `invalid_token` when there is none, or its people may no longer act. A token
/// that is bound to a key comes as `DPoP` with a proof of that key, any other as `Bearer`, and neither as the other.
pub async fn token(
    state: &State,
    headers: &HeaderMap,
    method: &Method,
    path: &str,
) -> Result<Arc<BearerToken>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|text| text.split_once(' ')).ok_or(OAuthError::InvalidToken)?;
    let token = PlainToken::presented(TokenKind::Access, token.trim()).ok_or(OAuthError::InvalidToken)?;
    super::culprit::holds(&token.hash());
    let found = state.store().subject_of(&token.hash()).await.map_err(|e| internal(&e))?;
    let found = found.filter(|found| state.store().directory().standing(&found.subject).active);
    let found = found.ok_or(OAuthError::InvalidToken)?;
    match &found.bound_to {
        None if scheme.eq_ignore_ascii_case("bearer") => Ok(found),
        Some(bound_to) if scheme.eq_ignore_ascii_case("dpop") => {
            let proofs = state.web().proofs();
            let needs_nonce = proofs.needs_nonce(found.subject.client.as_ref());
            let key = proofs.key(headers, method, path, Some(token.expose()), needs_nonce).await;
            match key {
                Ok(Some(key)) if key.matches(bound_to) => Ok(found),
                Ok(Some(_)) => Err(OAuthError::InvalidToken),
                Err(ProofRefused::Nonce) => Err(OAuthError::ResourceNonce),
                Err(ProofRefused::Unavailable) => Err(OAuthError::ServerErrorJson),
                Ok(None) | Err(ProofRefused::Invalid(_) | ProofRefused::Replayed) => {
                    Err(OAuthError::ResourceProof)
                }
            }
        }
        _ => Err(OAuthError::InvalidToken),
    }
}
