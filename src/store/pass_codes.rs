//! Mailed pass codes (D-01, S-25): one at a time for an account and purpose.

use crate::domain::clock::Timestamp;
use crate::domain::identity::PassCodePurpose;
use crate::domain::ids::AccountId;

use super::db::Fields;
use super::{StoreError, Transaction};

/// How often a code may be tried (D-01).
pub const ATTEMPTS: u32 = 5;

statements! {
    PUT = "INSERT INTO pass_codes (account, purpose, hash, attempts, expires_at) VALUES ($1, $2, $3, 0, $4)
           ON CONFLICT (account, purpose) DO UPDATE SET
               hash = excluded.hash, attempts = 0, expires_at = excluded.expires_at";
    TRY = "UPDATE pass_codes SET attempts = attempts + 1
           WHERE account = $1 AND purpose = $2 AND attempts < $3 AND expires_at > $4 RETURNING hash";
    USE = "DELETE FROM pass_codes WHERE account = $1 AND purpose = $2 AND hash = $3";
    FORGET = "DELETE FROM pass_codes WHERE account = $1";
}

impl Transaction {
    /// Stores the hash of a new code; the one before works no longer (S-25).
    pub async fn put_pass_code(
        &mut self,
        account: &AccountId,
        purpose: PassCodePurpose,
        hash: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.run(PUT, args![account, purpose.word(), hash, expires_at]).await?;
        Ok(())
    }

    /// Counts an attempt and gives the hash to compare with; `None` when no code works. Attempts at once are counted one after
    /// another.
    pub async fn try_pass_code(
        &mut self,
        account: &AccountId,
        purpose: PassCodePurpose,
    ) -> Result<Option<String>, StoreError> {
        let now = self.now();
        match self.one(TRY, args![account, purpose.word(), ATTEMPTS, now]).await? {
            Some(row) => Ok(Some(Fields::new("pass_codes", row).text("hash")?)),
            None => Ok(None),
        }
    }

    /// Uses the code with this hash up. False when it is used or another has taken its place.
    pub async fn use_pass_code(
        &mut self,
        account: &AccountId,
        purpose: PassCodePurpose,
        hash: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.run(USE, args![account, purpose.word(), hash]).await? > 0)
    }

    /// Ends every code of the account.
    pub async fn forget_pass_codes(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.run(FORGET, args![account]).await?;
        Ok(())
    }
}

alone! {
    /// Stores the hash of a new code.
    fn put_pass_code(account: &AccountId, purpose: PassCodePurpose, hash: &str, expires_at: Timestamp) -> ();
    /// Counts an attempt and gives the hash to compare with.
    fn try_pass_code(account: &AccountId, purpose: PassCodePurpose) -> Option<String>;
    /// Uses the code with this hash up.
    fn use_pass_code(account: &AccountId, purpose: PassCodePurpose, hash: &str) -> bool;
}
