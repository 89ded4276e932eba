//! The public keys of clients: JWK Sets given inline or fetched from the client's `jwks_uri` (rows 296, 297, 338 to 342).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::credentials::jwk::{JwsAlgorithm, PublicJwk};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::outbound::{HttpClient, OutboundRequest};

/// How long a key set is kept when its answer says nothing about it.
const DEFAULT_FRESHNESS: Duration = Duration::from_mins(5);
/// The longest that a key set is kept, whatever its answer says: a removed key must stop working some day.
const LONGEST_FRESHNESS: Duration = Duration::from_hours(24);
/// An unknown `kid` makes us look again, but no more often than this.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);
/// More keys than any client needs.
const MOST_KEYS: usize = 32;

/// By which clients may sign: those of SMART (row 310) and those of FAPI 2.0 (5.4.1; row 311 lets us).
pub const ALGORITHMS: &[JwsAlgorithm] = &[
    JwsAlgorithm::Rs384,
    JwsAlgorithm::Es384,
    JwsAlgorithm::Es256,
    JwsAlgorithm::Ps256,
    JwsAlgorithm::EdDsa,
    JwsAlgorithm::Ed25519,
];

/// By which clients held to FAPI 2.0 may sign (5.4.1).
pub const FAPI_ALGORITHMS: &[JwsAlgorithm] =
    &[JwsAlgorithm::Es256, JwsAlgorithm::Ps256, JwsAlgorithm::EdDsa, JwsAlgorithm::Ed25519];

/// A parsed JWK Set. Keys of other kinds, private ones, and keys without `kid`, are left out.
#[derive(Default)]
pub struct KeySet(Vec<PublicJwk>);

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a JWK Set; `None` when it is not one.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let set: JwkSet = serde_json::from_slice(json).ok()?;
        let usable = |key: &PublicJwk| {
            key.kid().is_some() && ALGORITHMS.iter().any(|algorithm| key.is_for(*algorithm))
        };
        let keys = set.keys.iter().take(MOST_KEYS).filter_map(PublicJwk::read).filter(usable);
        Some(Self(keys.collect()))
    }

    /// Whether there is a key with this `kid`.
    pub fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid() == Some(kid))
    }

    /// Whether the set holds no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the one key with this `kid`, of the kind that `algorithm` needs, verifies `signature` over `message`. Where
    /// several match, none does (row 338).
    pub fn verify(&self, kid: &str, algorithm: JwsAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut matching = self.0.iter().filter(|key| key.kid() == Some(kid) && key.is_for(algorithm));
        let (Some(key), None) = (matching.next(), matching.next()) else { return false };
        key.verifies(algorithm, message, signature)
    }
}

struct Kept {
    keys: Arc<KeySet>,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
}

#[derive(Default)]
struct Fetched {
    kept: Option<Kept>,
    failed_at: Option<Timestamp>,
}

type Slot = Arc<tokio::sync::Mutex<Fetched>>;

/// Fetched key sets, each kept no longer than its answer allows. One request at a time for one URL.
pub struct FetchedKeys {
    client: HttpClient,
    clock: SharedClock,
    slots: Mutex<HashMap<String, Slot>>,
}

impl FetchedKeys {
    /// An empty cache over this HTTP client.
    pub fn new(client: HttpClient, clock: SharedClock) -> Self {
        Self { client, clock, slots: Mutex::default() }
    }

    /// The key set at `url`, which must be one that a client registered. Fetched when it is not fresh, or when it lacks
    /// `kid` and was not fetched just now. `None` when it cannot be had, or could not just now: nobody makes us ask a broken
    /// server again and again.
    pub async fn get(&self, url: &str, kid: &str) -> Option<Arc<KeySet>> {
        let slot = Arc::clone(self.slots.lock().entry(url.to_owned()).or_default());
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        if let Some(kept) = &slot.kept {
            let just_now = now.since(kept.fetched_at) < SHORTEST_INTERVAL;
            if now < kept.fresh_until && (kept.keys.has(kid) || just_now) {
                return Some(Arc::clone(&kept.keys));
            }
        }
        if slot.failed_at.is_some_and(|at| now.since(at) < SHORTEST_INTERVAL) {
            return None;
        }
        let fetched = self.fetch(url).await;
        slot.failed_at = fetched.is_none().then_some(now);
        let (keys, freshness) = fetched?;
        let keys = Arc::new(keys);
        slot.kept = Some(Kept { keys: Arc::clone(&keys), fetched_at: now, fresh_until: now.plus(freshness) });
        Some(keys)
    }

    async fn fetch(&self, url: &str) -> Option<(KeySet, Duration)> {
        let request = OutboundRequest::get(url.parse().ok()?)
            .with(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        let response = match self.client.send(request).await {
            Ok(response) if response.status().is_success() => response,
            Ok(response) => {
                tracing::warn!(status = response.status().as_u16(), "a client's key set was not served");
                return None;
            }
            Err(error) => {
                tracing::warn!(%error, "a client's key set cannot be fetched");
                return None;
            }
        };
        let cache_control =
            response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        Some((KeySet::parse(response.body())?, freshness(cache_control)))
    }
}

/// How long an answer with this `Cache-Control` may be kept (rows 341, 342).
fn freshness(cache_control: Option<&str>) -> Duration {
    let Some(value) = cache_control else { return DEFAULT_FRESHNESS };
    let mut lifetime = DEFAULT_FRESHNESS;
    for directive in value.split(',').map(|d| d.trim().to_ascii_lowercase()) {
        if directive == "no-store" || directive == "no-cache" {
            return Duration::ZERO;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            // What cannot be read counts as stale (RFC 9111 4.2.1).
            lifetime = seconds.trim_matches('"').parse().map_or(Duration::ZERO, Duration::from_secs);
        }
    }
    lifetime.min(LONGEST_FRESHNESS)
}

#[cfg(test)]
#[path = "client_keys_tests.rs"]
mod tests;
