//! Where modules of one rank meet: the cache in front of the EHR, and the origins of registered clients.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::access::permit::Permit;
use crate::access::unreleased::Unreleased;
use crate::access::upstream::UpstreamError;
use crate::cache::Cache;
use crate::ehr::Ehr;
use crate::facade::Origins;
use crate::records::Bodies;
use crate::store::Store;

/// The cache, and the EHR behind it.
pub struct CachedEhr {
    /// What the EHR said before.
    pub cache: Arc<Cache>,
    /// What it says now.
    pub ehr: Arc<Ehr>,
}

impl Bodies for CachedEhr {
    fn fetch<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<Option<Unreleased>, UpstreamError>> {
        Box::pin(self.cache.fetch(permit, |validator| self.ehr.fetch(permit, validator)))
    }
}

impl Origins for Store {
    fn is_registered(&self, origin: &str) -> bool {
        self.directory().is_registered_origin(origin)
    }
}
