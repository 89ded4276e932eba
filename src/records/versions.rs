//! Earlier versions. Each is judged by what it says itself, and only where the resource as it is now may be seen: what a label or a
//! change of patient has closed since stays closed in its past too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::access::authorizer::{Frame, Gathering, Place, Total};
use crate::access::refusal::DenyReason;
use crate::access::released::Released;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::{Judgement, ResourceType};

use super::event::Asked;
use super::filling::Source;
use super::pipeline::NO_FRAME;
use super::{Caller, Records, Unanswered};

/// Most versions in one answer.
const MOST: usize = 1000;

impl Records {
    /// One version of a resource.
    pub async fn version(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
        version: FhirId,
    ) -> Result<Released, Unanswered> {
        let interaction = Arc::new(Interaction::Version { resource_type, id: id.clone(), version });
        let mut asked = Asked::new(caller, &interaction);
        let outcome = match self.judge_current(&mut asked, resource_type, &id).await {
            Ok(()) => self.judge(&mut asked, &interaction, NO_FRAME).await,
            Err(unanswered) => Err(unanswered),
        };
        self.disclose(asked, outcome).await
    }

    /// The versions of a resource, as a history Bundle.
    pub async fn history(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
    ) -> Result<Released, Unanswered> {
        let interaction = Interaction::History { resource_type, id: id.clone(), upstream: None };
        let mut asked = Asked::new(caller, &interaction);
        let outcome = self.judge_history(&mut asked, resource_type, &id).await;
        self.disclose(asked, outcome).await
    }

    async fn judge_history(
        &self,
        asked: &mut Asked<'_>,
        resource_type: ResourceType,
        id: &FhirId,
    ) -> Result<Released, Unanswered> {
        self.judge_current(asked, resource_type, id).await?;
        let source = Source::History(resource_type, id);
        let mut gathering = Gathering::new(MOST);
        let first = self.part(asked, source, &Place::default()).await?;
        self.fill(&mut gathering, asked, source, Place::default(), first).await?;
        let self_url = format!("{}/{resource_type}/{id}/_history", self.offer.base());
        let more = AtomicBool::new(false);
        let seal = |_: &Place| {
            more.store(true, Ordering::Relaxed);
            String::new()
        };
        let total = Total::OfThisBody;
        let released = gathering.release(Frame {
            self_url: &self_url,
            seal: &seal,
            after_all: None,
            total,
            count_only: false,
        })?;
        // A history that is cut short would pass for the whole of it.
        if more.load(Ordering::Relaxed) { Err(UpstreamError::TooLarge.into()) } else { Ok(released) }
    }

    /// Whether the resource as it is now may be seen.
    async fn judge_current(
        &self,
        asked: &mut Asked<'_>,
        resource_type: ResourceType,
        id: &FhirId,
    ) -> Result<(), Unanswered> {
        if resource_type.judgement() == Judgement::Referrer {
            return Err(Unanswered::not_found(DenyReason::Unjudgeable));
        }
        let current = Arc::new(Interaction::Read { resource_type, id: id.clone() });
        self.judge(asked, &current, NO_FRAME).await.map(|_| ())
    }
}
