//! Links by which a new account's owner sets it up (S-17).

use crate::domain::clock::Timestamp;
use crate::domain::identity::{SetUp, SetUpState};
use crate::domain::ids::AccountId;
use crate::domain::secret::TokenHash;

use super::db::{Fields, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO set_ups (hash, account, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT account, state, expires_at FROM set_ups WHERE hash = $1";
    VOID = "UPDATE set_ups SET state = $2 WHERE account = $1 AND state = $3";
    USE = "UPDATE set_ups SET state = $2 WHERE hash = $1 AND state = $3 AND expires_at > $4";
}

impl Store {
    /// The link with this secret, whatever its state.
    pub async fn set_up(&self, hash: &TokenHash) -> Result<Option<SetUp>, StoreError> {
        let Some(row) = self.read_one(FIND, args![hash]).await? else { return Ok(None) };
        let mut fields = Fields::new("set_ups", row);
        Ok(Some(SetUp {
            account: fields.id("account")?,
            state: fields.word("state")?,
            expires_at: fields.time("expires_at")?,
        }))
    }
}

impl Transaction {
    /// Makes a link; the account's others that are open work no longer.
    pub async fn insert_set_up(
        &mut self,
        hash: &TokenHash,
        account: &AccountId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let open = word_of(&SetUpState::Open);
        self.void_set_ups(account).await?;
        let now = self.now();
        self.run(INSERT, args![hash, account, open, now, expires_at]).await?;
        Ok(())
    }

    /// Ends what links of the account are open.
    pub async fn void_set_ups(&mut self, account: &AccountId) -> Result<(), StoreError> {
        let (open, void) = (word_of(&SetUpState::Open), word_of(&SetUpState::Void));
        self.run(VOID, args![account, void, open]).await?;
        Ok(())
    }

    /// Uses a link up. False when it does not work any more: of any number at once exactly one gets true.
    pub async fn use_set_up(&mut self, hash: &TokenHash) -> Result<bool, StoreError> {
        let (open, used) = (word_of(&SetUpState::Open), word_of(&SetUpState::Used));
        let now = self.now();
        Ok(self.run(USE, args![hash, used, open, now]).await? > 0)
    }
}

alone! {
    /// Makes a link.
    fn insert_set_up(hash: &TokenHash, account: &AccountId, expires_at: Timestamp) -> ();
    /// Uses a link up.
    fn use_set_up(hash: &TokenHash) -> bool;
}
