//! "Edit account": what a person changes about their own sign-in (S-24, S-26). Each change is mailed.

use std::time::Duration;

use secrecy::SecretString;

use crate::accounts::{About, Accounts, AccountsError, By};
use crate::domain::account::Account;
use crate::domain::audit::AuditKind;
use crate::domain::identity::{Factor, PassCodePurpose};
use crate::domain::ids::FactorId;
use crate::domain::language::Language;
use crate::domain::secret::TokenHash;
use crate::mail::letters::identity::Changed;
use crate::store::Transaction;
use crate::store::throttle::ThrottleKind;

use super::secrets::{Answer, ChosenTotp, RecoveryCodes, SecretProblem};

/// Longest name of a factor, in characters.
const LONGEST_NAME: usize = 60;
/// Most factors of an account.
const MOST_FACTORS: usize = 10;

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The present password is not right.
    #[error("the password is not right")]
    Current,
    /// The pass code does not work.
    #[error("the code does not work")]
    Code,
    /// What was chosen is not good enough.
    #[error("what was chosen is not good enough")]
    Wrong(Vec<SecretProblem>),
    /// There are as many second factors as an account may have.
    #[error("there are too many second factors")]
    Full,
    /// Too many attempts; try again after that long.
    #[error("too many attempts")]
    Wait(Duration),
    /// As any other use-case.
    #[error(transparent)]
    Failed(#[from] AccountsError),
}

impl From<crate::store::StoreError> for ChangeError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// New secure questions with the pass code that allows them (S-26).
#[derive(Clone, Debug)]
pub struct NewAnswers {
    /// The code as typed.
    pub code: String,
    /// Questions and answers.
    pub answers: Vec<Answer>,
}

impl Accounts {
    /// Changes the password of somebody signed in, who gives the present one. Their other sessions end.
    pub async fn change_password(
        &self,
        account: &Account,
        session: &TokenHash,
        current: SecretString,
        new: SecretString,
        language: Language,
        by: &By,
    ) -> Result<(), ChangeError> {
        let key = account.id.as_str();
        if let Some(wait) = super::attempt(self, ThrottleKind::SecondFactor, key).await? {
            return Err(ChangeError::Wait(wait));
        }
        let stored = self.store.password_hash(&account.id).await?;
        let right = self.passwords.verify(stored, current).await.map_err(|_| AccountsError::Unavailable)?;
        if !right {
            return Err(ChangeError::Current);
        }
        self.store.throttle_reset(ThrottleKind::SecondFactor, key).await?;
        let has_factor = !self.store.factors(&account.id).await?.is_empty();
        if let Some(problem) = Self::password_problem(account, &new, has_factor) {
            return Err(ChangeError::Wrong(vec![problem]));
        }
        let hash = self.hashed(new).await?;
        let mut transaction = self.store.begin().await?;
        self.replace_password(&mut transaction, account, &hash, language).await?;
        transaction.delete_other_sessions(&account.id, session).await?;
        transaction.commit().await?;
        Ok(self.changed_own(account, "password_change", by).await?)
    }

    /// Stores a new password's hash with all that comes with it: links and codes that are under way end, and the mail goes out.
    pub(super) async fn replace_password(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        hash: &str,
        language: Language,
    ) -> Result<(), AccountsError> {
        if !transaction.set_password_hash(&account.id, hash).await? {
            return Err(AccountsError::Unknown);
        }
        transaction.void_set_ups(&account.id).await?;
        transaction.forget_pass_codes(&account.id).await?;
        self.queue_changed(transaction, account, Changed::Password, language).await
    }

    /// Replaces the secure questions of somebody signed in who gives the mailed pass code (S-24, S-26).
    pub async fn change_questions(
        &self,
        account: &Account,
        new: NewAnswers,
        language: Language,
        by: &By,
    ) -> Result<(), ChangeError> {
        // First what costs no attempt at the code.
        let problems = self.answer_problems(&new.answers);
        if !problems.is_empty() {
            return Err(ChangeError::Wrong(problems));
        }
        if !self.takes_pass_code(Some(&account.id), PassCodePurpose::Questions, &new.code).await? {
            return Err(ChangeError::Code);
        }
        let answers = self.hashed_answers(&new.answers).await?;
        let mut transaction = self.store.begin().await?;
        transaction.set_secure_answers(&account.id, &answers).await?;
        self.queue_changed(&mut transaction, account, Changed::Questions, language).await?;
        transaction.commit().await?;
        Ok(self.changed_own(account, "questions_change", by).await?)
    }

    /// The account's second factors, oldest first.
    pub async fn factors_of(&self, account: &Account) -> Result<Vec<Factor>, AccountsError> {
        Ok(self.store.factors(&account.id).await?)
    }

    /// Adds an authenticator app. The first factor brings recovery codes, which are returned.
    pub async fn add_totp(
        &self,
        account: &Account,
        chosen: ChosenTotp,
        name: &str,
        language: Language,
        by: &By,
    ) -> Result<RecoveryCodes, ChangeError> {
        let Some(step) = chosen.secret.period_of(&chosen.code, self.now()) else {
            return Err(ChangeError::Wrong(vec![SecretProblem::Code]));
        };
        let before = self.store.factors(&account.id).await?.len();
        if before >= MOST_FACTORS {
            return Err(ChangeError::Full);
        }
        let mut transaction = self.store.begin().await?;
        self.insert_totp(&mut transaction, &account.id, &chosen.secret, tidy(name), step).await?;
        let codes = if self.store.recovery_codes_left(&account.id).await? == 0 {
            self.renew_recovery_codes(&mut transaction, &account.id).await?
        } else {
            RecoveryCodes::default()
        };
        self.queue_changed(&mut transaction, account, Changed::FactorAdded, language).await?;
        transaction.commit().await?;
        self.changed_own(account, "factor_add", by).await?;
        Ok(codes)
    }

    /// Gives the account new recovery codes; those before work no longer.
    pub async fn new_recovery_codes(
        &self,
        account: &Account,
        language: Language,
        by: &By,
    ) -> Result<RecoveryCodes, ChangeError> {
        let mut transaction = self.store.begin().await?;
        let codes = self.renew_recovery_codes(&mut transaction, &account.id).await?;
        self.queue_changed(&mut transaction, account, Changed::RecoveryCodes, language).await?;
        transaction.commit().await?;
        self.changed_own(account, "recovery_codes_new", by).await?;
        Ok(codes)
    }

    /// Calls a factor of this account otherwise; that it is gone is as good.
    pub async fn rename_factor(
        &self,
        account: &Account,
        id: &FactorId,
        name: &str,
    ) -> Result<(), ChangeError> {
        self.store.rename_factor(id, &account.id, &tidy(name)).await?;
        Ok(())
    }

    /// Removes a factor of this account; that it is gone already is as good. With the last one the recovery codes go.
    pub async fn remove_factor(
        &self,
        account: &Account,
        id: &FactorId,
        language: Language,
        by: &By,
    ) -> Result<(), ChangeError> {
        let factors = self.store.factors(&account.id).await?;
        let mut transaction = self.store.begin().await?;
        if !transaction.delete_factor(id, &account.id).await? {
            return Ok(());
        }
        if factors.iter().all(|factor| factor.id == *id) {
            transaction.set_recovery_codes(&account.id, &[]).await?;
        }
        self.queue_changed(&mut transaction, account, Changed::FactorRemoved, language).await?;
        transaction.commit().await?;
        Ok(self.changed_own(account, "factor_remove", by).await?)
    }

    pub(super) async fn queue_changed(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        what: Changed,
        language: Language,
    ) -> Result<(), AccountsError> {
        if let Some(letters) = &self.letters {
            super::queue(transaction, letters.changed(&account.email, language, what)).await?;
        }
        Ok(())
    }

    pub(super) async fn changed_own(
        &self,
        account: &Account,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About { account: Some(account.id.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, what, about).await
    }
}

/// A name as its owner typed it, on one line and of bounded length.
pub(super) fn tidy(name: &str) -> String {
    name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
