//! Answers of the token, revocation, introspection and userinfo endpoints.

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::web::proofs;

use super::error::OAuthError;
use super::params::Params;

/// A JSON answer that nobody keeps (rows 86, 87).
pub fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// An error (RFC 6749 5.2; RFC 6750 3 for bearer tokens). `request` are the headers of the request: a client that used the
/// `Authorization` header is told which scheme to use.
pub fn error(error: OAuthError, request: &HeaderMap) -> Response {
    error_saying(error, error.text(), request)
}

/// As [`error`], with another description: in ASCII, and without anything that was sent.
pub fn error_saying(error: OAuthError, description: &str, request: &HeaderMap) -> Response {
    let body = json!({"error": error.code(), "error_description": description});
    let mut response = answer(error.status(), &body);
    response.extensions_mut().insert(error);
    let challenge = match error {
        OAuthError::InvalidClient if request.contains_key(AUTHORIZATION) => Some("Basic realm=\"chartgate\""),
        OAuthError::InvalidToken | OAuthError::RegistrationToken if !request.contains_key(AUTHORIZATION) => {
            Some("Bearer")
        }
        OAuthError::InvalidToken | OAuthError::RegistrationToken => Some("Bearer error=\"invalid_token\""),
        OAuthError::InsufficientScope => Some("Bearer error=\"insufficient_scope\""),
        _ => None,
    };
    let headers = response.headers_mut();
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    match error {
        OAuthError::InvalidToken => drop(headers.append(WWW_AUTHENTICATE, proofs::challenge(None))),
        OAuthError::ResourceProof | OAuthError::ResourceNonce => {
            headers.insert(WWW_AUTHENTICATE, proofs::challenge(Some(error.code())));
        }
        _ => {}
    }
    response
}

/// The form of a request to one of these endpoints.
pub fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let text = std::str::from_utf8(body).map_err(|_| OAuthError::MalformedTokenRequest)?;
    let params = Params::parse(text).ok_or(OAuthError::MalformedTokenRequest)?;
    if !kind.starts_with(b"application/x-www-form-urlencoded") || params.any_repeated() {
        return Err(OAuthError::MalformedTokenRequest);
    }
    Ok(params)
}
