//! Signing keys at rest: sealed before they come here.

use serde::{Deserialize, Serialize};

use crate::domain::clock::Timestamp;

use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    LIST = "SELECT kid, purpose, algorithm, sealed, state, created_at, retired_at FROM signing_keys
            ORDER BY created_at DESC, kid";
    RETIRE = "UPDATE signing_keys SET state = 'retiring', retired_at = $2 WHERE purpose = $1 AND state = 'active'";
    INSERT = "INSERT INTO signing_keys (kid, purpose, algorithm, sealed, state, created_at, retired_at)
              VALUES ($1, $2, $3, $4, 'active', $5, NULL)";
    ANNOUNCE = "INSERT INTO signing_keys (kid, purpose, algorithm, sealed, state, created_at, retired_at)
                VALUES ($1, $2, $3, $4, 'next', $5, NULL)";
    TAKE_OVER = "UPDATE signing_keys SET state = 'active' WHERE purpose = $1 AND state = 'next' AND created_at <= $2";
    WAITING = "SELECT kid FROM signing_keys WHERE purpose = $1 AND state = 'next' AND created_at <= $2";
    RESEAL = "UPDATE signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2";
    REMOVE = "DELETE FROM signing_keys WHERE state = 'retiring' AND retired_at < $1";
}

fn read(row: Row) -> Result<StoredKey, StoreError> {
    let mut fields = Fields::new("signing_keys", row);
    Ok(StoredKey {
        kid: fields.text("kid")?,
        purpose: fields.word("purpose")?,
        algorithm: fields.text("algorithm")?,
        sealed: fields.text("sealed")?,
        state: fields.word("state")?,
        created_at: fields.time("created_at")?,
        retired_at: fields.maybe_time("retired_at")?,
    })
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// `id_token`s, RS256.
    IdToken,
    /// Assertions to the hospital's EHR, ES384 or RS384.
    EhrClient,
}

/// Whether a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published and does not sign yet, so that everybody knows it by the time it does.
    Next,
    /// Signs; published.
    Active,
    /// Signs no more; published until what it signed has expired.
    Retiring,
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// `RS256`, `RS384` or `ES384`.
    pub algorithm: String,
    /// PKCS#8, sealed, base64url.
    pub sealed: String,
    /// Whether it signs.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}

impl Store {
    /// All keys, latest first.
    pub async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.list(LIST, args![], read).await
    }
}

impl Transaction {
    /// Adds a key as the active one of its purpose; those before it begin to retire.
    pub async fn rotate_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let now = self.now();
        self.run(RETIRE, args![word_of(&key.purpose), now]).await?;
        self.insert_first_key(key).await
    }

    /// Adds a key as the active one of its purpose. `Conflict("signing_keys.active")` when there is one: another process was
    /// first.
    pub async fn insert_first_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let args = args![&key.kid, word_of(&key.purpose), &key.algorithm, &key.sealed, key.created_at];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Adds a key that is published now and signs later. `Conflict("signing_keys.next")` when one waits already.
    pub async fn announce_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let args = args![&key.kid, word_of(&key.purpose), &key.algorithm, &key.sealed, key.created_at];
        self.run(ANNOUNCE, args).await?;
        Ok(())
    }

    /// Lets the key that was announced before `before` sign; the one that did begins to retire. False when none is due.
    pub async fn promote_key(&mut self, purpose: KeyPurpose, before: Timestamp) -> Result<bool, StoreError> {
        let now = self.now();
        if self.one(WAITING, args![word_of(&purpose), before]).await?.is_none() {
            return Ok(false);
        }
        self.run(RETIRE, args![word_of(&purpose), now]).await?;
        Ok(self.run(TAKE_OVER, args![word_of(&purpose), before]).await? > 0)
    }

    /// Puts a key under another seal, unless somebody else did so meanwhile.
    pub async fn reseal_key(&mut self, kid: &str, old: &str, new: &str) -> Result<bool, StoreError> {
        Ok(self.run(RESEAL, args![kid, old, new]).await? > 0)
    }

    /// Removes retiring keys that stopped signing before `before`; returns how many.
    pub async fn remove_retired_keys(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.run(REMOVE, args![before]).await
    }
}

alone! {
    /// Adds a key as the active one of its purpose; those before it begin to retire.
    fn rotate_key(key: &StoredKey) -> ();
    /// Adds the first key of its purpose.
    fn insert_first_key(key: &StoredKey) -> ();
    /// Adds a key that is published now and signs later.
    fn announce_key(key: &StoredKey) -> ();
    /// Lets the key that was announced before `before` sign.
    fn promote_key(purpose: KeyPurpose, before: Timestamp) -> bool;
    /// Puts a key under another seal.
    fn reseal_key(kid: &str, old: &str, new: &str) -> bool;
    /// Removes retiring keys that stopped signing before `before`.
    fn remove_retired_keys(before: Timestamp) -> u64;
}
