//! Accounts: made, given a password, suspended.

use secrecy::{ExposeSecret as _, SecretString};

use crate::credentials::strength;
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::audit::AuditKind;
use crate::domain::ids::AccountId;
use crate::mail::Message;
use crate::store::outbox::NewMail;

use super::{About, Accounts, AccountsError, By};

/// An account to be made.
#[derive(Debug)]
pub struct NewAccount {
    /// What kind of person.
    pub kind: AccountKind,
    /// Sign-in name.
    pub email: String,
    /// As printed.
    pub name: String,
    /// Contact number.
    pub phone: Option<String>,
    /// The password; `None` for those who sign in elsewhere or choose one later.
    pub password: Option<SecretString>,
}

impl Accounts {
    /// Makes an active account.
    pub async fn add_account(&self, new: NewAccount, by: &By) -> Result<Account, AccountsError> {
        let email = new.email.trim().to_lowercase();
        if !is_address(&email) {
            return Err(AccountsError::Invalid("This is not an e-mail address."));
        }
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.len() > 200 {
            return Err(AccountsError::Invalid("A name is needed, of at most 200 characters."));
        }
        let hash = match new.password {
            None => None,
            Some(password) => {
                strength::check(password.expose_secret(), &email, &name, false)?;
                Some(self.passwords.hash(password).await.map_err(|_| AccountsError::Unavailable)?)
            }
        };
        let account = Account {
            id: AccountId::generate(&*self.random),
            kind: new.kind,
            email,
            name,
            phone: new.phone.filter(|phone| !phone.trim().is_empty()),
            state: AccountState::Active,
            created_at: self.now(),
        };
        let mut transaction = self.store.begin().await?;
        transaction.insert_account(&account).await?;
        if let Some(hash) = hash {
            transaction.set_password_hash(&account.id, &hash).await?;
        }
        transaction.commit().await?;
        self.administered(&account.id, "account_add", by).await?;
        Ok(account)
    }

    /// Gives the account a new password and ends its sessions.
    pub async fn set_password(
        &self,
        account: &Account,
        password: SecretString,
        by: &By,
    ) -> Result<(), AccountsError> {
        strength::check(password.expose_secret(), &account.email, &account.name, false)?;
        let hash = self.passwords.hash(password).await.map_err(|_| AccountsError::Unavailable)?;
        let mut transaction = self.store.begin().await?;
        if !transaction.set_password_hash(&account.id, &hash).await? {
            return Err(AccountsError::Unknown);
        }
        transaction.delete_sessions_of(&account.id).await?;
        if let Some(letters) = &self.letters {
            let Message { to, subject, body, html } = letters.password_changed(&account.email);
            transaction.queue_mail(&NewMail { to, subject, body, html }).await?;
        }
        transaction.commit().await?;
        self.administered(&account.id, "password_set", by).await
    }

    /// Suspends the account: from the next request on it neither signs in nor reads. Its sessions and all that it authorized
    /// end for good.
    pub async fn suspend_account(&self, id: &AccountId, by: &By) -> Result<(), AccountsError> {
        let mut transaction = self.store.begin().await?;
        if !transaction.set_account_state(id, AccountState::Suspended).await? {
            return Err(AccountsError::Unknown);
        }
        transaction.delete_sessions_of(id).await?;
        transaction.revoke_authorizations_of(id, None).await?;
        transaction.commit().await?;
        self.administered(id, "account_suspend", by).await
    }

    /// Lets a suspended account act again.
    pub async fn activate_account(&self, id: &AccountId, by: &By) -> Result<(), AccountsError> {
        if !self.store.set_account_state(id, AccountState::Active).await? {
            return Err(AccountsError::Unknown);
        }
        self.administered(id, "account_activate", by).await
    }

    async fn administered(&self, id: &AccountId, what: &str, by: &By) -> Result<(), AccountsError> {
        // Whose account it was; who did it is the actor of the event.
        let about = About { reason: Some(id.to_string()), ..About::default() };
        self.record(by, AuditKind::Administration, what, about).await
    }
}

/// Something before and something after one `@`, without spaces: all that can be said short of sending a mail.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= 254
        && !local.is_empty()
        && !local.contains('@')
        && domain.len() >= 3
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && domain.contains('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn s18_addresses() {
        for good in ["ana@kids.example", "a.b+c@x.co"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "ana",
            "@kids.example",
            "ana@",
            "ana@kids",
            "a b@x.co",
            "a@b@x.co",
            "a@x.co\r\nBcc: b@x.co",
            "a@.x.co",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
