//! Refusals and failures as `OperationOutcome`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Media type of everything the server sends.
pub const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json;charset=utf-8");

/// An answer that is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// FHIR issue type.
    pub code: &'static str,
    /// A sentence.
    pub text: String,
}

impl Refusal {
    /// 400: what was asked cannot be understood.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "invalid", text: text.into() }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not-found", text: "Resource not found.".into() }
    }

    /// 410: it was deleted, or the page handle has expired.
    pub fn gone(text: &str) -> Self {
        Self { status: StatusCode::GONE, code: "deleted", text: text.into() }
    }

    /// 401.
    pub fn unauthorized(text: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code: "login", text: text.into() }
    }

    /// 403.
    pub fn forbidden(text: &str) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "forbidden", text: text.into() }
    }

    /// As JSON.
    pub fn outcome(&self) -> serde_json::Value {
        outcome("error", self.code, &self.text)
    }
}

/// An `OperationOutcome` with one issue.
pub fn outcome(severity: &str, code: &str, text: &str) -> serde_json::Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "details": { "text": text }, "diagnostics": text }]
    })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.outcome().to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, FHIR_JSON);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
