//! A forgotten or expired password: a mailed pass code, the secure questions, a new password (S-22 to S-27, D-01, D-02).
//!
//! Nothing here says whether an address has an account: every answer is the same, after about the same work.

use std::time::Duration;

use secrecy::SecretString;

use crate::accounts::{About, Accounts, AccountsError, By};
use crate::credentials::codes;
use crate::domain::account::{Account, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::identity::{PassCodePurpose, Question};
use crate::domain::ids::AccountId;
use crate::domain::language::Language;
use crate::store::throttle::ThrottleKind;

use super::secrets::{SecretProblem, normalised};

/// Characters of a pass code (D-01).
const LENGTH: usize = 8;
/// How long a pass code works (D-01).
const LIFE: Duration = Duration::from_mins(30);

/// Why a recovery does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// The code is not the right one, is used, has expired, or was tried five times.
    #[error("the code does not work")]
    Code,
    /// At least one answer is not the right one.
    #[error("the answers are not right")]
    Answers,
    /// The account has no secure questions, and the hospital demands them: only staff can help (S-27).
    #[error("only staff can help")]
    NoQuestions,
    /// The recovery was completed before or takes too long.
    #[error("the recovery is over")]
    Over,
    /// The new password is not good enough.
    #[error("the password is not good enough")]
    Password(SecretProblem),
    /// Too many attempts; try again after that long.
    #[error("too many attempts")]
    Wait(Duration),
    /// As any other use-case.
    #[error(transparent)]
    Failed(#[from] AccountsError),
}

impl From<crate::store::StoreError> for RecoveryError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The last step of a recovery.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// Whose, as proved by the pass code.
    pub account: AccountId,
    /// A random name of this recovery: it is completed once.
    pub recovery: String,
    /// The answers to the account's questions, in order.
    pub answers: Vec<SecretString>,
    /// The new password.
    pub password: SecretString,
}

impl Accounts {
    /// Mails a pass code for a new password, if the address has an account. One before it works no longer (S-25). An account that
    /// was never set up gets its link again; one that signs in with the hospital's own identity is told where to reset that
    /// (S-23).
    pub async fn ask_pass_code(&self, email: &str, language: Language, by: &By) -> Result<(), RecoveryError> {
        let email = email.trim().to_lowercase();
        let address = by.address.as_deref().unwrap_or_default();
        for (kind, key) in
            [(ThrottleKind::PassCodeAddress, address), (ThrottleKind::PassCodeAccount, email.as_str())]
        {
            if let Some(wait) = super::attempt(self, kind, key).await? {
                return Err(RecoveryError::Wait(wait));
            }
        }
        // Hashed whether or not there is an account: the time says nothing.
        let code = codes::generate(LENGTH, &*self.random);
        let hash = self.hashed(code.clone().into()).await?;
        let account = self.store.account_by_email(&email).await?;
        let Some(account) = account.filter(|account| account.state == AccountState::Active) else {
            return Ok(());
        };
        let has_password = self.store.password_hash(&account.id).await?.is_some();
        let elsewhere = self.store.is_federated(&account.id).await?;
        let mut transaction = self.store.begin().await?;
        match (has_password, elsewhere, &self.letters) {
            (false, false, _) => self.queue_set_up(&mut transaction, &account, language).await?,
            (false, true, Some(letters)) => {
                super::queue(&mut transaction, letters.reset_elsewhere(&account.email, language)).await?;
            }
            (true, _, Some(letters)) => {
                let purpose = PassCodePurpose::Password;
                transaction.put_pass_code(&account.id, purpose, &hash, self.now().plus(LIFE)).await?;
                super::queue(&mut transaction, letters.pass_code(&account.email, language, &code)).await?;
            }
            (_, _, None) => {}
        }
        transaction.commit().await?;
        let about = About { account: Some(account.id), ..About::default() };
        Ok(self.record(by, AuditKind::SignIn, "pass_code_asked", about).await?)
    }

    /// Mails a pass code to somebody signed in, for new secure questions (S-24, S-26).
    pub async fn ask_questions_code(
        &self,
        account: &Account,
        language: Language,
    ) -> Result<(), RecoveryError> {
        if let Some(wait) = super::attempt(self, ThrottleKind::PassCodeAccount, &account.email).await? {
            return Err(RecoveryError::Wait(wait));
        }
        let code = codes::generate(LENGTH, &*self.random);
        let hash = self.hashed(code.clone().into()).await?;
        let mut transaction = self.store.begin().await?;
        let purpose = PassCodePurpose::Questions;
        transaction.put_pass_code(&account.id, purpose, &hash, self.now().plus(LIFE)).await?;
        if let Some(letters) = &self.letters {
            super::queue(&mut transaction, letters.pass_code(&account.email, language, &code)).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Checks the pass code that was mailed to this address and uses it up. Returns whose account it is.
    pub async fn prove_pass_code(
        &self,
        email: &str,
        typed: &str,
        by: &By,
    ) -> Result<AccountId, RecoveryError> {
        let address = by.address.as_deref().unwrap_or_default();
        if let Some(wait) = super::attempt(self, ThrottleKind::PassCodeAddress, address).await? {
            return Err(RecoveryError::Wait(wait));
        }
        let account = self.store.account_by_email(email).await?;
        let account =
            account.filter(|account| account.state == AccountState::Active).map(|account| account.id);
        let right = self.takes_pass_code(account.as_ref(), PassCodePurpose::Password, typed).await?;
        match account {
            Some(account) if right => {
                self.store.throttle_undo(ThrottleKind::PassCodeAddress, address).await?;
                Ok(account)
            }
            account => {
                let about = About {
                    outcome: AuditOutcome::Refused,
                    account,
                    reason: Some("wrong_pass_code".to_owned()),
                    ..About::default()
                };
                self.record(by, AuditKind::SignIn, "recovery", about).await?;
                Err(RecoveryError::Code)
            }
        }
    }

    /// Counts an attempt and says whether `typed` is the code; then it is used up. The work is the same without an account.
    pub(super) async fn takes_pass_code(
        &self,
        account: Option<&AccountId>,
        purpose: PassCodePurpose,
        typed: &str,
    ) -> Result<bool, AccountsError> {
        let stored = match account {
            Some(account) => self.store.try_pass_code(account, purpose).await?,
            None => None,
        };
        let typed = Some(codes::typed(typed)).filter(|typed| typed.len() <= 64).unwrap_or_default();
        let right = self
            .passwords
            .verify(stored.clone(), typed.into())
            .await
            .map_err(|_| AccountsError::Unavailable)?;
        match (account, stored) {
            (Some(account), Some(hash)) if right => {
                Ok(self.store.use_pass_code(account, purpose, &hash).await?)
            }
            _ => Ok(false),
        }
    }

    /// The questions to ask in a recovery; empty where the hospital does without them.
    pub async fn questions_of(&self, account: &AccountId) -> Result<Vec<Question>, RecoveryError> {
        if !self.identity_settings().questions_required {
            return Ok(Vec::new());
        }
        let stored = self.store.secure_answers(account).await?;
        if stored.is_empty() {
            return Err(RecoveryError::NoQuestions);
        }
        Ok(stored.into_iter().map(|(question, _)| question).collect())
    }

    /// Gives the account a new password after the questions were answered; its sessions end (S-22).
    pub async fn recover(&self, new: NewPassword, language: Language, by: &By) -> Result<(), RecoveryError> {
        let account = self.store.account(&new.account).await?;
        let account =
            account.filter(|account| account.state == AccountState::Active).ok_or(RecoveryError::Over)?;
        let has_factor = !self.store.factors(&account.id).await?.is_empty();
        if let Some(problem) = Self::password_problem(&account, &new.password, has_factor) {
            return Err(RecoveryError::Password(problem));
        }
        self.check_answers(&account.id, &new.answers, by).await?;
        let hash = self.hashed(new.password).await?;
        let mut transaction = self.store.begin().await?;
        let until = self.now().plus(LIFE.saturating_mul(2));
        if !transaction.use_jti("recovery", &new.recovery, until).await? {
            return Err(RecoveryError::Over);
        }
        self.replace_password(&mut transaction, &account, &hash, language).await?;
        transaction.delete_sessions_of(&account.id).await?;
        transaction.commit().await?;
        let about = About { account: Some(account.id), ..About::default() };
        Ok(self.record(by, AuditKind::SignIn, "recovery", about).await?)
    }

    async fn check_answers(
        &self,
        account: &AccountId,
        answers: &[SecretString],
        by: &By,
    ) -> Result<(), RecoveryError> {
        if !self.identity_settings().questions_required {
            return Ok(());
        }
        let stored = self.store.secure_answers(account).await?;
        if stored.is_empty() {
            return Err(RecoveryError::NoQuestions);
        }
        if let Some(wait) = super::attempt(self, ThrottleKind::SecureAnswers, account.as_str()).await? {
            return Err(RecoveryError::Wait(wait));
        }
        let mut right = answers.len() == stored.len();
        // All are compared, so that the time does not say which was wrong.
        for ((_, hash), answer) in stored.into_iter().zip(answers) {
            let verified = self.passwords.verify(Some(hash), normalised(answer).into()).await;
            right &= verified.map_err(|_| AccountsError::Unavailable)?;
        }
        if right {
            return Ok(self.store.throttle_reset(ThrottleKind::SecureAnswers, account.as_str()).await?);
        }
        let about = About {
            outcome: AuditOutcome::Refused,
            account: Some(account.clone()),
            reason: Some("wrong_answers".to_owned()),
            ..About::default()
        };
        self.record(by, AuditKind::SignIn, "recovery", about).await?;
        Err(RecoveryError::Answers)
    }
}
