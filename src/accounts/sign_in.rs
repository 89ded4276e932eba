//! Sign-in with e-mail and password (S-20), slowed down after failures (D-04), and sign-out.

use std::time::Duration;

use secrecy::SecretString;

use crate::domain::account::{Account, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::AccountId;
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::domain::session::Session;
use crate::store::StoreError;
use crate::store::throttle::ThrottleKind;

use super::{About, Accounts, AccountsError, By};

/// What somebody typed.
#[derive(Debug)]
pub struct SignIn {
    /// The sign-in name, in any case.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

/// Somebody signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// The session, stored.
    pub session: Session,
    /// What the browser keeps.
    pub cookie: PlainToken,
}

/// Why not. Whether the account exists does not show, neither in the answer nor in the time it takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No active account has this e-mail address and password.
    #[error("The e-mail address or the password is not right.")]
    Wrong,
    /// Too many failures for this name or from this address; try again after that long.
    #[error("Too many attempts. Please wait a moment and try again.")]
    Wait(Duration),
    /// The password is right, and the account has a second step: a code or a recovery code.
    #[error("A code is needed.")]
    SecondStep(AccountId),
    /// The password is right, and must be chosen anew: its time is over, or it is too short without a second step (S-22, D-03).
    #[error("The password must be chosen anew.")]
    Expired,
    /// The database or the audit log failed.
    #[error("Signing in is not possible just now. Please try again.")]
    Unavailable,
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "sign-in failed");
        Self::Unavailable
    }
}

impl From<AccountsError> for SignInError {
    fn from(_: AccountsError) -> Self {
        Self::Unavailable
    }
}

impl Accounts {
    /// Checks name and password and begins a session. `by.address` is what failures are counted by; without one they are
    /// counted together.
    pub async fn sign_in(&self, attempt: SignIn, by: &By) -> Result<SignedIn, SignInError> {
        let email = attempt.email.trim().to_lowercase();
        let address = by.address.as_deref().unwrap_or_default();
        self.count(&email, address).await?;
        let account = self.store.account_by_email(&email).await?;
        let stored = match &account {
            Some(account) => self.store.password_hash(&account.id).await?,
            None => None,
        };
        // Long inputs would be work for nothing: no stored password is longer.
        let fits = secrecy::ExposeSecret::expose_secret(&attempt.password).len()
            <= crate::credentials::strength::MAX_BYTES;
        let length = secrecy::ExposeSecret::expose_secret(&attempt.password).trim().chars().count();
        let matches = fits
            && self
                .passwords
                .verify(stored, attempt.password)
                .await
                .inspect_err(|error| tracing::error!(%error, "sign-in failed"))
                .map_err(|_| SignInError::Unavailable)?;
        match account {
            Some(account) if matches && account.state == AccountState::Active => {
                self.after_password(account, length, &email, address, by).await
            }
            account => {
                let reason = match &account {
                    None => "unknown_account",
                    Some(_) if !matches => "wrong_password",
                    Some(_) => "suspended",
                };
                let about = About {
                    outcome: AuditOutcome::Refused,
                    account: account.map(|account| account.id),
                    reason: Some(reason.to_owned()),
                    ..About::default()
                };
                self.record(by, AuditKind::SignIn, "sign_in", about).await?;
                Err(SignInError::Wrong)
            }
        }
    }

    /// Counts the attempt as failed beforehand, so that a thousand at once are not a thousand free ones.
    async fn count(&self, email: &str, address: &str) -> Result<(), SignInError> {
        let kinds = [(ThrottleKind::SignInAddress, address), (ThrottleKind::SignInAccount, email)];
        let mut transaction = self.store.begin().await?;
        for (kind, key) in kinds {
            if transaction.throttle_attempt(kind, key).await?.is_none() {
                drop(transaction);
                let until = self.store.throttle(kind, key).await?.blocked_until;
                let wait = until.map_or(Duration::ZERO, |until| until.since(self.now()));
                return Err(SignInError::Wait(wait.max(Duration::from_secs(1))));
            }
        }
        Ok(transaction.commit().await?)
    }

    /// What comes after the right password: a session, the second step, or another password.
    async fn after_password(
        &self,
        account: Account,
        length: usize,
        email: &str,
        address: &str,
        by: &By,
    ) -> Result<SignedIn, SignInError> {
        let factors = self.store.factors(&account.id).await?;
        let stale = self.password_is_stale(&account).await?
            || (factors.is_empty() && length < crate::credentials::strength::MIN_CHARS);
        if factors.is_empty() && !stale {
            return self.begin_session(account, email, address, by).await;
        }
        // The password was right: these attempts were not guesses.
        let mut transaction = self.store.begin().await?;
        transaction.throttle_reset(ThrottleKind::SignInAccount, email).await?;
        transaction.throttle_undo(ThrottleKind::SignInAddress, address).await?;
        transaction.commit().await?;
        Err(if stale { SignInError::Expired } else { SignInError::SecondStep(account.id) })
    }

    /// Whether the account's password has expired (S-22).
    async fn password_is_stale(&self, account: &Account) -> Result<bool, StoreError> {
        let Some(life) = self.identity_settings().password_life else { return Ok(false) };
        let set = self.store.password_set_at(&account.id).await?.unwrap_or(account.created_at);
        Ok(self.now().since(set) >= life)
    }

    pub(super) async fn begin_session(
        &self,
        account: Account,
        email: &str,
        address: &str,
        by: &By,
    ) -> Result<SignedIn, SignInError> {
        let cookie = PlainToken::generate(TokenKind::Session, &*self.random);
        let now = self.now();
        let session = Session {
            hash: cookie.hash(),
            account: account.id.clone(),
            authenticated_at: now,
            seen_at: now,
            expires_at: now.plus(self.session_life),
        };
        // First the record, then the session: there is no session that the log does not know of.
        let about = About { account: Some(account.id.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "sign_in", about).await?;
        let mut transaction = self.store.begin().await?;
        transaction.throttle_reset(ThrottleKind::SignInAccount, email).await?;
        transaction.throttle_undo(ThrottleKind::SignInAddress, address).await?;
        transaction.insert_session(&session).await?;
        transaction.commit().await?;
        Ok(SignedIn { account, session, cookie })
    }

    /// Ends the session; that it ended already is as good.
    pub async fn sign_out(
        &self,
        session: &TokenHash,
        account: &AccountId,
        by: &By,
    ) -> Result<(), AccountsError> {
        if self.store.delete_session(session).await? {
            let about = About { account: Some(account.clone()), ..About::default() };
            self.record(by, AuditKind::SignIn, "sign_out", about).await?;
        }
        Ok(())
    }

    /// Ends every session of this person; returns how many.
    pub async fn sign_out_everywhere(&self, account: &AccountId, by: &By) -> Result<u64, AccountsError> {
        let ended = self.store.delete_sessions_of(account).await?;
        let about = About { account: Some(account.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "sign_out_everywhere", about).await?;
        Ok(ended)
    }
}
