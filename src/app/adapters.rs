//! Where modules of one rank meet: the cache in front of the EHR, and the origins of registered clients.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use url::Url;

use crate::access::permit::Permit;
use crate::access::unreleased::Unreleased;
use crate::access::upstream::UpstreamError;
use crate::cache::Cache;
use crate::domain::client::ClientState;
use crate::ehr::Ehr;
use crate::facade::Origins;
use crate::records::Bodies;
use crate::store::{Store, StoreError};

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

/// Origins of active clients' redirect URIs; read from the database now and then, asked in memory.
#[derive(Default)]
pub struct ClientOrigins(ArcSwap<HashSet<String>>);

impl ClientOrigins {
    /// Reads the registered clients.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let clients = store.clients().await?;
        let active = clients.iter().filter(|client| client.state == ClientState::Active);
        let uris = active.flat_map(|client| &client.redirect_uris);
        let origins = uris
            .filter_map(|uri| Url::parse(uri).ok())
            .filter(|url| matches!(url.scheme(), "https" | "http"))
            .map(|url| url.origin().ascii_serialization());
        self.0.store(Arc::new(origins.collect()));
        Ok(())
    }
}

impl Origins for ClientOrigins {
    fn is_registered(&self, origin: &str) -> bool {
        self.0.load().contains(origin)
    }
}
