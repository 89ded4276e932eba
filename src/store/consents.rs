//! Consents that a user asked to be remembered.

use crate::domain::ids::{AccountId, ClientId};

use super::db::Fields;
use super::{Store, StoreError, Transaction};

statements! {
    FIND = "SELECT scope FROM consents WHERE account = $1 AND client = $2";
    REMEMBER = "INSERT INTO consents (account, client, scope, agreed_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (account, client) DO UPDATE SET scope = excluded.scope, agreed_at = excluded.agreed_at";
    FORGET = "DELETE FROM consents WHERE account = $1 AND client = $2";
}

impl Store {
    /// The scope that this person agreed to for this client before, space-separated.
    pub async fn consent(
        &self,
        account: &AccountId,
        client: &ClientId,
    ) -> Result<Option<String>, StoreError> {
        match self.read_one(FIND, args![account, client]).await? {
            Some(row) => Fields::new("consents", row).text("scope").map(Some),
            None => Ok(None),
        }
    }
}

impl Transaction {
    /// Remembers a consent in place of any earlier one.
    pub async fn remember_consent(
        &mut self,
        account: &AccountId,
        client: &ClientId,
        scope: &str,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.run(REMEMBER, args![account, client, scope, now]).await?;
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
    /// Remembers a consent in place of any earlier one.
    fn remember_consent(account: &AccountId, client: &ClientId, scope: &str) -> ();
    /// Forgets a consent.
    fn forget_consent(account: &AccountId, client: &ClientId) -> bool;
}
