//! Who may sponsor practice staff (S-14, S-15): a privilege that staff give with the approval of a registration.

use crate::domain::ids::AccountId;

use super::{Store, StoreError, Transaction};

statements! {
    MAY = "SELECT since FROM sponsors WHERE account = $1";
    ALLOW = "INSERT INTO sponsors (account, since) VALUES ($1, $2) ON CONFLICT (account) DO NOTHING";
    // Waits for whoever takes the privilege away just now, and makes them wait.
    HOLD = "UPDATE sponsors SET since = since WHERE account = $1";
    DISALLOW = "DELETE FROM sponsors WHERE account = $1";
}

impl Store {
    /// Whether this account may sponsor others.
    pub async fn may_sponsor(&self, account: &AccountId) -> Result<bool, StoreError> {
        Ok(self.read_one(MAY, args![account]).await?.is_some())
    }
}

impl Transaction {
    /// Lets the account sponsor others. False when it may already.
    pub async fn allow_sponsoring(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(ALLOW, args![account, now]).await? > 0)
    }

    /// Whether the account may sponsor others, which nobody changes before this transaction ends.
    pub async fn hold_sponsor(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        Ok(self.run(HOLD, args![account]).await? > 0)
    }

    /// Takes the privilege back; sponsorships that hold are another matter. False when there was none.
    pub async fn disallow_sponsoring(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        Ok(self.run(DISALLOW, args![account]).await? > 0)
    }
}

alone! {
    /// Lets the account sponsor others.
    fn allow_sponsoring(account: &AccountId) -> bool;
    /// Takes the privilege back.
    fn disallow_sponsoring(account: &AccountId) -> bool;
}
