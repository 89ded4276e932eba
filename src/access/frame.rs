//! What a searchset is framed with besides its entries: total and links, of the facade and of what is released alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
    /// How it was come to.
    pub trail: Trail,
}

/// The links that were followed to a place, in constant room, so that an EHR that leads in circles is noticed although each page
/// of ours is a request by itself: Brent's method, which remembers one link and changes it at each power of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// How many links were followed.
    #[serde(rename = "n")]
    pub steps: u32,
    /// A digest of the link that is remembered.
    #[serde(rename = "m")]
    mark: u64,
}

impl Trail {
    /// The trail with one link more; `None` when it leads back to where it was before.
    fn with(self, link: &str) -> Option<Self> {
        let digest = digest(link);
        let steps = self.steps.saturating_add(1);
        match self.steps {
            0 => Some(Self { steps, mark: digest }),
            _ if self.mark == digest => None,
            _ if steps.is_power_of_two() => Some(Self { steps, mark: digest }),
            _ => Some(Self { steps, ..self }),
        }
    }
}

/// FNV-1a: the same on every node, as handles go from one to another. Who makes two links with one digest ends a search early,
/// and that is whoever wrote the links.
fn digest(link: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    link.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

impl Place {
    /// The beginning of what lies behind one of the EHR's links.
    pub fn beginning_of(upstream: &Arc<str>) -> Self {
        Self { upstream: Some(Arc::clone(upstream)), ..Self::default() }
    }

    /// The beginning of what lies behind the link that the EHR gave at this place; `None` when it leads in a circle.
    pub fn onward(&self, upstream: &Arc<str>) -> Option<Self> {
        Some(Self { trail: self.trail.with(upstream)?, ..Self::beginning_of(upstream) })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(links: impl IntoIterator<Item = String>) -> Option<u32> {
        let mut place = Place::default();
        for link in links {
            place = place.onward(&link.into())?;
        }
        Some(place.trail.steps)
    }

    #[test]
    fn circles_of_any_length_are_noticed_and_nothing_else_is() {
        for (lead, length) in [(0, 1), (0, 2), (3, 1), (1, 7), (40, 100)] {
            let around = (0..lead).map(|n| format!("lead-{n}"));
            let around = around.chain((0..1000).map(|n| format!("Observation?page={}", n % length)));
            assert_eq!(steps(around), None, "{lead} {length}");
        }
        assert_eq!(steps((0..3000).map(|n| format!("Observation?page={n}"))), Some(3000));
    }
}
