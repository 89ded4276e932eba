//! The keys of `id_token`s: one signs, the others are published for as long as anything that they signed lives.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::credentials::signing::{SigningKey, jwks};

/// The keys in use, replaced as a whole when they rotate.
pub struct IdTokenKeys(ArcSwap<Vec<Arc<SigningKey>>>);

impl IdTokenKeys {
    /// These keys; the first one signs.
    pub fn new(keys: Vec<Arc<SigningKey>>) -> Self {
        Self(ArcSwap::from_pointee(keys))
    }

    /// Puts other keys in place, from the next request on.
    pub fn replace(&self, keys: Vec<Arc<SigningKey>>) {
        self.0.store(Arc::new(keys));
    }

    /// The key that signs; `None` when there is none, and no `id_token` can be made.
    pub fn active(&self) -> Option<Arc<SigningKey>> {
        self.0.load().first().cloned()
    }

    /// The published JWK Set.
    pub fn public(&self) -> Value {
        jwks(self.0.load().iter().map(|key| &**key))
    }
}
