//! Why there is no record to answer with.

use crate::access::refusal::{DenyReason, Refusal};
use crate::access::upstream::UpstreamError;
use crate::domain::audit::AuditOutcome;

use super::pages::PageError;

/// Why the pipeline gave nothing. Each channel turns this into its own form of answer, in one place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The policy said no, or could not be asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The EHR gave nothing, and the cache had nothing that may stand in.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The page handle is of no use.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Counting would take more pages than are read for one request.
    #[error("there is too much to count")]
    TooMuchToCount,
}

impl Unanswered {
    /// How the audit log records it, and the true reason there.
    pub(super) const fn audited(&self) -> (AuditOutcome, &'static str) {
        use AuditOutcome::{Failure, Refused};
        match self {
            Self::Refused(
                Refusal::Unauthenticated(reason)
                | Refusal::InsufficientScope(reason)
                | Refusal::NotFound(reason),
            ) => (Refused, reason.word()),
            Self::Refused(Refusal::FactsUnavailable) => (Failure, "facts_unavailable"),
            Self::Refused(Refusal::AuditUnavailable) => (Failure, "audit_unavailable"),
            Self::Upstream(UpstreamError::Crowded) => (Failure, "ehr_crowded"),
            Self::Upstream(_) => (Failure, "ehr_unavailable"),
            Self::Page(PageError::Expired) => (Refused, "page_expired"),
            Self::Page(PageError::Unknown) => (Refused, "page_unknown"),
            Self::TooMuchToCount => (Failure, "too_much_to_count"),
        }
    }

    /// Not there, or beyond reach: the caller is told the same.
    pub(super) const fn not_found(reason: DenyReason) -> Self {
        Self::Refused(Refusal::NotFound(reason))
    }
}
