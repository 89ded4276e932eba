//! What a fetch under a [`Permit`](super::permit::Permit) can come back with. Declared here so that `ehr` can say it and
//! `cache` keep it without knowing each other.

use std::sync::Arc;
use std::time::Duration;

use super::unreleased::Unreleased;

/// What the EHR answered.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// A body, indexed and sealed, with how long it may be kept.
    Body(Unreleased, Freshness),
    /// 304: what the cache holds still stands.
    NotModified(Freshness),
    /// 404 or 410.
    Absent,
}

/// How long an answer counts as fresh, and how to ask whether it still stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Fresh for this long from when the EHR said it; `None`: the type's configured time.
    pub fresh_for: Option<Duration>,
    /// The EHR's `Cache-Control: no-store`.
    pub no_store: bool,
    /// Whether it may not be used past its freshness even while the EHR cannot be reached (`must-revalidate`,
    /// `proxy-revalidate`, `s-maxage`: RFC 9111 5.2.2).
    pub strict: bool,
    /// Validators for the next conditional request.
    pub validator: Validator,
}

/// `ETag` and `Last-Modified` as the EHR sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validator {
    /// For `If-None-Match`.
    pub etag: Option<Arc<str>>,
    /// For `If-Modified-Since`.
    pub last_modified: Option<Arc<str>>,
}

/// Why the EHR gave nothing. Clone, so that callers that shared one flight share its failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Not reachable, reset, 5xx after retries, or the breaker is open.
    #[error("the hospital's system cannot be reached")]
    Unavailable {
        /// When to try again, if known.
        retry_after: Option<Duration>,
    },
    /// No answer within the time limit.
    #[error("the hospital's system did not answer in time")]
    Timeout,
    /// 429 after retries.
    #[error("the hospital's system is busy")]
    Throttled {
        /// When to try again, if the EHR said.
        retry_after: Option<Duration>,
    },
    /// The caller's own share of the connection was taken all the time that may be waited.
    #[error("too many requests of this caller wait for the hospital's system")]
    Crowded,
    /// Not JSON, not FHIR, or cut short.
    #[error("the hospital's system sent an answer that cannot be read")]
    Malformed,
    /// Larger than the configured limit.
    #[error("the hospital's system sent more than is allowed")]
    TooLarge,
    /// The EHR refused the request itself (400, 422), as it does for parameters it lacks.
    #[error("the hospital's system does not support this request")]
    Unsupported,
    /// The EHR refused our own credentials.
    #[error("the hospital's system refused the connection")]
    Forbidden,
}
