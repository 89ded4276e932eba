//! The second step of signing in: a code from an authenticator app, or a recovery code.

use crate::accounts::sign_in::SignInError;
use crate::accounts::{About, Accounts, AccountsError, By, SignedIn};
use crate::credentials::codes;
use crate::credentials::totp::TotpSecret;
use crate::domain::account::{Account, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::identity::{Factor, FactorKind};
use crate::domain::ids::AccountId;
use crate::domain::language::Language;
use crate::domain::session::SessionMethod;
use crate::store::throttle::ThrottleKind;

use super::secrets::recovery_hash;

/// What an account has for the second step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondStep {
    /// An authenticator app.
    pub totp: bool,
    /// Recovery codes that are left.
    pub codes: usize,
}

impl Accounts {
    /// What this account has for the second step.
    pub async fn second_step(&self, account: &AccountId) -> Result<SecondStep, AccountsError> {
        let factors = self.store.factors(account).await?;
        let has = |kind| factors.iter().any(|factor: &Factor| factor.kind == kind);
        Ok(SecondStep { totp: has(FactorKind::Totp), codes: self.store.recovery_codes_left(account).await? })
    }

    /// Ends the second step with a code from an app or a recovery code, and begins the session. The caller knows that the password was
    /// right a moment ago.
    pub async fn sign_in_with_code(
        &self,
        account: &AccountId,
        typed: &str,
        language: Language,
        by: &By,
    ) -> Result<(SignedIn, SessionMethod), SignInError> {
        if let Some(wait) = super::attempt(self, ThrottleKind::SecondFactor, account.as_str()).await? {
            return Err(SignInError::Wait(wait));
        }
        let account = self.store.account(account).await?;
        let Some(account) = account.filter(|account| account.state == AccountState::Active) else {
            return Err(SignInError::Wrong);
        };
        let method = if self.takes_totp(&account.id, typed).await? {
            SessionMethod::Totp
        } else if self.takes_recovery_code(&account, typed, language).await? {
            SessionMethod::RecoveryCode
        } else {
            let about = About {
                outcome: AuditOutcome::Refused,
                account: Some(account.id),
                reason: Some("wrong_code".to_owned()),
                ..About::default()
            };
            self.record(by, AuditKind::SignIn, "second_step", about).await?;
            return Err(SignInError::Wrong);
        };
        self.store.throttle_reset(ThrottleKind::SecondFactor, account.id.as_str()).await?;
        let (email, address) = (account.email.clone(), by.address.clone().unwrap_or_default());
        let signed_in = self.begin_session(account, &email, &address, by).await?;
        Ok((signed_in, method))
    }

    /// Whether `typed` is a code that one of the account's apps shows now and that was not taken before.
    pub(super) async fn takes_totp(&self, account: &AccountId, typed: &str) -> Result<bool, AccountsError> {
        for factor in self.store.factors(account).await? {
            let Some(secret) = self.totp_of(&factor) else { continue };
            if let Some(step) = secret.period_of(typed, self.now()) {
                return Ok(self.store.take_totp_step(&factor.id, step).await?);
            }
        }
        Ok(false)
    }

    fn totp_of(&self, factor: &Factor) -> Option<TotpSecret> {
        (factor.kind == FactorKind::Totp)
            .then(|| self.open(&factor.sealed, factor.id.as_str()))
            .flatten()
            .and_then(|bytes| TotpSecret::from_bytes(&bytes))
    }

    async fn takes_recovery_code(
        &self,
        account: &Account,
        typed: &str,
        language: Language,
    ) -> Result<bool, AccountsError> {
        // Not even looked up when it cannot be one.
        if codes::typed(typed).len() > 32 {
            return Ok(false);
        }
        let mut transaction = self.store.begin().await?;
        if !transaction.use_recovery_code(&account.id, &recovery_hash(&account.id, typed)).await? {
            return Ok(false);
        }
        if let Some(letters) = &self.letters {
            super::queue(&mut transaction, letters.recovery_code_used(&account.email, language)).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}
