//! Errors as OperationOutcome: a code, a plain sentence for a person, and the request id (STYLE.md 9). One mapping each.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use fhir_profiles::outcome::operation_outcome;
use http::{HeaderValue, Method, StatusCode, header};

use crate::access::refusal::Refusal;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::RequestId;
use crate::fhir::search::SearchError;
use crate::rate::retry_after;
use crate::records::{PageError, Unanswered};
use crate::telemetry::{LineFacts, Word};
use crate::web::bodies::NoBody;
use crate::web::proofs;

/// When to come back if nobody knows better.
const SOON: Duration = Duration::from_secs(30);
/// When to come back after waiting in vain for a place of one's own share.
const CROWDED: Duration = Duration::from_secs(5);

/// An error, ready to be told.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    sentence: String,
    retry_after: Option<Duration>,
    challenge: Option<&'static str>,
    /// Error of a challenge for tokens that are bound to a key; empty: a challenge without an error.
    proof: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, code, sentence: sentence.into(), retry_after: None, challenge: None, proof: None }
    }

    /// The request's body is too long, as `sentence` says, or did not come in time.
    pub(super) fn without_body(why: NoBody, sentence: &'static str) -> Self {
        match why {
            NoBody::TooLong => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", sentence),
            NoBody::TooSlow => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "The request did not come in time.")
            }
        }
    }

    /// The one answer for what is not there and for what is beyond reach.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Nothing was found here.")
    }

    /// 401 without a token.
    pub(super) fn no_token() -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "login", "This needs an access token.");
        Self { challenge: Some(r#"Bearer realm="fhir""#), proof: Some(""), ..problem }
    }

    /// 401 with a token that is of no use (RFC 6750, 3.1).
    pub(super) fn bad_token() -> Self {
        let sentence = "The access token is unknown, has expired or was revoked.";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "login", sentence);
        Self { challenge: Some(r#"Bearer realm="fhir", error="invalid_token""#), proof: Some(""), ..problem }
    }

    /// 401 with a token that is bound to a key which the request does not show (RFC 9449 7.1).
    pub(super) fn proof(error: &'static str) -> Self {
        let sentence = "The access token is bound to a key, and the request does not show it.";
        Self { proof: Some(error), ..Self::new(StatusCode::UNAUTHORIZED, "login", sentence) }
    }

    /// Whether a nonce has to come with the answer (RFC 9449 9).
    pub(super) fn asks_for_nonce(&self) -> bool {
        self.proof == Some("use_dpop_nonce")
    }

    pub(super) fn unavailable(sentence: &str, retry_after: Option<Duration>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "transient", sentence);
        Self { retry_after: Some(retry_after.unwrap_or(SOON)), ..problem }
    }

    /// 429: the caller asked too much.
    pub(super) fn too_many(sentence: String, wait: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", sentence);
        Self { retry_after: Some(wait), ..problem }
    }

    /// Whether it is a 401.
    pub(super) fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// The answer. The body of a 404 leaves out the request id, which the header `X-Request-Id` has anyway: so that beyond
    /// reach and nonexistent are one answer, byte for byte (DESIGN.md 2).
    pub(super) fn answer(&self, request: Option<&RequestId>) -> Response {
        let named = request.filter(|_| self.status != StatusCode::NOT_FOUND).map(RequestId::as_str);
        let body = operation_outcome(self.code, &self.sentence, named);
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after(wait)));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(error) = self.proof {
            let error = Some(error).filter(|error| !error.is_empty());
            headers.append(header::WWW_AUTHENTICATE, proofs::challenge(error));
        }
        let reason = Some(Word::new(self.code));
        response.extensions_mut().insert(LineFacts { reason, ..LineFacts::default() });
        response
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(refusal) => refusal.into(),
            Unanswered::Upstream(error) => error.into(),
            Unanswered::Page(PageError::Unknown) => Self::not_found(),
            Unanswered::Page(PageError::Expired) => {
                let sentence = "This page link has expired; please search again.";
                Self::new(StatusCode::GONE, "expired", sentence)
            }
            Unanswered::TooMuchToCount => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "too-costly",
                "This search matches too much to be counted; please narrow it.",
            ),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated(_) => Self::bad_token(),
            Refusal::InsufficientScope(_) => {
                let sentence = "The scopes of the access token do not cover this request.";
                let problem = Self::new(StatusCode::FORBIDDEN, "forbidden", sentence);
                Self { challenge: Some(r#"Bearer realm="fhir", error="insufficient_scope""#), ..problem }
            }
            Refusal::NotFound(_) => Self::not_found(),
            Refusal::FactsUnavailable => {
                Self::unavailable("The hospital's system cannot be reached; please try again later.", None)
            }
            Refusal::AuditUnavailable => Self::unavailable(
                "The request cannot be recorded at the moment; please try again later.",
                None,
            ),
        }
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unavailable { retry_after } => Self::unavailable(
                "The hospital's system cannot be reached; please try again later.",
                retry_after,
            ),
            UpstreamError::Throttled { retry_after } => {
                let sentence = "The hospital's system is busy; please try again later.";
                Self { code: "throttled", ..Self::unavailable(sentence, retry_after) }
            }
            UpstreamError::Crowded => Self::too_many(
                "Too many of these requests wait for the hospital's system; please wait before the next."
                    .to_owned(),
                CROWDED,
            ),
            UpstreamError::Timeout => {
                let sentence = "The hospital's system did not answer in time.";
                let problem = Self::new(StatusCode::GATEWAY_TIMEOUT, "timeout", sentence);
                Self { retry_after: Some(SOON), ..problem }
            }
            UpstreamError::TooLarge => Self::new(
                StatusCode::BAD_GATEWAY,
                "too-costly",
                "The hospital's system sent more than can be passed on; please narrow the search.",
            ),
            UpstreamError::Unsupported => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not-supported",
                "The hospital's system does not support this request.",
            ),
            UpstreamError::Malformed | UpstreamError::Forbidden => Self::new(
                StatusCode::BAD_GATEWAY,
                "exception",
                "The hospital's system sent an answer that cannot be used.",
            ),
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.issue(), error.to_string())
    }
}

/// Any method but reading ones, on any path (S-64).
pub(super) async fn read_only(request: Request) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "not-supported",
        "This server is read-only: records can be read and searched, nothing else.",
    );
    let mut response = problem.answer(request.extensions().get());
    let allow = if request.uri().path().ends_with("/_search") {
        HeaderValue::from_static("GET, HEAD, POST, OPTIONS")
    } else {
        HeaderValue::from_static("GET, HEAD, OPTIONS")
    };
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

/// A path that is no read and no search. Says so of the path alone, whoever asks.
pub(super) async fn no_such_operation(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return read_only(request).await;
    }
    let sentence = "This server reads resources by type and id, searches by type, and answers batches of these; there is nothing else here.";
    Problem::new(StatusCode::NOT_FOUND, "not-supported", sentence).answer(request.extensions().get())
}
