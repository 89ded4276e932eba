//! Where modules of one rank meet: the cache in front of the EHR, and the origins of registered clients.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tokio::time::Instant;

use crate::access::forget::{Forget, Forgets};
use crate::access::permit::Permit;
use crate::access::unreleased::Unreleased;
use crate::access::upstream::UpstreamError;
use crate::cache::Cache;
use crate::ehr::{Ehr, EhrPrimaryCare};
use crate::facade::Origins;
use crate::records::{Bodies, Records};
use crate::store::Store;

/// The cache, and the EHR behind it.
pub struct CachedEhr {
    /// What the EHR said before.
    pub cache: Arc<Cache>,
    /// What it says now.
    pub ehr: Arc<Ehr>,
}

impl CachedEhr {
    async fn once(&self, permit: &Permit) -> Result<Option<Unreleased>, UpstreamError> {
        let mut fetch = pin!(self.cache.fetch(permit, |validator| self.ehr.fetch(permit, validator)));
        // From memory without more ado.
        if let Poll::Ready(answer) = poll!(&mut fetch) {
            return answer;
        }
        // Whoever asked first may stand in a long line: this caller's turn is as good.
        let _interest = self.ehr.interest(permit);
        fetch.await
    }
}

impl Bodies for CachedEhr {
    fn fetch<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<Option<Unreleased>, UpstreamError>> {
        Box::pin(async move {
            let begun = Instant::now();
            loop {
                let answer = self.once(permit).await;
                // Somebody else led and waited in vain from before this request came: now it is its own turn to wait.
                if answer.as_ref().is_err_and(|error| *error == UpstreamError::Crowded)
                    && begun.elapsed() < self.ehr.patience()
                {
                    continue;
                }
                return answer;
            }
        })
    }
}

/// Everything that holds what the EHR said.
pub struct Holders {
    /// Bodies.
    pub cache: Arc<Cache>,
    /// PCP facts.
    pub primary_care: Arc<EhrPrimaryCare>,
    /// Hints at what refers to what.
    pub records: Arc<Records>,
}

impl Forgets for Holders {
    fn forget<'a>(&'a self, what: &'a [Forget]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            for one in what {
                // By what access is decided before what is shown.
                self.primary_care.forget(one);
                self.cache.forget(one);
            }
            self.records.forget(what);
        })
    }
}

impl Origins for Store {
    fn is_registered(&self, origin: &str) -> bool {
        self.directory().is_registered_origin(origin)
    }
}
