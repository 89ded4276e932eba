//! What every page handler is handed.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::handles::PageKeys;
use super::proofs::Proofs;
use crate::credentials::seal::SealingKey;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::{Random, SharedRandom};
use crate::store::Store;

/// How the portal presents itself, from configuration.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Public base URL of the portal, without a path: `https://chartgate.hospital.example`.
    pub public_base: Url,
    /// The hospital's name as pages print it.
    pub hospital: String,
    /// Where people write when they are stuck (S-80).
    pub support_mailbox: String,
    /// Telephone of the same, if there is one.
    pub support_phone: Option<String>,
    /// The hospital's privacy policy: plain paragraphs divided by empty lines (S-81).
    pub privacy_policy: String,
    /// Where families sign up for the patient portal (S-44).
    pub portal_sign_up: Option<String>,
    /// Hour from which the daily mail of notices is sent.
    pub digest_hour: u8,
    /// In which times are printed.
    pub time_zone: jiff::tz::TimeZone,
    /// A session ends after this long without a request.
    pub session_idle: Duration,
    /// A session ends this long after sign-in, whatever happens.
    pub session_max: Duration,
    /// Whether this is the demo: pages then say that no patient is real.
    pub demo: bool,
}

/// The state of page handlers. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    store: Store,
    clock: SharedClock,
    random: SharedRandom,
    keys: PageKeys,
    proofs: Proofs,
    settings: WebSettings,
}

impl Web {
    /// The state for one `App`. Handles and form tokens derive from `key`, which all nodes of a deployment share.
    pub fn new(
        store: Store,
        clock: SharedClock,
        random: SharedRandom,
        key: &SealingKey,
        settings: WebSettings,
    ) -> Self {
        let proofs = Proofs::new(store.clone(), Arc::clone(&clock), key, settings.public_base.clone());
        Self(Arc::new(Inner { store, clock, random, keys: PageKeys::new(key), proofs, settings }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// The source of randomness, to hand on.
    pub fn shared_random(&self) -> &SharedRandom {
        &self.0.random
    }

    /// The keys of handles and form tokens.
    pub fn keys(&self) -> &PageKeys {
        &self.0.keys
    }

    /// Checks proofs of possession.
    pub fn proofs(&self) -> &Proofs {
        &self.0.proofs
    }

    /// How the portal presents itself.
    pub fn settings(&self) -> &WebSettings {
        &self.0.settings
    }

    /// Whether browsers reach the portal by HTTPS. Only the demo on loopback and tests do without.
    pub fn is_secure(&self) -> bool {
        self.0.settings.public_base.scheme() == "https"
    }

    /// An absolute URL within the portal; `path` begins with a slash.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.0.settings.public_base.as_str().trim_end_matches('/'))
    }
}
