//! Totals: they count what is released to this subject, page by page, never what the EHR says that it holds.

use std::sync::Arc;

use crate::access::authorizer::{Frame, Place, Total};
use crate::access::released::Released;
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::Judgement;
use crate::fhir::search::{Query, TotalWanted};

use super::event::Asked;
use super::{Records, Unanswered};

/// Most pages read to count one patient's resources, or a directory.
const MOST_PAGES: u32 = 50;
/// Most pages read to count a search that names no patient: each patient found costs a look at who their PCPs are.
const MOST_PAGES_OF_ANYBODY: u32 = 3;

impl Records {
    /// The first page with the total that was asked for.
    pub(super) async fn judge_search(
        &self,
        asked: &mut Asked<'_>,
        query: &Query,
    ) -> Result<Released, Unanswered> {
        let caller = asked.caller;
        let search = &query.search;
        let self_url = query.self_url(self.offer.base());
        let seal = |place: &Place| self.next_url(caller, search, place, &query.shape);
        let frame = |total| Frame {
            self_url: &self_url,
            seal: &seal,
            after_all: None,
            total,
            count_only: query.count_only,
        };
        let stated = match query.total {
            TotalWanted::None if !query.count_only => Total::Omit,
            _ => Total::OfThisBody,
        };
        if !query.count_only && query.total != TotalWanted::Accurate {
            return self.judge_page(asked, search, Place::default(), frame(stated)).await;
        }
        let interaction = Arc::new(Interaction::Search(search.clone()));
        let first = self.judge(asked, &interaction, frame(stated)).await?;
        let total = match first.upstream_next() {
            None if query.count_only => return Ok(first),
            None => first.matches(),
            Some(next) => first.matches().saturating_add(self.count_further(asked, search, next).await?),
        };
        if query.count_only {
            return self.judge(asked, &interaction, frame(Total::Known(total))).await;
        }
        self.judge_page(asked, search, Place::default(), frame(Total::Known(total))).await
    }

    /// Matches on the pages from the EHR's link `next` on.
    async fn count_further(
        &self,
        asked: &mut Asked<'_>,
        search: &Search,
        next: &str,
    ) -> Result<u32, Unanswered> {
        let frame = Frame {
            self_url: "",
            seal: &|_| String::new(),
            after_all: None,
            total: Total::Omit,
            count_only: true,
        };
        let mut next: Option<Arc<str>> = Some(next.into());
        let mut counted = 0_u32;
        let anybody = search.resource_type.judgement() == Judgement::Patient && search.patient.is_none();
        for _ in 0..if anybody { MOST_PAGES_OF_ANYBODY } else { MOST_PAGES } {
            let Some(upstream) = next else { return Ok(counted) };
            let page = Arc::new(Interaction::Page { search: search.clone(), upstream: upstream.clone() });
            let released = self.judge(asked, &page, frame).await?;
            counted = counted.saturating_add(released.matches());
            // An EHR whose next link leads to the same page would have us count for ever.
            next = released.upstream_next().filter(|further| **further != *upstream).map(Into::into);
        }
        if next.is_none() { Ok(counted) } else { Err(Unanswered::TooMuchToCount) }
    }
}
