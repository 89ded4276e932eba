//! The life of a request (DESIGN.md 3): authorize, fetch, release, audit. Nothing clinical leaves but by [`Records::disclose`].

use std::sync::Arc;

use crate::access::authorizer::{Frame, Total};
use crate::access::refusal::{DenyReason, Refusal};
use crate::access::released::Released;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::{Judgement, ResourceType};
use crate::fhir::search::Query;

use super::event::Happened;
use super::{Caller, Records, Unanswered};

impl Records {
    /// The resource of this type and id.
    pub async fn read(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
    ) -> Result<Released, Unanswered> {
        let interaction = Arc::new(Interaction::Read { resource_type, id });
        let happened = Happened { what: interaction.label(), named: interaction.patient() };
        let outcome = match resource_type.judgement() {
            Judgement::Referrer => self.judge_through_referrer(caller, &interaction).await,
            Judgement::Patient | Judgement::Directory => self.judge(caller, &interaction, NO_FRAME).await,
        };
        self.disclose(caller, happened, outcome).await
    }

    /// The first page of a search, or its count alone.
    pub async fn search(&self, caller: &Caller, query: &Query) -> Result<Released, Unanswered> {
        let interaction = Arc::new(Interaction::Search(query.search.clone()));
        let happened = Happened { what: interaction.label(), named: interaction.patient() };
        let outcome = self.judge_search(caller, &interaction, query).await;
        self.disclose(caller, happened, outcome).await
    }

    /// A further page, by the handle in a page's `next` link.
    pub async fn page(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        handle: &str,
    ) -> Result<Released, Unanswered> {
        let interaction = match self.pages.open(&caller.subject, resource_type, handle) {
            Ok(interaction) => Arc::new(interaction),
            Err(error) => {
                let happened = Happened { what: format!("{resource_type} page"), named: None };
                return self.disclose(caller, happened, Err(error.into())).await;
            }
        };
        let happened = Happened { what: interaction.label(), named: interaction.patient() };
        let self_url = self.page_url(resource_type, handle);
        let outcome = match &*interaction {
            Interaction::Page { search, .. } => {
                let seal = |upstream: &str| self.next_url(caller, search, upstream);
                let frame = Frame { self_url: &self_url, seal: &seal, total: Total::Omit, count_only: false };
                self.judge(caller, &interaction, frame).await
            }
            // `Pages::open` makes nothing else.
            _ => Err(Unanswered::not_found(DenyReason::NotFound)),
        };
        self.disclose(caller, happened, outcome).await
    }

    /// Authorize, fetch, release. Not yet disclosed: only [`Records::disclose`] gives it out.
    pub(super) async fn judge(
        &self,
        caller: &Caller,
        interaction: &Arc<Interaction>,
        frame: Frame<'_>,
    ) -> Result<Released, Unanswered> {
        let permit = self.authorizer.authorize(&caller.subject, interaction.clone()).await?;
        let Some(unreleased) = self.bodies.fetch(&permit).await? else {
            return Err(Unanswered::not_found(DenyReason::NotFound));
        };
        self.referrers.learn(&unreleased);
        Ok(self.authorizer.release(permit, unreleased, frame).await?)
    }

    /// Makes the event durable, then gives the answer out (D-10). The one place where clinical data leaves `records`.
    pub(super) async fn disclose(
        &self,
        caller: &Caller,
        happened: Happened<'_>,
        outcome: Result<Released, Unanswered>,
    ) -> Result<Released, Unanswered> {
        let event = happened.event(caller, self.clock.now(), &outcome);
        self.audit.record(event).await.map_err(|_| Refusal::AuditUnavailable)?;
        outcome
    }

    pub(super) fn next_url(&self, caller: &Caller, search: &Search, upstream: &str) -> String {
        self.page_url(search.resource_type, &self.pages.seal(&caller.subject, search, upstream))
    }

    fn page_url(&self, resource_type: ResourceType, handle: &str) -> String {
        format!("{}/{resource_type}?_page={handle}", self.offer.base())
    }
}

/// For reads: no searchset, so nothing to frame.
pub(super) const NO_FRAME: Frame<'static> =
    Frame { self_url: "", seal: &|_| String::new(), total: Total::Omit, count_only: false };
