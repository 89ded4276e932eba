//! `POST /oauth/introspect` (RFC 7662; rows 269 to 283).

use axum::extract;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::access::sources::RelationshipSource as _;
use crate::domain::client::{Authorization, ClientAuth, Principal};
use crate::domain::clock::Timestamp;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::scope::ScopeSet;

use super::authenticate;
use super::bearer;
use super::endpoints::Endpoints;
use super::error::OAuthError;
use super::grant_refresh;
use super::id_token::Identity;
use super::json;
use super::params::Params;
use super::state::State;
use super::token::internal;
use super::token_response::{context, token_type};

/// What a token stands for, to a client that authenticates with a secret or key, or that shows an access token of its own
/// (rows 282, 283). Whoever asks already holds the token asked about.
pub async fn post(extract::State(state): extract::State<State>, headers: HeaderMap, body: Bytes) -> Response {
    match introspect(&state, &headers, &body).await {
        Ok(body) => json::answer(StatusCode::OK, &body),
        Err(error) => json::error(error, &headers),
    }
}

async fn introspect(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Value, OAuthError> {
    let form = json::form(headers, body)?;
    authorize(state, headers, &form).await?;
    let token = form.get("token").ok_or(OAuthError::MalformedTokenRequest)?;
    let found = if let Some(token) = PlainToken::presented(TokenKind::Access, token) {
        access(state, &token).await?
    } else if let Some(token) = PlainToken::presented(TokenKind::Refresh, token) {
        refresh(state, &token).await?
    } else {
        None
    };
    // RFC 7662 2.2: of a token that is not active nothing else is said.
    Ok(found.map_or_else(|| json!({"active": false}), Value::Object))
}

async fn authorize(state: &State, headers: &HeaderMap, form: &Params) -> Result<(), OAuthError> {
    if bearer::is_brought(headers) {
        return bearer::token(state, headers, &Method::POST, Endpoints::INTROSPECT).await.map(|_| ());
    }
    let client = authenticate::client(state, headers, form).await?;
    if client.auth == ClientAuth::None { Err(OAuthError::IntrospectionForbidden) } else { Ok(()) }
}

async fn access(state: &State, token: &PlainToken) -> Result<Option<Map<String, Value>>, OAuthError> {
    let found = state.store().subject_of(&token.hash()).await.map_err(|e| internal(&e))?;
    let found = found.filter(|found| state.store().directory().standing(&found.subject).active);
    let Some(found) = found else { return Ok(None) };
    let authorization = state.store().authorization(&found.authorization).await.map_err(|e| internal(&e))?;
    let Some(authorization) = authorization else { return Ok(None) };
    let mut body = describe(state, &authorization, &found.scope, found.expires_at).await?;
    body.insert("token_type".to_owned(), json!(token_type(found.bound_to.is_some())));
    // RFC 9449 6.2.
    body.extend(found.bound_to.as_ref().map(|key| ("cnf".to_owned(), json!({"jkt": key}))));
    body.insert("iat".to_owned(), json!(found.issued_at.as_seconds()));
    body.extend(context(state, &authorization));
    Ok(Some(body))
}

async fn refresh(state: &State, token: &PlainToken) -> Result<Option<Map<String, Value>>, OAuthError> {
    let found = state.store().refresh_token(&token.hash()).await.map_err(|e| internal(&e))?;
    let Some(found) = found.filter(|found| found.live) else { return Ok(None) };
    match grant_refresh::check(state, &found.authorization).await {
        Ok(_) => {}
        Err(error @ OAuthError::ServerErrorJson) => return Err(error),
        // Active is what could be exchanged now: not with the people suspended, or signed out under `online_access`.
        Err(_) => return Ok(None),
    }
    let scope = found.authorization.scope.clone();
    let mut body = describe(state, &found.authorization, &scope, found.expires_at).await?;
    body.extend(found.bound_to.map(|key| ("cnf".to_owned(), json!({"jkt": key}))));
    Ok(Some(body))
}

/// What both kinds of token have (rows 272 to 280).
async fn describe(
    state: &State,
    authorization: &Authorization,
    scope: &str,
    expires_at: Timestamp,
) -> Result<Map<String, Value>, OAuthError> {
    let mut body = Map::new();
    body.insert("active".to_owned(), json!(true));
    body.insert("scope".to_owned(), json!(scope));
    body.insert("client_id".to_owned(), json!(authorization.client));
    body.insert("exp".to_owned(), json!(expires_at.as_seconds()));
    body.insert("iss".to_owned(), json!(state.endpoints().issuer));
    let scopes = ScopeSet::parse(scope);
    match &authorization.principal {
        Principal::Practice(_) => {
            body.insert("sub".to_owned(), json!(authorization.client));
        }
        Principal::Account(id) => {
            body.insert("sub".to_owned(), json!(id));
            let account = state.store().account(id).await.map_err(|e| internal(&e))?;
            if let Some(account) = account.filter(|_| scopes.has_word("openid"))
                && let Some(url) = Identity::of(state, &account, &scopes).await.fhir_user
            {
                body.insert("fhirUser".to_owned(), json!(url));
            }
        }
    }
    Ok(body)
}
