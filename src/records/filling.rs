//! A page of a search, filled up from as many of the EHR's pages as it takes: whatever is withheld leaves no gap in it, and
//! there is a link to a further page only if that page has something in it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::access::authorizer::{Frame, Gathered, Gathering, Place};
use crate::access::permit::Permit;
use crate::access::refusal::DenyReason;
use crate::access::released::Released;
use crate::access::unreleased::Unreleased;
use crate::access::upstream::UpstreamError;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::{Judgement, ResourceType};

use super::event::Asked;
use super::{Records, Unanswered};

/// Most of the EHR's pages that are read for one of ours. Past it the page ends early, with a link to go on.
const MOST_PAGES: usize = 20;
/// The same for a search that names no patient: each patient found costs a look at who their PCPs are.
const MOST_PAGES_OF_ANYBODY: usize = 5;
/// Most of the EHR's pages of one search, over all of ours: an EHR that goes on for ever is not believed.
pub(super) const LONGEST_TRAIL: u32 = 5000;
/// No further page is begun after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of what a page is.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// A search.
    Search(&'a Search),
    /// The versions of one resource.
    History(ResourceType, &'a FhirId),
}

impl Source<'_> {
    fn interaction(self, place: &Place) -> Interaction {
        match (self, place.upstream.clone()) {
            (Self::Search(search), None) => Interaction::Search(search.clone()),
            (Self::Search(search), Some(upstream)) => Interaction::Page { search: search.clone(), upstream },
            (Self::History(resource_type, id), upstream) => {
                Interaction::History { resource_type, id: id.clone(), upstream }
            }
        }
    }

    /// Whether it may be about patients of whom none is named.
    fn is_of_anybody(self) -> bool {
        matches!(self, Self::Search(search)
            if search.resource_type.judgement() == Judgement::Patient && search.patient.is_none())
    }
}

impl Records {
    /// The page of `search` that begins at `place`.
    pub(super) async fn judge_page(
        &self,
        asked: &mut Asked<'_>,
        search: &Search,
        place: Place,
        frame: Frame<'_>,
    ) -> Result<Released, Unanswered> {
        let source = Source::Search(search);
        let (permit, body) = self.part(asked, source, &place).await?;
        // What is withheld from an answer that is whole in itself leaves no trace in it.
        if place.after.is_none() && body.is_whole_answer(search.count()) {
            return self.release(asked, permit, body, frame).await;
        }
        let mut gathering = Gathering::new(search.count());
        self.fill(&mut gathering, asked, source, place, (permit, body)).await?;
        Ok(gathering.release(frame)?)
    }

    /// Fills a page from the EHR's page at `place` and those that follow.
    pub(super) async fn fill(
        &self,
        gathering: &mut Gathering,
        asked: &Asked<'_>,
        source: Source<'_>,
        mut place: Place,
        mut part: (Permit, Unreleased),
    ) -> Result<(), Unanswered> {
        let most = if source.is_of_anybody() { MOST_PAGES_OF_ANYBODY } else { MOST_PAGES };
        let begun = Instant::now();
        let mut read: Vec<Arc<str>> = place.upstream.clone().into_iter().collect();
        loop {
            let (permit, body) = part;
            self.referrers.learn(&body);
            let next = match self.authorizer.gather(gathering, permit, body, &place).await {
                Ok(Gathered::Full | Gathered::Ended) => return Ok(()),
                Ok(Gathered::More(next)) => next,
                // What is there already is given out; whoever goes on hears of the trouble.
                Err(_) if !gathering.is_empty() => {
                    gathering.stop_at(place);
                    return Ok(());
                }
                Err(refusal) => return Err(refusal.into()),
            };
            // Some EHRs lead in circles: what has been read does not come again.
            if read.contains(&next) {
                return Ok(());
            }
            let Some(onward) = place.onward(&next) else { return Ok(()) };
            place = onward;
            read.push(next);
            if read.len() >= most || begun.elapsed() > PATIENCE {
                gathering.stop_at(place);
                return Ok(());
            }
            part = match self.part(asked, source, &place).await {
                Ok(part) => part,
                Err(_) if !gathering.is_empty() => {
                    gathering.stop_at(place);
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
        }
    }

    /// One of the EHR's pages, not yet judged.
    pub(super) async fn part(
        &self,
        asked: &Asked<'_>,
        source: Source<'_>,
        place: &Place,
    ) -> Result<(Permit, Unreleased), Unanswered> {
        if place.trail.steps > self.longest_trail {
            tracing::warn!("the EHR has a next page after each page");
            return Err(UpstreamError::Malformed.into());
        }
        let interaction = Arc::new(source.interaction(place));
        let permit = self.authorizer.authorize(&asked.caller.subject, interaction).await?;
        match self.fetch(&permit).await? {
            Some(body) => Ok((permit, body)),
            None => Err(Unanswered::not_found(DenyReason::NotFound)),
        }
    }
}
