//! Whether a client is who it says it is. To the client every failure is the same `invalid_client`; the log says why.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::domain::client::{Client, ClientAuth, ClientState};
use crate::domain::ids::ClientId;
use crate::domain::secret::TokenHash;

use super::assertion::{Assertion, AssertionError, Checked};
use super::client_auth::Presented;
use super::client_keys::KeySet;
use super::culprit;
use super::error::OAuthError;
use super::params::Params;
use super::state::State;

/// Authenticates the client of a request.
pub async fn client(state: &State, headers: &HeaderMap, form: &Params) -> Result<Arc<Client>, OAuthError> {
    let client = presented(state, headers, form).await?;
    culprit::authenticated(&client);
    Ok(client)
}

async fn presented(state: &State, headers: &HeaderMap, form: &Params) -> Result<Arc<Client>, OAuthError> {
    match Presented::read(headers, form)? {
        Presented::Nothing(id) => {
            let client = active(state, &id)?;
            let open = client.auth == ClientAuth::None && !client.details.security.fapi;
            if open { Ok(client) } else { Err(refused(&id, "no credentials")) }
        }
        Presented::Secret(id, secret) => {
            let client = active(state, &id)?;
            // FAPI 2.0 5.3.2.1, 6: a key, whatever else was registered before.
            if client.details.security.fapi {
                return Err(refused(&id, "held to FAPI 2.0 and without a key"));
            }
            let ClientAuth::Secret { hash } = &client.auth else { return Err(refused(&id, "has no secret")) };
            let known = TokenHash::from_hex(hash).ok_or_else(|| refused(&id, "stored secret unreadable"))?;
            if TokenHash::of(&secret).matches(&known) {
                Ok(client)
            } else {
                Err(refused(&id, "wrong secret"))
            }
        }
        Presented::Assertion(id, jwt) => asserted(state, id, &jwt).await,
    }
}

/// Whether the request says at all which client it is from.
pub fn says_who(headers: &HeaderMap, form: &Params) -> bool {
    let named =
        ["client_id", "client_secret", "client_assertion"].iter().any(|name| form.get(name).is_some());
    named || headers.contains_key(AUTHORIZATION)
}

/// The active client with this id.
pub fn active(state: &State, id: &ClientId) -> Result<Arc<Client>, OAuthError> {
    culprit::named(id);
    let client = state.store().client(id).filter(|client| client.state == ClientState::Active);
    client.ok_or_else(|| refused(id, "unknown or suspended"))
}

fn refused(id: &ClientId, reason: &str) -> OAuthError {
    tracing::info!(client = %id, reason, "client authentication failed");
    OAuthError::InvalidClient
}

/// `private_key_jwt` (rows 335 to 342).
async fn asserted(state: &State, id: Option<ClientId>, jwt: &str) -> Result<Arc<Client>, OAuthError> {
    let unnamed = |error: AssertionError| {
        tracing::info!(reason = %error, "client authentication failed");
        OAuthError::InvalidClient
    };
    let assertion = Assertion::parse(jwt).map_err(unnamed)?;
    let issuer = assertion.issuer().ok_or(AssertionError::Issuer).map_err(unnamed)?;
    if id.is_some_and(|id| id != issuer) {
        return Err(refused(&issuer, "client_id is not the assertion's iss"));
    }
    let client = active(state, &issuer)?;
    let checked = verify(state, &client, &assertion).await;
    let checked = checked.map_err(|error| refused(&client.id, &error.to_string()))?;
    let first = state.store().use_jti(client.id.as_str(), &checked.jti, checked.until).await;
    match first {
        Ok(true) => Ok(client),
        Ok(false) => Err(refused(&client.id, &AssertionError::Replayed.to_string())),
        Err(error) => {
            tracing::error!(%error, "a client assertion could not be noted");
            Err(OAuthError::ServerErrorJson)
        }
    }
}

async fn verify(state: &State, client: &Client, assertion: &Assertion) -> Result<Checked, AssertionError> {
    let endpoints = state.endpoints();
    if client.details.security.fapi {
        assertion.check_fapi(&endpoints.issuer)?;
    }
    // The issuer as audience is what RFC 7523bis asks for; the token endpoint is what SMART does.
    let audiences = [endpoints.token.as_str(), endpoints.issuer.as_str()];
    let (keys, jwks_uri) = match &client.auth {
        ClientAuth::Keys { jwks } => (KeySet::parse(jwks.as_bytes()).map(Arc::new), None),
        ClientAuth::KeysUrl { jwks_uri } => {
            // Claims first: nobody makes us fetch keys with a token that is worthless anyway.
            assertion.check_claims(&client.id, &audiences, Some(jwks_uri), state.now())?;
            (state.fetched_keys().get(jwks_uri, assertion.kid()).await, Some(jwks_uri.as_str()))
        }
        ClientAuth::None | ClientAuth::Secret { .. } => return Err(AssertionError::NoKeys),
    };
    let keys = keys.ok_or(AssertionError::NoKeys)?;
    let checked = assertion.check_claims(&client.id, &audiences, jwks_uri, state.now())?;
    if assertion.is_signed_by(&keys) { Ok(checked) } else { Err(AssertionError::Signature) }
}
