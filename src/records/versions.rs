//! Earlier versions. Each is judged by what it says itself, and only where the resource as it is now may be seen: what a label or a
//! change of patient has closed since stays closed in its past too.

use std::sync::Arc;

use crate::access::authorizer::{Frame, Gathering, Place, Total};
use crate::access::refusal::DenyReason;
use crate::access::released::Released;
use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::{Judgement, ResourceType};

use super::event::Asked;
use super::filling::Source;
use super::pipeline::NO_FRAME;
use super::{Caller, PageError, Records, Unanswered};

/// Tells the handles of these pages from those of a patient's whole record.
const STEP: usize = 999;

/// Which versions are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// So many in one answer.
    pub count: usize,
    /// Whether the client said so.
    pub said: bool,
}

impl Versions {
    /// As the client wrote it.
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if self.said {
            query.append_pair("_count", &self.count.to_string());
        }
        if let Some(since) = self.since {
            query.append_pair("_since", &since.to_string());
        }
        query.finish()
    }

    /// What a handle holds: of which resource, from when on, how many.
    fn sealed(&self, id: &FhirId) -> String {
        let since = self.since.map(|since| since.as_millis().to_string()).unwrap_or_default();
        format!("{id} {} {since}", self.count)
    }

    fn unsealed(query: &str, id: &FhirId) -> Option<Self> {
        let mut parts = query.split(' ');
        if parts.next()? != id.as_str() {
            return None;
        }
        let count = parts.next()?.parse().ok()?;
        let since = parts.next()?;
        let since = if since.is_empty() { None } else { Some(Timestamp::from_millis(since.parse().ok()?)) };
        Some(Self { since, count, said: true })
    }
}

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

    /// The versions of a resource, as a history Bundle; page by page where there are many.
    pub async fn history(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
        versions: &Versions,
    ) -> Result<Released, Unanswered> {
        let interaction = Interaction::History { resource_type, id: id.clone(), upstream: None };
        let mut asked = Asked::new(caller, &interaction);
        let query = versions.query();
        let mark = if query.is_empty() { "" } else { "?" };
        let self_url = format!("{}/{resource_type}/{id}/_history{mark}{query}", self.offer.base());
        let resource = (resource_type, &id);
        let outcome = self.judge_history(&mut asked, resource, versions, Place::default(), &self_url).await;
        self.disclose(asked, outcome).await
    }

    /// A further page of it, by the handle in a page's `next` link.
    pub async fn history_page(
        &self,
        caller: &Caller,
        resource_type: ResourceType,
        id: FhirId,
        handle: &str,
    ) -> Result<Released, Unanswered> {
        let interaction = Interaction::History { resource_type, id: id.clone(), upstream: None };
        let mut asked = Asked::new(caller, &interaction);
        let outcome = match self.pages.open_step(&caller.subject, resource_type, handle) {
            Ok((sealed, STEP, place)) => match Versions::unsealed(&sealed.query, &id) {
                Some(versions) => {
                    let self_url = self.version_url((resource_type, &id), handle);
                    self.judge_history(&mut asked, (resource_type, &id), &versions, place, &self_url).await
                }
                None => Err(PageError::Unknown.into()),
            },
            Ok(_) => Err(PageError::Unknown.into()),
            Err(error) => Err(error.into()),
        };
        self.disclose(asked, outcome).await
    }

    async fn judge_history(
        &self,
        asked: &mut Asked<'_>,
        resource: (ResourceType, &FhirId),
        versions: &Versions,
        place: Place,
        self_url: &str,
    ) -> Result<Released, Unanswered> {
        let (resource_type, id) = resource;
        self.judge_current(asked, resource_type, id).await?;
        let source = Source::History(resource_type, id);
        let mut gathering = Gathering::new(versions.count).since(versions.since);
        let total = if place == Place::default() { Total::OfThisBody } else { Total::Omit };
        let first = self.part(asked, source, &place).await?;
        self.fill(&mut gathering, asked, source, place, first).await?;
        let subject = &asked.caller.subject;
        let sealed = Search { resource_type, patient: None, query: versions.sealed(id).into() };
        let seal =
            |place: &Place| self.version_url(resource, &self.pages.seal_step(subject, &sealed, STEP, place));
        let frame = Frame { self_url, seal: &seal, after_all: None, total, count_only: false };
        Ok(gathering.release(frame)?)
    }

    fn version_url(&self, (resource_type, id): (ResourceType, &FhirId), handle: &str) -> String {
        format!("{}/{resource_type}/{id}/_history?_page={handle}", self.offer.base())
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
