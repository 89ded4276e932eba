//! Rank 4: the one door to clinical data. Portal, facade, export and batch all go through [`Records`]; what they get is
//! [`Released`](crate::access::released::Released), and every disclosure and refusal is in the audit log first.

mod bodies;
pub mod bundle;
mod doors;
mod even;
mod event;
mod everything;
mod filling;
mod group;
mod offer;
mod pages;
pub mod panel;
mod patients;
mod pipeline;
pub mod purges;
mod referrers;
mod totals;
mod unanswered;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use crate::access::authorizer::Authorizer;
use crate::access::forget::Forget;
use crate::access::sources::AuditSink;
use crate::access::subject::Subject;
use crate::credentials::seal::SealingKey;
use crate::domain::clock::SharedClock;
use crate::domain::ids::RequestId;
use crate::domain::random::SharedRandom;

pub use self::bodies::Bodies;
pub use self::offer::Offer;
pub use self::pages::PageError;
pub use self::unanswered::Unanswered;
pub use self::versions::Versions;

use self::even::Even;
use self::filling::LONGEST_TRAIL;
use self::pages::Pages;
use self::referrers::Referrers;

/// Who asks, and in which HTTP request: what the audit log needs besides the request itself.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who asks.
    pub subject: Arc<Subject>,
    /// The HTTP request.
    pub request: Option<RequestId>,
    /// The caller's network address.
    pub address: Option<String>,
}

/// The pipeline with what it works on.
pub struct Records {
    authorizer: Arc<Authorizer>,
    bodies: Arc<dyn Bodies>,
    audit: Arc<dyn AuditSink>,
    clock: SharedClock,
    offer: Arc<Offer>,
    pages: Pages,
    referrers: Referrers,
    even: Even,
    longest_trail: u32,
}

impl Records {
    /// A pipeline over these parts. Page handles are sealed with a key derived from `key`, which all nodes share.
    pub fn new(
        authorizer: Arc<Authorizer>,
        bodies: Arc<dyn Bodies>,
        audit: Arc<dyn AuditSink>,
        clock: SharedClock,
        random: SharedRandom,
        key: &SealingKey,
        offer: Arc<Offer>,
    ) -> Self {
        let pages = Pages::new(key, clock.clone(), random);
        Self {
            authorizer,
            bodies,
            audit,
            clock,
            offer,
            pages,
            referrers: Referrers::default(),
            even: Even::new(Duration::ZERO),
            longest_trail: LONGEST_TRAIL,
        }
    }

    /// Lets answers that say that nothing was found leave at multiples of `step` alone, or of what the EHR makes of it.
    #[must_use]
    pub const fn with_even_refusals(mut self, step: Duration) -> Self {
        self.even = Even::new(step);
        self
    }

    /// The same with a bound of its own on how many of the EHR's pages one search may have, over all of ours.
    #[must_use]
    pub const fn with_longest_trail(mut self, pages: u32) -> Self {
        self.longest_trail = pages;
        self
    }

    /// Forgets what was learnt from bodies that are purged.
    pub fn forget(&self, what: &[Forget]) {
        for one in what {
            self.referrers.forget(one);
        }
    }

    /// What can be asked with the EHR at hand.
    pub fn offer(&self) -> &Arc<Offer> {
        &self.offer
    }
}
