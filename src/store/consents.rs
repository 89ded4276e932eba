//! Consents that a user asked to be remembered.

use crate::domain::ids::{AccountId, ClientId};

use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

statements! {
    FIND = "SELECT scope, offered FROM consents WHERE account = $1 AND client = $2";
    OF_ACCOUNT = "SELECT client FROM consents WHERE account = $1 ORDER BY client";
    REMEMBER = "INSERT INTO consents (account, client, scope, offered, agreed_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (account, client) DO UPDATE
                SET scope = excluded.scope, offered = excluded.offered, agreed_at = excluded.agreed_at";
    FORGET = "DELETE FROM consents WHERE account = $1 AND client = $2";
}

/// A decision that the user asked to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// What was granted, scopes with spaces between them.
    pub scope: String,
    /// What the user was asked: what is not in `scope` was taken away.
    pub offered: String,
}

impl Store {
    /// What this person decided for this client before.
    pub async fn consent(
        &self,
        account: &AccountId,
        client: &ClientId,
    ) -> Result<Option<Consent>, StoreError> {
        let Some(row) = self.read_one(FIND, args![account, client]).await? else { return Ok(None) };
        let mut fields = Fields::new("consents", row);
        Ok(Some(Consent { scope: fields.text("scope")?, offered: fields.text("offered")? }))
    }

    /// The clients for which this person asked to be remembered.
    pub async fn consents_of(&self, account: &AccountId) -> Result<Vec<ClientId>, StoreError> {
        let client = |row: Row| Fields::new("consents", row).id("client");
        self.list(OF_ACCOUNT, args![account], client).await
    }
}

impl Transaction {
    /// Remembers a decision in place of any earlier one.
    pub async fn remember_consent(
        &mut self,
        account: &AccountId,
        client: &ClientId,
        consent: &Consent,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.run(REMEMBER, args![account, client, &consent.scope, &consent.offered, now]).await?;
        Ok(())
    }

    /// Forgets a consent. False when there is none.
    pub async fn forget_consent(
        &mut self,
        account: &AccountId,
        client: &ClientId,
    ) -> Result<bool, StoreError> {
        Ok(self.run(FORGET, args![account, client]).await? > 0)
    }
}

alone! {
    /// Remembers a decision in place of any earlier one.
    fn remember_consent(account: &AccountId, client: &ClientId, consent: &Consent) -> ();
    /// Forgets a consent.
    fn forget_consent(account: &AccountId, client: &ClientId) -> bool;
}
