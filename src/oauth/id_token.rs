//! The `id_token`: who signed in (OpenID Connect Core 2; SMART "Identity data", rows 197 to 210).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::domain::account::Account;
use crate::domain::client::Principal;
use crate::fhir::scope::ScopeSet;

use super::consent::fhir_user;
use super::error::OAuthError;
use super::state::State;
use super::token_response::Issued;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    /// How the user proved who they are (RFC 8176): there is no other way to sign in than with a password.
    amr: [&'static str; 1],
    #[serde(flatten)]
    identity: Identity,
}

/// What is said of a user, by the granted scopes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Identity {
    /// Absolute URL of the user's Practitioner in the facade, with `fhirUser` (row 203).
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    pub fhir_user: Option<String>,
    /// Name as printed, with `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Identity {
    /// What `scopes` let an app know of `account`.
    pub async fn of(state: &State, account: &Account, scopes: &ScopeSet) -> Self {
        let practitioner = if scopes.has_word("fhirUser") { fhir_user(state, account).await } else { None };
        Self {
            fhir_user: practitioner.map(|id| format!("{}/Practitioner/{id}", state.endpoints().fhir)),
            name: scopes.has_word("profile").then(|| account.name.clone()),
        }
    }
}

/// Half of the access token's hash (OpenID Connect Core 3.1.3.6, for RS256).
fn at_hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..16).unwrap_or_default())
}

/// A signed `id_token` for what was issued.
pub async fn make(state: &State, issued: &Issued, scopes: &ScopeSet) -> Result<String, OAuthError> {
    let authorization = &issued.authorization;
    let Principal::Account(id) = &authorization.principal else { return Err(OAuthError::ServerErrorJson) };
    let failed = |cause: &dyn std::fmt::Display| {
        tracing::error!(%cause, "an id_token could not be made");
        OAuthError::ServerErrorJson
    };
    let account = state.store().account(id).await.map_err(|e| failed(&e))?;
    let account = account.ok_or_else(|| failed(&"no such account"))?;
    let key = state.id_token_keys().active().ok_or_else(|| failed(&"there is no signing key"))?;
    let now = state.now();
    let claims = Claims {
        iss: &state.endpoints().issuer,
        sub: id.as_str(),
        aud: authorization.client.as_str(),
        iat: now.as_seconds(),
        exp: now.plus(issued.life).as_seconds(),
        auth_time: authorization.authenticated_at.as_seconds(),
        // Only the first id_token answers the authorization request (OpenID Connect Core 12.2).
        nonce: authorization.nonce.as_deref().filter(|_| issued.first),
        at_hash: at_hash(issued.access.expose()),
        amr: ["pwd"],
        identity: Identity::of(state, &account, scopes).await,
    };
    Arc::clone(&key).sign_jwt(&claims).map_err(|e| failed(&e))
}
