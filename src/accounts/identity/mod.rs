//! How people prove who they are: set-up of a new account, second factors, recovery, secure questions (S-16 to S-27, D-01 to D-04).

mod account;
mod recovery;
mod second_step;
mod secrets;
mod sessions;
mod set_up;

use std::sync::Arc;
use std::time::Duration;

use crate::credentials::seal::{Sealer, SealingKey};
use crate::mail::Message;
use crate::store::outbox::NewMail;
use crate::store::throttle::ThrottleKind;
use crate::store::{StoreError, Transaction};

use super::{Accounts, AccountsError};

pub use self::account::{ChangeError, NewAnswers};
pub use self::recovery::{NewPassword, RecoveryError};
pub use self::second_step::SecondStep;
pub use self::secrets::{Answer, ChosenTotp, RecoveryCodes, SecretProblem};
pub use self::sessions::{Browser, Federated};
pub use self::set_up::{NewSecrets, SetUpError, SetUpLink};

/// How a hospital wants people to prove who they are.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// Whether each account has three secure questions (D-02).
    pub questions_required: bool,
    /// How long a password lasts; `None`: for ever (S-22).
    pub password_life: Option<Duration>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self { questions_required: true, password_life: None }
    }
}

/// The settings, and the key under which second factors are stored.
#[derive(Clone, Default)]
pub(super) struct Identity {
    settings: IdentitySettings,
    sealer: Option<Arc<Sealer>>,
}

impl Accounts {
    /// How people prove who they are; what must stay secret in the database is sealed under `master`. Without this nobody can add a
    /// second factor.
    #[must_use]
    pub fn with_identity(mut self, settings: IdentitySettings, master: &SealingKey) -> Self {
        let sealer = Arc::new(master.derive("second factors").sealer());
        self.identity = Identity { settings, sealer: Some(sealer) };
        self
    }

    /// How the hospital wants people to prove who they are.
    pub const fn identity_settings(&self) -> &IdentitySettings {
        &self.identity.settings
    }

    /// What [`Accounts::seal`] sealed.
    fn open(&self, sealed: &str, bound_to: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        self.identity.sealer.as_ref()?.open(sealed, bound_to.as_bytes())
    }

    fn seal(&self, plain: &[u8], bound_to: &str) -> Result<String, AccountsError> {
        let sealer = self.identity.sealer.as_ref().ok_or(AccountsError::Unavailable)?;
        sealer.seal(plain, bound_to.as_bytes(), &*self.random).map_err(|_| AccountsError::Unavailable)
    }
}

/// Counts an attempt beforehand; how long to wait when attempts are refused for now.
async fn attempt(
    accounts: &Accounts,
    kind: ThrottleKind,
    key: &str,
) -> Result<Option<Duration>, AccountsError> {
    if accounts.store.throttle_attempt(kind, key).await?.is_some() {
        return Ok(None);
    }
    let until = accounts.store.throttle(kind, key).await?.blocked_until;
    let wait = until.map_or(Duration::ZERO, |until| until.since(accounts.now()));
    Ok(Some(wait.max(Duration::from_secs(1))))
}

pub(super) async fn queue(transaction: &mut Transaction, message: Message) -> Result<(), StoreError> {
    let Message { to, subject, body, html } = message;
    transaction.queue_mail(&NewMail { to, subject, body, html }).await
}
