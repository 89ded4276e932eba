//! What a searchset is framed with besides its entries: total and links, of the facade and of what is released alone.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::ids::FhirId;

/// What a searchset is framed with. Made by `records` for one request; a single resource has no use for it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The search as it was understood, as an absolute URL of the facade: `Bundle.link` with relation `self`.
    pub self_url: &'a str,
    /// Seals the place where the next page begins into an absolute page URL for this subject: relation `next`.
    pub seal: &'a (dyn Fn(&Place) -> String + Send + Sync),
    /// Where it goes on once the search itself has no further page: relation `next`, as an absolute URL.
    pub after_all: Option<&'a str>,
    /// What `Bundle.total` says.
    pub total: Total,
    /// Leave out every entry and both links (`_summary=count`).
    pub count_only: bool,
}

/// Where a page of a search begins: behind which of the EHR's links, and after which of the matches there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The EHR's link, relative to its base; `None`: the search itself.
    pub upstream: Option<Arc<str>>,
    /// The last match that was given out from behind that link, and at which place it stood; `None`: none was.
    pub after: Option<(usize, FhirId)>,
}

impl Place {
    /// The beginning of what lies behind one of the EHR's links.
    pub fn beginning_of(upstream: &Arc<str>) -> Self {
        Self { upstream: Some(Arc::clone(upstream)), after: None }
    }
}

/// `Bundle.total`: always of what is released, never of what the EHR holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Not stated: a page of several, or `_total=none`.
    Omit,
    /// The matches released from this body; for a search that fits one page, and left out where it does not.
    OfThisBody,
    /// Counted over all pages by `records`.
    Known(u32),
}

#[derive(Serialize)]
struct Link<'a> {
    relation: &'a str,
    url: &'a str,
}

impl Frame<'_> {
    /// The members to put into the Bundle, each with a comma before it. `next` is where it goes on.
    pub(super) fn members(&self, matches: u32, next: Option<&Place>) -> String {
        let mut text = String::with_capacity(96 + self.self_url.len());
        let total = match self.total {
            Total::Omit => None,
            Total::OfThisBody => next.is_none().then_some(matches),
            Total::Known(total) => Some(total),
        };
        if let Some(total) = total {
            text.push_str(",\"total\":");
            text.push_str(&total.to_string());
        }
        if self.count_only {
            return text;
        }
        let next = next.map(|next| (self.seal)(next)).or_else(|| self.after_all.map(str::to_owned));
        let links = [("self", Some(self.self_url)), ("next", next.as_deref())];
        let links = links.into_iter().filter_map(|(relation, url)| Some(Link { relation, url: url? }));
        // Serializing strings into memory cannot fail; without links the Bundle is still true.
        if let Ok(links) = serde_json::to_string(&links.collect::<Vec<_>>()) {
            text.push_str(",\"link\":");
            text.push_str(&links);
        }
        text
    }
}
