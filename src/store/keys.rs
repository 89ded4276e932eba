//! Signing keys at rest: sealed before they come here.

use serde::{Deserialize, Serialize};

use crate::domain::clock::Timestamp;

use super::{Store, StoreError, Transaction};

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
        todo!()
    }
}

impl Transaction {
    /// Adds a key as the active one of its purpose; those before it begin to retire.
    pub async fn rotate_key(&mut self, _key: &StoredKey) -> Result<(), StoreError> {
        todo!()
    }

    /// Removes retiring keys that stopped signing before `before`; returns how many.
    pub async fn remove_retired_keys(&mut self, _before: Timestamp) -> Result<u64, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds a key as the active one of its purpose; those before it begin to retire.
    fn rotate_key(key: &StoredKey) -> ();
    /// Removes retiring keys that stopped signing before `before`.
    fn remove_retired_keys(before: Timestamp) -> u64;
}
