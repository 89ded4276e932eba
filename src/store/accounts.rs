//! People who sign in, and their password hashes.

use crate::domain::account::{Account, AccountState};
use crate::domain::ids::AccountId;

use super::{Store, StoreError, Transaction};

impl Store {
    /// The account with this identifier.
    pub async fn account(&self, _id: &AccountId) -> Result<Option<Account>, StoreError> {
        todo!()
    }

    /// The account with this sign-in name, in any case (S-18).
    pub async fn account_by_email(&self, _email: &str) -> Result<Option<Account>, StoreError> {
        todo!()
    }

    /// All accounts by e-mail address, from `after` on (exclusive), at most `limit`.
    pub async fn accounts(&self, _after: Option<&str>, _limit: u32) -> Result<Vec<Account>, StoreError> {
        todo!()
    }

    /// The stored argon2id hash (PHC string); `None` when the account signs in elsewhere or does not exist.
    pub async fn password_hash(&self, _id: &AccountId) -> Result<Option<String>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds an account. `Conflict("accounts.email")` when the address is taken.
    pub async fn insert_account(&mut self, _account: &Account) -> Result<(), StoreError> {
        todo!()
    }

    /// Sets whether the account may act; holds from the next request on. False when there is no such account.
    pub async fn set_account_state(
        &mut self,
        _id: &AccountId,
        _state: AccountState,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Sets the password hash (PHC string). False when there is no such account.
    pub async fn set_password_hash(&mut self, _id: &AccountId, _hash: &str) -> Result<bool, StoreError> {
        todo!()
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
