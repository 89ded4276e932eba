//! Loads facts, asks the policy, makes permits and releases bodies.

use std::sync::Arc;

use crate::domain::clock::SharedClock;
use crate::fhir::interaction::Interaction;

use super::permit::Permit;
use super::refusal::Refusal;
use super::released::Released;
use super::sources::{PrimaryCareSource, RelationshipSource};
use super::subject::Subject;
use super::unreleased::Unreleased;

/// What a searchset is framed with besides its entries. Made by `records` for one request; a single resource has no use for it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The search as it was understood, as an absolute URL of the facade: `Bundle.link` with relation `self`.
    pub self_url: &'a str,
    /// Seals the EHR's next link into an absolute page URL for this subject: relation `next`.
    pub seal: &'a (dyn Fn(&str) -> String + Send + Sync),
    /// What `Bundle.total` says.
    pub total: Total,
    /// Leave out every entry and both links (`_summary=count`).
    pub count_only: bool,
}

/// `Bundle.total`: always of what is released, never of what the EHR holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Not stated: a page of several, or `_total=none`.
    Omit,
    /// The matches released from this body; for a search that fits one page.
    OfThisBody,
    /// Counted over all pages by `records`.
    Known(u32),
}

/// The policy with its sources of facts.
pub struct Authorizer {
    clock: SharedClock,
    relationships: Arc<dyn RelationshipSource>,
    primary_care: Arc<dyn PrimaryCareSource>,
}

impl Authorizer {
    /// An authorizer over these sources.
    pub fn new(
        clock: SharedClock,
        relationships: Arc<dyn RelationshipSource>,
        primary_care: Arc<dyn PrimaryCareSource>,
    ) -> Self {
        Self { clock, relationships, primary_care }
    }

    /// Decides whether `subject` may ask for `interaction` at all.
    pub async fn authorize(
        &self,
        _subject: &Arc<Subject>,
        _interaction: Arc<Interaction>,
    ) -> Result<Permit, Refusal> {
        let _ = (&self.clock, &self.relationships, &self.primary_care);
        todo!()
    }

    /// Filters a body under the permit by which it was fetched, and frames a searchset.
    pub async fn release(
        &self,
        _permit: Permit,
        _unreleased: Unreleased,
        _frame: Frame<'_>,
    ) -> Result<Released, Refusal> {
        todo!()
    }
}
