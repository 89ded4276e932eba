//! What the authorization server's handlers are handed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use fhir_profiles::brands::Brands;

use crate::access::sources::AuditSink;
use crate::accounts::Accounts;
use crate::accounts::failures::FailureLog;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use crate::domain::random::Random;
use crate::outbound::HttpClient;
use crate::store::Store;
use crate::web::Web;

use super::client_keys::FetchedKeys;
use super::discovery::Documents;
use super::endpoints::Endpoints;
use super::keys::IdTokenKeys;
use super::people::{FhirUsers, Patients};
use super::throttle::{Limits, Throttle};

/// What the hospital may set about tokens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Life of an access token given to a user's app: an hour at most (row 91).
    pub access_life: Duration,
    /// Life of an access token given to a practice's system: five minutes at most (row 262).
    pub backend_life: Duration,
    /// Life of a refresh token, renewed at each use: three months at least.
    pub refresh_life: Duration,
    /// Life of an authorization code.
    pub code_life: Duration,
    /// What this hospital is called in launch contexts (`tenant`, row 176): opaque to apps.
    pub tenant: Option<String>,
    /// How long a patient who was picked, or a launch that was taken, waits for the user's consent.
    pub context_life: Duration,
    /// How many requests and failures are let through.
    pub limits: Limits,
    /// The hospital's user-access brands, where it publishes them.
    pub brands: Option<Brands>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_life: Duration::from_hours(1),
            backend_life: Duration::from_mins(5),
            refresh_life: Duration::from_hours(93 * 24),
            code_life: Duration::from_mins(1),
            tenant: None,
            context_life: Duration::from_mins(30),
            limits: Limits::NONE,
            brands: None,
        }
    }
}

/// What an authorization server is built from.
pub struct Parts {
    /// Sessions, layout, store, clock and randomness.
    pub web: Web,
    /// Keys that sign `id_token`s.
    pub id_token_keys: Arc<IdTokenKeys>,
    /// Which patients a user may pick.
    pub patients: Arc<dyn Patients>,
    /// Who a user is in the hospital's directory.
    pub fhir_users: Arc<dyn FhirUsers>,
    /// Where audit events go.
    pub audit: Arc<dyn AuditSink>,
    /// For clients' key sets.
    pub client_keys: HttpClient,
    /// Registration of clients.
    pub accounts: Arc<Accounts>,
    /// Where refused requests are noted for the clients' vendors.
    pub failures: Arc<FailureLog>,
    /// Lifetimes.
    pub settings: Settings,
}

/// The state of the handlers. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    parts: Parts,
    endpoints: Endpoints,
    documents: Documents,
    fetched_keys: FetchedKeys,
    throttle: Throttle,
}

impl State {
    /// The authorization server of one `App`; its issuer is the portal's public base.
    pub fn new(parts: Parts) -> Self {
        let endpoints = Endpoints::under(parts.web.settings().public_base.as_str());
        let documents = Documents::of(&endpoints, parts.settings.brands.as_ref());
        let fetched_keys = FetchedKeys::new(parts.client_keys.clone(), Arc::clone(parts.web.clock()));
        let throttle = Throttle::new(parts.settings.limits);
        Self(Arc::new(Inner { parts, endpoints, documents, fetched_keys, throttle }))
    }

    /// Sessions and layout.
    pub fn web(&self) -> &Web {
        &self.0.parts.web
    }

    /// The database.
    pub fn store(&self) -> &Store {
        self.web().store()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.web().now()
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        self.web().random()
    }

    /// The table of addresses.
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// Lifetimes.
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// Discovery documents, rendered once.
    pub fn documents(&self) -> &Documents {
        &self.0.documents
    }

    /// Clients' key sets.
    pub fn fetched_keys(&self) -> &FetchedKeys {
        &self.0.fetched_keys
    }

    /// Registration of clients.
    pub fn accounts(&self) -> &Accounts {
        &self.0.parts.accounts
    }

    /// Where refused requests are noted.
    pub fn failures(&self) -> &FailureLog {
        &self.0.parts.failures
    }

    /// Counts what clients get wrong.
    pub fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Keys that sign `id_token`s.
    pub fn id_token_keys(&self) -> &IdTokenKeys {
        &self.0.parts.id_token_keys
    }

    /// Which patients a user may pick.
    pub fn patients(&self) -> &dyn Patients {
        &*self.0.parts.patients
    }

    /// Who a user is in the hospital's directory.
    pub fn fhir_users(&self) -> &dyn FhirUsers {
        &*self.0.parts.fhir_users
    }

    /// An audit event of now, to be filled in.
    pub fn event(&self, kind: AuditKind, outcome: AuditOutcome, what: &str) -> AuditEvent {
        AuditEvent {
            at: self.now(),
            kind,
            outcome,
            account: None,
            practice: None,
            client: None,
            patients: Vec::new(),
            what: what.to_owned(),
            reason: None,
            resources: 0,
            request: None,
            address: None,
        }
    }

    /// Makes an audit event durable. False when that cannot be done: what it speaks of must then not happen.
    pub async fn record(&self, event: AuditEvent) -> bool {
        let recorded = self.0.parts.audit.record(event).await;
        if let Err(error) = &recorded {
            tracing::error!(%error, "an authorization could not be recorded");
        }
        recorded.is_ok()
    }
}

impl FromRef<State> for Web {
    fn from_ref(state: &State) -> Self {
        state.web().clone()
    }
}
