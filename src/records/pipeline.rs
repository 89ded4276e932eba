//! The life of a request (DESIGN.md 3): authorize, fetch, release, audit. Nothing clinical leaves but by [`Records::disclose`].

use std::sync::Arc;

use tokio::time::Instant;

use crate::access::authorizer::{Frame, Place, Total};
use crate::access::permit::Permit;
use crate::access::refusal::{DenyReason, Refusal};
use crate::access::released::Released;
use crate::access::unreleased::{OriginKind, Unreleased};
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::{Judgement, ResourceType};
use crate::fhir::search::Query;
use crate::fhir::subset::Shape;

use super::event::Asked;
use super::{Caller, Records, Unanswered};

impl Records {
    /// The resource of this type and id.
    pub async fn read(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
    ) -> Result<Released, Unanswered> {
        self.read_near(caller, resource_type, id, None).await
    }

    /// The same, with the patient among whose resources what refers to it may be looked for.
    pub async fn read_near(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
        near: Option<&FhirId>,
    ) -> Result<Released, Unanswered> {
        let interaction = Arc::new(Interaction::Read { resource_type, id });
        let mut asked = Asked::new(caller, &interaction);
        let outcome = match resource_type.judgement() {
            Judgement::Referrer => self.judge_through_referrer(&mut asked, &interaction, near).await,
            Judgement::Patient | Judgement::Directory | Judgement::Panel => {
                self.judge(&mut asked, &interaction, NO_FRAME).await
            }
        };
        let outcome = match outcome {
            Err(Unanswered::Refused(Refusal::InsufficientScope(reason))) => {
                let own = self.own_identity(caller, &interaction).await;
                own.ok_or(Unanswered::Refused(Refusal::InsufficientScope(reason)))
            }
            outcome => outcome,
        };
        self.disclose(asked, outcome).await
    }

    /// The user's own Practitioner, for a token with `fhirUser` that could not read it otherwise. Anything else is as refused as
    /// before, whether it is there or not.
    async fn own_identity(&self, caller: &Caller, interaction: &Arc<Interaction>) -> Option<Released> {
        let subject = self.authorizer.for_own_identity(&caller.subject, interaction)?;
        let own = Caller { subject, ..caller.clone() };
        let mut asked = Asked::new(&own, interaction);
        let released = self.judge(&mut asked, interaction, NO_FRAME).await.ok()?;
        self.authorizer.is_own_identity(&caller.subject, &released).then_some(released)
    }

    /// The first page of a search, or its count alone.
    pub async fn search(&self, caller: &Caller, query: &Query) -> Result<Released, Unanswered> {
        let about = query.search.patient.clone().into_iter().collect();
        let mut asked = Asked::about(caller, format!("{} search", query.search.resource_type), about);
        asked.of_anybody = is_of_anybody(&query.search);
        let outcome = self.judge_search(&mut asked, query).await;
        self.disclose(asked, outcome).await
    }

    /// A further page, by the handle in a page's `next` link.
    pub async fn page(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        handle: &str,
        shape: &Shape,
    ) -> Result<Released, Unanswered> {
        let (search, place) = match self.pages.open(&caller.subject, resource_type, handle) {
            Ok(opened) => opened,
            Err(error) => {
                let asked = Asked::about(caller, format!("{resource_type} page"), Vec::new());
                return self.disclose(asked, Err(error.into())).await;
            }
        };
        let self_url = self.page_url(resource_type, handle, shape);
        let seal = |place: &Place| self.next_url(caller, &search, place, shape);
        let frame = Frame {
            self_url: &self_url,
            seal: &seal,
            after_all: None,
            total: Total::Omit,
            count_only: false,
        };
        let about = search.patient.clone().into_iter().collect();
        let mut asked = Asked::about(caller, format!("{resource_type} page"), about);
        asked.of_anybody = is_of_anybody(&search);
        let outcome = self.judge_page(&mut asked, &search, place, frame).await;
        self.disclose(asked, outcome.map(Released::as_further_page)).await
    }

    /// Authorize, fetch, release. Not yet disclosed: only [`Records::disclose`] gives it out.
    pub(super) async fn judge(
        &self,
        asked: &mut Asked<'_>,
        interaction: &Arc<Interaction>,
        frame: Frame<'_>,
    ) -> Result<Released, Unanswered> {
        let permit = self.authorizer.authorize(&asked.caller.subject, interaction.clone()).await?;
        let Some(unreleased) = self.fetch(&permit).await? else {
            return Err(Unanswered::not_found(DenyReason::NotFound));
        };
        self.release(asked, permit, unreleased, frame).await
    }

    /// What the cache or the EHR has for a permit.
    pub(super) async fn fetch(&self, permit: &Permit) -> Result<Option<Unreleased>, Unanswered> {
        let begun = Instant::now();
        let fetched = self.bodies.fetch(permit).await;
        // How long an EHR takes that fails says nothing of how long it takes to answer.
        if fetched.is_ok() {
            self.even.learn(begun.elapsed());
        }
        Ok(fetched?)
    }

    /// Releases what was fetched under a permit.
    pub(super) async fn release(
        &self,
        asked: &mut Asked<'_>,
        permit: Permit,
        unreleased: Unreleased,
        frame: Frame<'_>,
    ) -> Result<Released, Unanswered> {
        self.referrers.learn(&unreleased);
        let body = unreleased.clone();
        self.authorizer.release(permit, unreleased, frame).await.map_err(|refusal| {
            // Whose record it was that was refused: the caller is not told, the audit log is.
            asked.about.extend(body.holds().patients);
            match refusal {
                // While the EHR is away, what is not there is answered with that: so is what is hidden.
                Refusal::NotFound(_) if body.origin().how == OriginKind::Stale => {
                    UpstreamError::Unavailable { retry_after: None }.into()
                }
                refusal => refusal.into(),
            }
        })
    }

    /// Makes the event durable, then gives the answer out (D-10). The one place where clinical data leaves `records`.
    pub(super) async fn disclose(
        &self,
        asked: Asked<'_>,
        outcome: Result<Released, Unanswered>,
    ) -> Result<Released, Unanswered> {
        let (begun, of_anybody) = (asked.begun, asked.of_anybody);
        let event = asked.event(self.clock.now(), &outcome);
        self.audit.record(event).await.map_err(|_| Refusal::AuditUnavailable)?;
        if of_anybody || matches!(outcome, Err(Unanswered::Refused(Refusal::NotFound(_)))) {
            self.even.out(begun).await;
        }
        outcome
    }

    pub(super) fn next_url(&self, caller: &Caller, search: &Search, place: &Place, shape: &Shape) -> String {
        self.page_url(search.resource_type, &self.pages.seal(&caller.subject, search, place), shape)
    }

    fn page_url(&self, resource_type: ResourceType, handle: &str, shape: &Shape) -> String {
        format!("{}/{resource_type}?_page={handle}{}", self.offer.base(), shape.parameters())
    }
}

/// Whether a search may be about patients of whom none is named.
fn is_of_anybody(search: &Search) -> bool {
    search.resource_type.judgement() == Judgement::Patient && search.patient.is_none()
}

/// For reads: no searchset, so nothing to frame.
pub(super) const NO_FRAME: Frame<'static> =
    Frame { self_url: "", seal: &|_| String::new(), after_all: None, total: Total::Omit, count_only: false };
