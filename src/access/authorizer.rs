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

/// Seals an upstream next link into a page handle for one subject; made by `records`.
pub type SealPage<'a> = &'a (dyn Fn(&str) -> String + Send + Sync);

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

    /// Filters a body under the permit by which it was fetched. `next` turns the EHR's next link into a page URL.
    pub async fn release(
        &self,
        _permit: Permit,
        _unreleased: Unreleased,
        _next: SealPage<'_>,
    ) -> Result<Released, Refusal> {
        todo!()
    }
}
