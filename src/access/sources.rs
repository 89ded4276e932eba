//! Where facts come from and where audit events go: traits that modules of higher rank implement.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use smallvec::SmallVec;

use crate::domain::audit::AuditEvent;
use crate::domain::grant::Grant;
use crate::domain::ids::{AccountId, FhirId, Npi, PracticeId};

use super::permit::{FactLookup, PanelLookup};
use super::subject::Subject;

/// The providers behind a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether account (or practice) and client are active. False: nothing else counts.
    pub active: bool,
    /// For a provider: itself. For a sponsored user: each active sponsor that is itself active. Otherwise none.
    pub providers: SmallVec<[StandingProvider; 1]>,
    /// For a practice's system: the practice.
    pub practice: Option<PracticeId>,
}

/// One provider behind a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingProvider {
    /// The provider's account.
    pub account: AccountId,
    /// Whether it stands behind the subject as sponsor rather than being the subject.
    pub sponsor: bool,
    /// The practices on whose roster the provider is.
    pub practices: SmallVec<[PracticeId; 2]>,
}

/// What the product itself knows: accounts, rosters, sponsorships, grants. Answers from memory, current to the last commit.
/// Implemented by `store`.
pub trait RelationshipSource: Send + Sync {
    /// The providers behind `subject`; inactive when anything about it is unknown or suspended.
    fn standing(&self, subject: &Subject) -> Standing;

    /// Every grant to `provider` for `patient` that has not been revoked; the caller checks the time.
    fn grants(&self, provider: &AccountId, patient: &FhirId) -> SmallVec<[Grant; 1]>;

    /// The provider accounts on the practice's roster that are active: whose grants its system may use, where configured.
    fn providers_of(&self, practice: &PracticeId) -> SmallVec<[AccountId; 4]> {
        let _ = practice;
        SmallVec::new()
    }

    /// The NPI of the account, when it is a provider's that may act.
    fn npi_of(&self, account: &AccountId) -> Option<Npi> {
        let _ = account;
        None
    }

    /// The practices whose roster holds one of these NPIs, or whose Organization is one of these.
    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]>;

    /// The other way round: the NPIs on the practice's roster and its Organization.
    fn roster_of(&self, practice: &PracticeId) -> PrimaryCare {
        let _ = practice;
        PrimaryCare::default()
    }
}

/// A patient's PCPs as the EHR states them, all three forms of `generalPractitioner` resolved (D-09).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryCare {
    /// NPIs of Practitioners named directly or through a PractitionerRole.
    pub npis: SmallVec<[Npi; 2]>,
    /// Organizations named directly, or by a PractitionerRole that names no practitioner.
    pub organizations: SmallVec<[FhirId; 1]>,
    /// Practices that the hospital itself names, where it keeps a Group for each.
    pub practices: SmallVec<[PracticeId; 1]>,
}

impl PrimaryCare {
    /// Whether nobody is named, in none of the ways.
    pub fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

/// A fact that could not be had; the request is answered 503, never allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the EHR did not say who the patient's PCP is")]
pub struct FactsUnavailable;

/// What the EHR says of a patient's PCPs, no older than the configured bound (S-33). Implemented by `ehr`.
pub trait PrimaryCareSource: Send + Sync {
    /// The PCPs of the patient that `lookup` names. A patient that does not exist has none.
    fn primary_care(&self, lookup: FactLookup) -> BoxFuture<'_, Result<Arc<PrimaryCare>, FactsUnavailable>>;

    /// The patients whom the hospital lists for these practices: candidates, on each of whom the policy decides by
    /// [`Self::primary_care`]. `None`: it keeps no lists, and is searched for the patients of each PCP.
    fn panel(&self, lookup: PanelLookup) -> BoxFuture<'_, Result<Option<Vec<FhirId>>, FactsUnavailable>> {
        drop(lookup);
        Box::pin(ready(Ok(None)))
    }
}

/// The event could not be made durable; nothing may be disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

/// Where audit events go. Implemented by `audit`.
pub trait AuditSink: Send + Sync {
    /// Completes when the event is durable (D-10).
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each way of naming a PCP counts: who is named in one is not "nobody", and the page does not say so.
    #[test]
    fn d09_nobody_is_named_in_none_of_the_ways() {
        assert!(PrimaryCare::default().is_nobody());
        let npis = Npi::parse("1234567893").into_iter().collect();
        let organizations = FhirId::parse("o").into_iter().collect();
        let practices = PracticeId::parse("north").into_iter().collect();
        for named in [
            PrimaryCare { npis, ..PrimaryCare::default() },
            PrimaryCare { organizations, ..PrimaryCare::default() },
            PrimaryCare { practices, ..PrimaryCare::default() },
        ] {
            assert!(!named.is_nobody(), "{named:?}");
        }
    }
}
