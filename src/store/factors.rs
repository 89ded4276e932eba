//! Second factors of an account, and the codes for when they are lost.

use crate::domain::identity::Factor;
use crate::domain::ids::{AccountId, FactorId};
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    OF = "SELECT id, account, kind, name, credential, sealed, created_at, used_at FROM second_factors
          WHERE account = $1 ORDER BY created_at, id";
    INSERT = "INSERT INTO second_factors (id, account, kind, name, credential, sealed, last_step, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    TAKE = "UPDATE second_factors SET last_step = $2, used_at = $3 WHERE id = $1 AND last_step < $2";
    RENAME = "UPDATE second_factors SET name = $3 WHERE id = $1 AND account = $2";
    DELETE = "DELETE FROM second_factors WHERE id = $1 AND account = $2";
    CODES = "SELECT hash FROM recovery_codes WHERE account = $1";
    ADD_CODE = "INSERT INTO recovery_codes (account, hash) VALUES ($1, $2)";
    USE_CODE = "DELETE FROM recovery_codes WHERE account = $1 AND hash = $2";
    DELETE_CODES = "DELETE FROM recovery_codes WHERE account = $1";
}

fn read(row: Row) -> Result<Factor, StoreError> {
    let mut fields = Fields::new("second_factors", row);
    Ok(Factor {
        id: fields.id("id")?,
        account: fields.id("account")?,
        kind: fields.word("kind")?,
        name: fields.text("name")?,
        credential: fields.maybe_text("credential")?,
        sealed: fields.text("sealed")?,
        created_at: fields.time("created_at")?,
        used_at: fields.maybe_time("used_at")?,
    })
}

impl Store {
    /// The account's second factors, oldest first.
    pub async fn factors(&self, account: &AccountId) -> Result<Vec<Factor>, StoreError> {
        self.list(OF, args![account], read).await
    }

    /// How many recovery codes the account has left.
    pub async fn recovery_codes_left(&self, account: &AccountId) -> Result<usize, StoreError> {
        Ok(self.read(CODES, args![account]).await?.len())
    }
}

impl Transaction {
    /// Adds a second factor. `last_step`: of a TOTP, the period of the code by which it was added; it is not taken again.
    pub async fn insert_factor(&mut self, factor: &Factor, last_step: u64) -> Result<(), StoreError> {
        let step = i64::try_from(last_step).unwrap_or(i64::MAX);
        let args = args![
            &factor.id,
            &factor.account,
            word_of(&factor.kind),
            &factor.name,
            factor.credential.as_ref(),
            &factor.sealed,
            step,
            factor.created_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Takes the code of a TOTP's period. False when it, or a later one, was taken before: a code works once.
    pub async fn take_totp_step(&mut self, id: &FactorId, step: u64) -> Result<bool, StoreError> {
        let (step, now) = (i64::try_from(step).unwrap_or(i64::MAX), self.now());
        Ok(self.run(TAKE, args![id, step, now]).await? > 0)
    }

    /// Renames a factor of this account. False when it has none such.
    pub async fn rename_factor(
        &mut self,
        id: &FactorId,
        account: &AccountId,
        name: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.run(RENAME, args![id, account, name]).await? > 0)
    }

    /// Removes a factor of this account. False when it has none such.
    pub async fn delete_factor(&mut self, id: &FactorId, account: &AccountId) -> Result<bool, StoreError> {
        Ok(self.run(DELETE, args![id, account]).await? > 0)
    }

    /// Replaces the account's recovery codes.
    pub async fn set_recovery_codes(
        &mut self,
        account: &AccountId,
        codes: &[TokenHash],
    ) -> Result<(), StoreError> {
        self.run(DELETE_CODES, args![account]).await?;
        for code in codes {
            self.run(ADD_CODE, args![account, code]).await?;
        }
        Ok(())
    }

    /// Uses a recovery code up. False when there is none such (any more).
    pub async fn use_recovery_code(
        &mut self,
        account: &AccountId,
        code: &TokenHash,
    ) -> Result<bool, StoreError> {
        Ok(self.run(USE_CODE, args![account, code]).await? > 0)
    }
}

alone! {
    /// Adds a second factor.
    fn insert_factor(factor: &Factor, last_step: u64) -> ();
    /// Takes the code of a TOTP's period.
    fn take_totp_step(id: &FactorId, step: u64) -> bool;
    /// Renames a factor of this account.
    fn rename_factor(id: &FactorId, account: &AccountId, name: &str) -> bool;
    /// Removes a factor of this account.
    fn delete_factor(id: &FactorId, account: &AccountId) -> bool;
    /// Replaces the account's recovery codes.
    fn set_recovery_codes(account: &AccountId, codes: &[TokenHash]) -> ();
    /// Uses a recovery code up.
    fn use_recovery_code(account: &AccountId, code: &TokenHash) -> bool;
}
