//! People who sign in, and their password hashes.

use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, FhirId, Npi};

use super::changes::Noun;
use super::db::{Fields, Row, json_of, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO accounts (id, kind, npi, email, name, phone, state, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    BY_ID = "SELECT id, kind, email, name, phone, state, created_at FROM accounts WHERE id = $1";
    BY_EMAIL = "SELECT id, kind, email, name, phone, state, created_at FROM accounts WHERE email = $1";
    BY_NPI = "SELECT id, kind, email, name, phone, state, created_at FROM accounts WHERE npi = $1";
    GUARDIANS = "SELECT id, kind, email, name, phone, state, created_at FROM accounts
                 WHERE state = 'active' AND kind LIKE $1 ORDER BY email LIMIT 20";
    LIST = "SELECT id, kind, email, name, phone, state, created_at FROM accounts
            WHERE email > $1 ORDER BY email LIMIT $2";
    SET_STATE = "UPDATE accounts SET state = $2 WHERE id = $1";
    SET_KIND = "UPDATE accounts SET kind = $2 WHERE id = $1";
    PASSWORD = "SELECT password_hash FROM accounts WHERE id = $1";
    SET_PASSWORD = "UPDATE accounts SET password_hash = $2, password_set_at = $3 WHERE id = $1";
    PASSWORD_SET = "SELECT password_set_at FROM accounts WHERE id = $1";
}

pub(super) fn read(row: Row) -> Result<Account, StoreError> {
    let mut fields = Fields::new("accounts", row);
    Ok(Account {
        id: fields.id("id")?,
        kind: fields.json("kind")?,
        email: fields.text("email")?,
        name: fields.text("name")?,
        phone: fields.maybe_text("phone")?,
        state: fields.word("state")?,
        created_at: fields.time("created_at")?,
    })
}

impl Store {
    /// The account with this identifier.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// The account with this sign-in name, in any case (S-18).
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StoreError> {
        self.read_one(BY_EMAIL, args![email.trim().to_lowercase()]).await?.map(read).transpose()
    }

    /// The provider with this NPI (S-01).
    pub async fn account_by_npi(&self, npi: &Npi) -> Result<Option<Account>, StoreError> {
        self.read_one(BY_NPI, args![npi]).await?.map(read).transpose()
    }

    /// The active accounts of patients and guardians who decide for this patient.
    pub async fn guardians_of(&self, patient: &FhirId) -> Result<Vec<Account>, StoreError> {
        // A FHIR id has no character that LIKE takes otherwise.
        let found = self.list(GUARDIANS, args![format!("%\"{patient}\"%")], read).await?;
        let decides = |account: &Account| matches!(&account.kind, AccountKind::Guardian { patients } if patients.contains(patient));
        Ok(found.into_iter().filter(decides).collect())
    }

    /// All accounts by e-mail address, from `after` on (exclusive), at most `limit`.
    pub async fn accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError> {
        self.list(LIST, args![after.unwrap_or_default(), limit], read).await
    }

    /// The stored argon2id hash (PHC string); `None` when the account signs in elsewhere or does not exist.
    pub async fn password_hash(&self, id: &AccountId) -> Result<Option<String>, StoreError> {
        match self.read_one(PASSWORD, args![id]).await? {
            Some(row) => Fields::new("accounts", row).maybe_text("password_hash"),
            None => Ok(None),
        }
    }

    /// When the password was chosen; `None` when there is none or it is older than this was noted.
    pub async fn password_set_at(&self, id: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        match self.read_one(PASSWORD_SET, args![id]).await? {
            Some(row) => Fields::new("accounts", row).maybe_time("password_set_at"),
            None => Ok(None),
        }
    }
}

impl Transaction {
    /// The account with this identifier, as this change sees it.
    pub async fn account(&mut self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// Adds an account. `Conflict("accounts.email")` or `Conflict("accounts.npi")` when one of these is taken.
    pub async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let npi = match &account.kind {
            AccountKind::Provider { npi } => Some(npi),
            _ => None,
        };
        let args = args![
            &account.id,
            json_of("accounts", &account.kind)?,
            npi,
            account.email.trim().to_lowercase(),
            &account.name,
            account.phone.as_ref(),
            word_of(&account.state),
            account.created_at,
        ];
        self.run(INSERT, args).await?;
        self.changed(Noun::Account, account.id.as_str());
        Ok(())
    }

    /// Sets whether the account may act; holds from the next request on. False when there is no such account.
    pub async fn set_account_state(
        &mut self,
        id: &AccountId,
        state: AccountState,
    ) -> Result<bool, StoreError> {
        let found = self.run(SET_STATE, args![id, word_of(&state)]).await? > 0;
        self.changed(Noun::Account, id.as_str());
        Ok(found)
    }

    /// Replaces the patients for whom a guardian decides (S-05); holds from the next request on. False when the account is no
    /// guardian's.
    pub async fn set_guardian_patients(
        &mut self,
        id: &AccountId,
        patients: Vec<FhirId>,
    ) -> Result<bool, StoreError> {
        let account = self.one(BY_ID, args![id]).await?.map(read).transpose()?;
        if !account.is_some_and(|account| matches!(account.kind, AccountKind::Guardian { .. })) {
            return Ok(false);
        }
        let kind = json_of("accounts", &AccountKind::Guardian { patients })?;
        self.run(SET_KIND, args![id, kind]).await?;
        self.changed(Noun::Account, id.as_str());
        Ok(true)
    }

    /// Sets the password hash (PHC string). False when there is no such account.
    pub async fn set_password_hash(&mut self, id: &AccountId, hash: &str) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(SET_PASSWORD, args![id, hash, now]).await? > 0)
    }
}

alone! {
    /// Adds an account.
    fn insert_account(account: &Account) -> ();
    /// Sets whether the account may act.
    fn set_account_state(id: &AccountId, state: AccountState) -> bool;
    /// Sets the password hash.
    fn set_password_hash(id: &AccountId, hash: &str) -> bool;
}
