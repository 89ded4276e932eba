//! Refusals, decided in one place so that they leak nothing (DESIGN.md 2).

/// Why the policy said no. Goes to the audit log; never to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenyReason {
    /// Account, client or practice is unknown or suspended.
    Inactive,
    /// No granted scope covers the type and interaction.
    InsufficientScope,
    /// A scope covers the type, but not this resource: its category. Told as not found, since it depends on the resource.
    OutsideScope,
    /// A `patient/` scope without a patient in the token.
    NoLaunchPatient,
    /// No PCP, grant or sponsor basis.
    NoRelationship,
    /// A `patient/` scope, and another patient than the one in the token.
    OutsideLaunchContext,
    /// The basis does not cover this kind of data.
    NotInGrant,
    /// Labelled beyond the reader's cover.
    Restricted,
    /// The EHR returned something else than was asked for.
    NotAsked,
    /// Nothing visible refers to it.
    NoVisibleReferrer,
    /// It could not be judged.
    Unjudgeable,
    /// It is not there.
    NotFound,
}

impl DenyReason {
    /// The word for the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::InsufficientScope => "insufficient_scope",
            Self::OutsideScope => "outside_scope",
            Self::NoLaunchPatient => "no_launch_patient",
            Self::NoRelationship => "no_relationship",
            Self::OutsideLaunchContext => "outside_launch_context",
            Self::NotInGrant => "not_in_grant",
            Self::Restricted => "restricted",
            Self::NotAsked => "not_asked",
            Self::NoVisibleReferrer => "no_visible_referrer",
            Self::Unjudgeable => "unjudgeable",
            Self::NotFound => "not_found",
        }
    }
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 401: the token's account, client or practice is no longer active.
    #[error("the token is no longer valid")]
    Unauthenticated(DenyReason),
    /// 403 `insufficient_scope`: depends on the token alone.
    #[error("the token's scope does not cover this request")]
    InsufficientScope(DenyReason),
    /// 404: beyond reach and nonexistent are one answer, byte for byte.
    #[error("not found")]
    NotFound(DenyReason),
    /// 503: the facts to decide by cannot be had.
    #[error("the hospital's system cannot be reached")]
    FactsUnavailable,
    /// 503: the audit log cannot be written.
    #[error("the request cannot be recorded")]
    AuditUnavailable,
}

impl From<DenyReason> for Refusal {
    /// The one place that turns the true reason into what the caller may know.
    fn from(reason: DenyReason) -> Self {
        match reason {
            DenyReason::Inactive => Self::Unauthenticated(reason),
            DenyReason::InsufficientScope | DenyReason::NoLaunchPatient => Self::InsufficientScope(reason),
            DenyReason::OutsideScope
            | DenyReason::NoRelationship
            | DenyReason::OutsideLaunchContext
            | DenyReason::NotInGrant
            | DenyReason::Restricted
            | DenyReason::NotAsked
            | DenyReason::NoVisibleReferrer
            | DenyReason::Unjudgeable
            | DenyReason::NotFound => Self::NotFound(reason),
        }
    }
}
