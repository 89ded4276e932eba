//! Consents that a user asked to be remembered.

use crate::domain::ids::{AccountId, ClientId};

use super::{Store, StoreError, Transaction};

impl Store {
    /// The scope that this person agreed to for this client before, space-separated.
    pub async fn consent(
        &self,
        _account: &AccountId,
        _client: &ClientId,
    ) -> Result<Option<String>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Remembers a consent in place of any earlier one.
    pub async fn remember_consent(
        &mut self,
        _account: &AccountId,
        _client: &ClientId,
        _scope: &str,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Forgets a consent. False when there is none.
    pub async fn forget_consent(
        &mut self,
        _account: &AccountId,
        _client: &ClientId,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Remembers a consent in place of any earlier one.
    fn remember_consent(account: &AccountId, client: &ClientId, scope: &str) -> ();
    /// Forgets a consent.
    fn forget_consent(account: &AccountId, client: &ClientId) -> bool;
}
