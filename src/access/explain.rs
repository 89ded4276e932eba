//! "Explain access": what the decision about one person and one patient rests on, for hospital staff who are asked why. Looked up
//! as for the decision itself, so that it cannot say anything else. No resource comes out.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::domain::account::{Account, AccountKind};
use crate::domain::grant::Grant;
use crate::domain::ids::{AccountId, FhirId, PracticeId};
use crate::fhir::scope::ScopeSet;

use super::authorizer::Authorizer;
use super::doors::acts_alone;
use super::facts::Reach;
use super::permit::FactLookup;
use super::refusal::{DenyReason, Refusal};
use super::sources::{FactsUnavailable, PrimaryCare, Standing};
use super::subject::{Actor, Subject};

/// Why a person sees a record, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the person may act, and in whose name.
    pub standing: Standing,
    /// Every reason for access; empty: there is none, and the record is not shown.
    pub reach: SmallVec<[Reach; 2]>,
    /// Whom the EHR names as PCP; `None`: it does not say at the moment, and then only grants count.
    pub primary_care: Option<Arc<PrimaryCare>>,
    /// The practices that these belong to.
    pub practices: SmallVec<[PracticeId; 2]>,
    /// Grants to those in whose name the person acts that do not hold now: ended, or not begun. Revoked ones are gone.
    pub lapsed: SmallVec<[Grant; 1]>,
}

impl Authorizer {
    /// Explains to a member of the hospital's staff what `account` may see of `patient`, whatever the app.
    pub async fn explain(
        &self,
        staff: &Account,
        asks: &Subject,
        account: &AccountId,
        patient: &FhirId,
    ) -> Result<Explanation, Refusal> {
        acts_alone(staff, asks)?;
        if !matches!(staff.kind, AccountKind::Staff { .. }) {
            return Err(DenyReason::NoRelationship.into());
        }
        let subject = Subject {
            actor: Actor::Account(account.clone()),
            client: None,
            scopes: Arc::new(ScopeSet::parse("")),
            patient: None,
        };
        let standing = self.relationships().standing(&subject);
        let lookup = FactLookup { patient: patient.clone(), payer: asks.payer() };
        let primary_care = self.primary_care().primary_care(lookup).await;
        let facts = self.relate(&standing, patient, primary_care.as_deref().map_err(|_| FactsUnavailable));
        let reach = match facts {
            Ok(facts) if standing.active => facts.reach,
            _ => SmallVec::new(),
        };
        let primary_care = primary_care.ok();
        let practices = primary_care.as_ref().map(|known| self.practices_of(known));
        let now = self.now();
        let grants = standing
            .providers
            .iter()
            .flat_map(|provider| self.relationships().grants(&provider.account, patient));
        let lapsed = grants.filter(|grant| !grant.holds_at(now)).collect();
        Ok(Explanation { standing, reach, primary_care, practices: practices.unwrap_or_default(), lapsed })
    }
}
