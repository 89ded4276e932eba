//! Where bodies come from: the cache, and behind it the EHR.

use futures_util::future::BoxFuture;

use crate::access::permit::Permit;
use crate::access::unreleased::Unreleased;
use crate::access::upstream::UpstreamError;

/// Fetches what a permit allows: from the cache, or from the EHR by way of it.
pub trait Bodies: Send + Sync {
    /// The body; `None` when the EHR has no such resource.
    fn fetch<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<Option<Unreleased>, UpstreamError>>;
}
