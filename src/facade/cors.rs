//! What every answer of the FHIR endpoint carries: request id, headers against sniffing and storing, and, for registered web
//! apps, permission to read it from a browser.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::domain::ids::RequestId;

use super::Facade;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ASKED: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Cache-Control, Content-Type, DPoP, If-None-Match, Prefer",
);
const SHOWN: HeaderValue = HeaderValue::from_static(
    "Age, Cache-Status, Content-Disposition, DPoP-Nonce, ETag, Retry-After, Warning, WWW-Authenticate, X-Request-Id",
);

/// Which web apps may call from a browser.
pub trait Origins: Send + Sync {
    /// Whether a registered, active client lives at this origin (`https://app.example`).
    fn is_registered(&self, origin: &str) -> bool;
}

/// What of a request decides who may read its answer.
pub(super) struct Asked {
    origin: Option<HeaderValue>,
    public: bool,
}

impl Asked {
    pub(super) fn by(request: &Request) -> Self {
        Self {
            origin: request.headers().get(header::ORIGIN).cloned(),
            // The CapabilityStatement is for everybody, before any registration.
            public: request.uri().path().ends_with("/metadata"),
        }
    }
}

/// Adds what every answer carries.
pub(super) fn complete(facade: &Facade, asked: Asked, id: &RequestId, response: &mut Response) {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Accept, Authorization, Origin"));
    if let Some(allowed) = asked.origin.and_then(|origin| allowed(facade, origin, asked.public)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN);
    } else {
        headers.remove(header::ACCESS_CONTROL_ALLOW_METHODS);
        headers.remove(header::ACCESS_CONTROL_ALLOW_HEADERS);
        headers.remove(header::ACCESS_CONTROL_MAX_AGE);
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.entry(REQUEST_ID).or_insert(id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Answers hold PHI: nothing on the way, and no browser, is to keep them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

fn allowed(facade: &Facade, origin: HeaderValue, public: bool) -> Option<HeaderValue> {
    if public {
        return Some(HeaderValue::from_static("*"));
    }
    let registered = origin.to_str().is_ok_and(|origin| facade.origins.is_registered(origin));
    registered.then_some(origin)
}

/// `OPTIONS`, as browsers send it before a request that carries a token (Fetch, "CORS-preflight").
pub(super) fn options(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, METHODS);
    if asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}
