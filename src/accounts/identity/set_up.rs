//! Set-up of a new account from a mailed link (S-17): a password, secure questions, and a second factor if wanted.

use std::time::Duration;

use secrecy::SecretString;

use crate::accounts::{About, Accounts, AccountsError, By};
use crate::domain::account::{Account, AccountState};
use crate::domain::audit::AuditKind;
use crate::domain::identity::SetUpState;
use crate::domain::language::Language;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::store::Transaction;

use super::secrets::{Answer, ChosenTotp, RecoveryCodes, SecretProblem};

/// How long a link works.
const LIFE: Duration = Duration::from_hours(24 * 7);

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetUpLink {
    /// It works, for this account.
    Open(Account),
    /// The account was set up through it.
    Used,
    /// A newer one was mailed.
    Void,
    /// Its time is over.
    Expired,
    /// There never was such a link, or its account is gone or suspended.
    Unknown,
}

/// What the owner of a new account chooses.
#[derive(Clone, Debug)]
pub struct NewSecrets {
    /// The password.
    pub password: SecretString,
    /// Questions and answers, in order.
    pub answers: Vec<Answer>,
    /// An authenticator app.
    pub totp: Option<ChosenTotp>,
}

/// Why an account was not set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetUpError {
    /// The link does not work: say which way.
    Link(SetUpLink),
    /// What was chosen is not good enough.
    Wrong(Vec<SecretProblem>),
    /// As any other use-case.
    Failed(AccountsError),
}

impl<E: Into<AccountsError>> From<E> for SetUpError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Accounts {
    /// Makes a link by which the owner of `account` sets it up, and queues its mail, in the caller's transaction. The link works once,
    /// for seven days; links made before do not any more.
    pub async fn queue_set_up(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        language: Language,
    ) -> Result<(), AccountsError> {
        let token = PlainToken::generate(TokenKind::SetUp, &*self.random);
        transaction.insert_set_up(&token.hash(), &account.id, self.now().plus(LIFE)).await?;
        if let Some(letters) = &self.letters {
            super::queue(transaction, letters.set_up(&account.email, language, token.expose())).await?;
        }
        Ok(())
    }

    /// What a link leads to. Looking at it does not use it up: mail scanners follow links.
    pub async fn set_up_link(&self, token: &PlainToken) -> Result<SetUpLink, AccountsError> {
        let Some(link) = self.store.set_up(&token.hash()).await? else { return Ok(SetUpLink::Unknown) };
        Ok(match link.state {
            SetUpState::Used => SetUpLink::Used,
            SetUpState::Void => SetUpLink::Void,
            SetUpState::Open if link.expires_at <= self.now() => SetUpLink::Expired,
            SetUpState::Open => {
                let account = self.store.account(&link.account).await?;
                let active = account.filter(|account| account.state == AccountState::Active);
                active.map_or(SetUpLink::Unknown, SetUpLink::Open)
            }
        })
    }

    /// Sets the account up and uses the link up. Of two at once one wins; the other is told that the link is used.
    pub async fn set_up(
        &self,
        token: &PlainToken,
        chosen: NewSecrets,
        by: &By,
    ) -> Result<(Account, RecoveryCodes), SetUpError> {
        let account = match self.set_up_link(token).await? {
            SetUpLink::Open(account) => account,
            other => return Err(SetUpError::Link(other)),
        };
        let step = chosen.totp.as_ref().map(|totp| totp.secret.period_of(&totp.code, self.now()));
        let mut problems: Vec<SecretProblem> =
            Self::password_problem(&account, &chosen.password, step.is_some()).into_iter().collect();
        problems.extend(self.answer_problems(&chosen.answers));
        if step == Some(None) {
            problems.push(SecretProblem::Code);
        }
        if !problems.is_empty() {
            return Err(SetUpError::Wrong(problems));
        }
        let answers = self.hashed_answers(&chosen.answers).await?;
        let password = self.hashed(chosen.password).await?;
        let mut transaction = self.store.begin().await?;
        if !transaction.use_set_up(&token.hash()).await? {
            return Err(SetUpError::Link(SetUpLink::Used));
        }
        transaction.set_password_hash(&account.id, &password).await?;
        transaction.set_secure_answers(&account.id, &answers).await?;
        // Practice staff whose sponsor made this account accept by setting it up (S-70).
        transaction.accept_opening_sponsorships(&account.id).await?;
        let mut codes = RecoveryCodes::default();
        if let (Some(totp), Some(Some(step))) = (&chosen.totp, step) {
            let name = String::new();
            self.insert_totp(&mut transaction, &account.id, &totp.secret, name, step).await?;
            codes = self.renew_recovery_codes(&mut transaction, &account.id).await?;
        }
        transaction.commit().await?;
        let about = About { account: Some(account.id.clone()), ..About::default() };
        self.record(by, AuditKind::SignIn, "set_up", about).await?;
        Ok((account, codes))
    }
}
