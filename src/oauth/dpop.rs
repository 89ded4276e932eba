//! DPoP at our own endpoints (RFC 9449 5): which key a client shows, and the nonce that it may need.

use axum::extract::{self, Request};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::client::Client;
use crate::domain::thumbprint::KeyThumbprint;
use crate::web::proofs::{NONCE_HEADER, ProofRefused};

use super::error::OAuthError;
use super::state::State;

/// The key that `client` shows with a `POST` to `path`; what is issued is bound to it. An error when it shows none and is
/// registered to show one.
pub async fn key(
    state: &State,
    headers: &HeaderMap,
    client: &Client,
    path: &str,
) -> Result<Option<KeyThumbprint>, OAuthError> {
    let key = shown(state, headers, client, path).await?;
    if key.is_none() && client.details.security.requires_bound_tokens() {
        return Err(OAuthError::NoDpopProof);
    }
    Ok(key)
}

/// The key that `client` shows with a `POST` to `path`, if any.
pub async fn shown(
    state: &State,
    headers: &HeaderMap,
    client: &Client,
    path: &str,
) -> Result<Option<KeyThumbprint>, OAuthError> {
    let security = client.details.security;
    let key = state.web().proofs().key(headers, &Method::POST, path, None, security.fapi).await;
    key.map_err(|refused| match refused {
        ProofRefused::Nonce => OAuthError::UseDpopNonce,
        ProofRefused::Unavailable => OAuthError::ServerErrorJson,
        ProofRefused::Invalid(_) | ProofRefused::Replayed => {
            tracing::info!(client = %client.id, reason = %refused, "a DPoP proof was refused");
            OAuthError::InvalidDpopProof
        }
    })
}

/// Middleware: puts a nonce on answers that ask for one (RFC 9449 8).
pub async fn offer_nonce(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let wanted =
        response.extensions().get::<OAuthError>().is_some_and(|error| error.code() == "use_dpop_nonce");
    if wanted {
        response.headers_mut().insert(NONCE_HEADER, state.web().proofs().nonce());
    }
    response
}
