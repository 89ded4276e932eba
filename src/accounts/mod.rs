//! Rank 4: the use-cases of people, without HTML or HTTP: sign-in, accounts, practices, relationships, clients, saved lists.
//!
//! Each checks what it is given, changes the store in one transaction and writes its audit event.

mod access_requests;
mod apps;
mod clients;
pub mod failures;
pub mod families;
pub mod federation;
pub mod identity;
pub mod invitations;
mod notices;
mod people;
mod practices;
pub mod provider_registration;
pub mod registration;
mod relationships;
mod saved;
mod sign_in;
pub mod sponsorship;

use std::sync::Arc;
use std::time::Duration;

use crate::access::sources::{AuditSink, AuditUnavailable};
use crate::credentials::password::Passwords;
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::{AccountId, ClientId, FhirId, PracticeId, RequestId};
use crate::domain::majority::Majority;
use crate::domain::random::SharedRandom;
use crate::mail::letters::Letters;
use crate::store::{Store, StoreError};

pub use self::access_requests::{AccessRequests, Answer, LONGEST, NewAccessRequest};
pub use self::clients::{NewClient, NewClientAuth, RegisteredClient};
pub use self::notices::Regarding;
pub use self::people::NewAccount;
pub use self::practices::NewPractice;
pub use self::relationships::NewGrant;
pub use self::saved::SAVED_AT_MOST;
pub use self::sign_in::{SignIn, SignInError, SignedIn};

/// The use-cases with what they need.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    passwords: Arc<Passwords>,
    audit: Arc<dyn AuditSink>,
    clock: SharedClock,
    random: SharedRandom,
    session_life: Duration,
    letters: Option<Arc<Letters>>,
    open_registration: bool,
    calendar: sponsorship::Calendar,
    identity: identity::Identity,
    desk: provider_registration::Desk,
    majority: Majority,
}

/// Who does something, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct By {
    /// The signed-in person; `None` for the command line and for whoever is not signed in yet.
    pub account: Option<AccountId>,
    /// The HTTP request.
    pub request: Option<RequestId>,
    /// The caller's network address.
    pub address: Option<String>,
}

impl By {
    /// The operator, through a command.
    pub fn operator() -> Self {
        Self::default()
    }
}

/// Why a use-case was not done. The text is for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// Something that was given is not what it must be.
    #[error("{0}")]
    Invalid(&'static str),
    /// The password is not good enough (D-03).
    #[error("{0}")]
    Weak(#[from] crate::credentials::strength::WeakPassword),
    /// There is one already.
    #[error("{0}")]
    Taken(&'static str),
    /// There is no such thing, or no longer.
    #[error("That is not there any more.")]
    Unknown,
    /// The database or the audit log failed; whether it was done is not certain.
    #[error("This cannot be done just now. Please try again.")]
    Unavailable,
}

impl From<StoreError> for AccountsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict("accounts.email") => {
                Self::Taken("There is an account with this e-mail address.")
            }
            StoreError::Conflict("accounts.npi") => Self::Taken("There is an account with this NPI."),
            StoreError::Conflict("practices.organization") => {
                Self::Taken("Another practice has this organization.")
            }
            StoreError::Conflict("sponsorships.pair") => {
                Self::Taken("This person is sponsored by that provider already.")
            }
            StoreError::Conflict("access_requests.open") => {
                Self::Taken("You have asked already; the request waits for its answer.")
            }
            StoreError::Conflict("clients.id") => Self::Taken("There is a client with this client_id."),
            StoreError::Conflict(_) => Self::Taken("There is one already."),
            StoreError::Dangling => Self::Unknown,
            error => {
                tracing::error!(%error, "a use-case failed");
                Self::Unavailable
            }
        }
    }
}

impl From<AuditUnavailable> for AccountsError {
    fn from(error: AuditUnavailable) -> Self {
        tracing::error!(%error, "a use-case failed");
        Self::Unavailable
    }
}

impl Accounts {
    /// The use-cases over this store.
    pub fn new(
        store: Store,
        passwords: Arc<Passwords>,
        audit: Arc<dyn AuditSink>,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        Self {
            store,
            passwords,
            audit,
            clock,
            random,
            session_life: Duration::from_hours(12),
            letters: None,
            open_registration: true,
            calendar: sponsorship::Calendar::default(),
            identity: identity::Identity::default(),
            desk: provider_registration::Desk::default(),
            majority: Majority::default(),
        }
    }

    /// How the hospital counts days and coming of age (D-07). Default: UTC, 18 years, told six months before.
    #[must_use]
    pub fn with_majority(mut self, majority: Majority) -> Self {
        self.majority = majority;
        self
    }

    /// How the hospital counts days and coming of age.
    pub const fn majority(&self) -> &Majority {
        &self.majority
    }

    /// Whether a client may be registered without an initial access token, to wait for staff. Default: yes.
    #[must_use]
    pub const fn with_open_registration(mut self, open: bool) -> Self {
        self.open_registration = open;
        self
    }

    /// Whether a client may be registered without an initial access token.
    pub const fn takes_registrations(&self) -> bool {
        self.open_registration
    }

    /// Sessions end after this long whatever happens. Default: 12 hours.
    #[must_use]
    pub const fn with_session_life(mut self, life: Duration) -> Self {
        self.session_life = life;
        self
    }

    /// Mails are queued with these particulars. Default: none are.
    #[must_use]
    pub fn with_letters(mut self, letters: Letters) -> Self {
        self.letters = Some(Arc::new(letters));
        self
    }

    /// The present moment, by the clock of the use-cases.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn record(&self, by: &By, kind: AuditKind, what: &str, about: About) -> Result<(), AccountsError> {
        let event = AuditEvent {
            at: self.now(),
            kind,
            outcome: about.outcome,
            account: about.account.or_else(|| by.account.clone()),
            practice: about.practice,
            client: about.client,
            patients: about.patients,
            what: what.to_owned(),
            reason: about.reason,
            resources: 0,
            request: by.request.clone(),
            address: by.address.clone(),
        };
        Ok(self.audit.record(event).await?)
    }
}

/// What an audit event of this module is about.
struct About {
    outcome: AuditOutcome,
    account: Option<AccountId>,
    practice: Option<PracticeId>,
    client: Option<ClientId>,
    patients: Vec<FhirId>,
    reason: Option<String>,
}

impl Default for About {
    fn default() -> Self {
        Self {
            outcome: AuditOutcome::Success,
            account: None,
            practice: None,
            client: None,
            patients: Vec::new(),
            reason: None,
        }
    }
}
