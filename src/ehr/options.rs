//! How the EHR is reached; filled from the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::assertion::AssertionSigner;
use super::gate::Places;

/// How the EHR is reached. Connection limits lie in [`crate::outbound::PurposeOptions`].
#[derive(Clone, Debug)]
pub struct EhrOptions {
    /// FHIR base URL of the EHR.
    pub base: Url,
    /// Other base URLs that the EHR writes into its answers for itself.
    pub other_bases: Vec<Url>,
    /// FHIR base URL of this product, which takes the EHR's place in what is released.
    pub public_base: Url,
    /// How we prove who we are.
    pub auth: EhrAuth,
    /// Time for one answer, further tries included, once it is the request's turn.
    pub timeout: Duration,
    /// Further tries after a failure that may pass.
    pub retries: u32,
    /// First wait before a further try; doubled each time and drawn at random from its upper half.
    pub first_wait: Duration,
    /// Concurrent requests at most.
    pub concurrency: usize,
    /// Of these, of one client with all its users; `None`: three quarters.
    pub concurrency_per_client: Option<usize>,
    /// Of these, of one person or practice's system; `None`: a quarter.
    pub concurrency_per_caller: Option<usize>,
    /// How long a request may wait for its turn.
    pub patience: Duration,
    /// When to leave the EHR alone.
    pub breaker: BreakerOptions,
    /// Whether the EHR's `Cache-Control` is obeyed. Many EHRs forbid caching with everything, for browsers' sake; the hospital
    /// may know better.
    pub obey_cache_control: bool,
    /// Types that work although the CapabilityStatement does not list them.
    pub undeclared_types: Vec<String>,
    /// Search parameters that do not work although the CapabilityStatement lists them, by type.
    pub missing_parameters: BTreeMap<String, Vec<String>>,
    /// Search parameters of which the EHR demands one, by type.
    pub required_parameters: BTreeMap<String, RequiredParameters>,
    /// Matches a page that the EHR is asked for, at most.
    pub page_size: Option<u32>,
    /// Whether panels come by another route than search.
    pub lists_panels: bool,
    /// PCP facts.
    pub primary_care: PrimaryCareOptions,
}

impl EhrOptions {
    /// Defaults for an EHR at `base`, without authentication.
    pub fn new(base: Url, public_base: Url) -> Self {
        Self {
            base,
            other_bases: Vec::new(),
            public_base,
            auth: EhrAuth::None,
            timeout: Duration::from_secs(20),
            retries: 2,
            first_wait: Duration::from_millis(200),
            concurrency: 64,
            concurrency_per_client: None,
            concurrency_per_caller: None,
            patience: Duration::from_secs(10),
            breaker: BreakerOptions::default(),
            obey_cache_control: true,
            undeclared_types: Vec::new(),
            missing_parameters: BTreeMap::new(),
            required_parameters: BTreeMap::new(),
            page_size: None,
            lists_panels: false,
            primary_care: PrimaryCareOptions::default(),
        }
    }
}

impl EhrOptions {
    /// The places at the EHR, none of the bounds beyond the one above it.
    pub(super) fn places(&self) -> Places {
        let all = self.concurrency.max(1);
        let share = |said: Option<usize>, quarters: usize| said.unwrap_or(all * quarters / 4).clamp(1, all);
        let per_client = share(self.concurrency_per_client, 3);
        Places { all, per_client, per_caller: share(self.concurrency_per_caller, 1).min(per_client) }
    }
}

/// What the EHR demands of a search besides the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredParameters {
    /// One of these.
    pub any_of: Vec<String>,
    /// What is added to a search that has none of them, as it stands in a query; `None`: such searches are refused.
    pub fill: Option<String>,
}

/// How we prove to the EHR who we are.
#[derive(Clone)]
pub enum EhrAuth {
    /// Not at all, or by the client certificate alone.
    None,
    /// A fixed bearer token: for tests.
    StaticToken(SecretString),
    /// SMART Backend Services with `private_key_jwt`.
    BackendServices {
        /// Our client id at the EHR.
        client_id: String,
        /// Signs the assertion.
        signer: Arc<dyn AssertionSigner>,
        /// Token endpoint; from the EHR's `.well-known/smart-configuration` when absent.
        token_url: Option<Url>,
        /// Scope asked for.
        scope: String,
    },
}

impl fmt::Debug for EhrAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::StaticToken(_) => "StaticToken(..)",
            Self::BackendServices { .. } => "BackendServices(..)",
        })
    }
}

/// When to leave the EHR alone.
#[derive(Clone, Copy, Debug)]
pub struct BreakerOptions {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open at first; doubled with each try that fails, up to a minute.
    pub pause: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 8, pause: Duration::from_secs(5) }
    }
}

/// How old PCP facts may be.
#[derive(Clone, Copy, Debug)]
pub struct PrimaryCareOptions {
    /// At most this old (S-33).
    pub max_age: Duration,
    /// At most this old while the EHR cannot be reached.
    pub max_stale: Duration,
    /// Patients remembered at most; as many practitioners and roles.
    pub capacity: usize,
}

impl Default for PrimaryCareOptions {
    fn default() -> Self {
        Self { max_age: Duration::from_mins(5), max_stale: Duration::from_hours(1), capacity: 200_000 }
    }
}
