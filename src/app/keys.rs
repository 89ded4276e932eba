//! Signing keys between the database, where they lie sealed, and whoever signs with them.

use std::sync::Arc;
use std::time::Duration;

use crate::credentials::seal::{Sealer, SealingKey};
use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::clock::Clock;
use crate::domain::random::Random;
use crate::oauth::keys::IdTokenKeys;
use crate::store::Store;
use crate::store::keys::{KeyPurpose, KeyState, StoredKey};

use super::BuildError;

/// How often a running server looks for keys that the command line or another node rotated.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a key that signs no more stays published: longer than any `id_token` lives.
pub const PUBLISHED_AFTER: Duration = Duration::from_hours(24);

/// Opens and seals keys.
pub struct KeyRing {
    store: Store,
    sealer: Sealer,
}

impl KeyRing {
    /// The keys in `store`, sealed under a key derived from `master`.
    pub fn new(store: Store, master: &SealingKey) -> Self {
        Self { store, sealer: master.derive("signing keys").sealer() }
    }

    /// The keys that sign and verify `id_token`s, the signing one first.
    pub async fn id_token_keys(&self) -> Result<Vec<Arc<SigningKey>>, BuildError> {
        let mut stored = self.store.keys().await.map_err(BuildError::new)?;
        stored.retain(|key| key.purpose == KeyPurpose::IdToken);
        stored.sort_by_key(|key| key.state != KeyState::Active);
        stored.iter().map(|key| self.open(key).map(Arc::new)).collect()
    }

    /// Makes a new signing key for `id_token`s; the one before stays published.
    pub async fn rotate(&self, clock: &dyn Clock, random: &dyn Random) -> Result<String, BuildError> {
        let key = SigningKey::generate(SigningAlgorithm::Rs256).map_err(BuildError::new)?;
        let der = key.to_pkcs8().map_err(BuildError::new)?;
        let kid = key.kid().to_owned();
        let stored = StoredKey {
            sealed: self.sealer.seal(&der, kid.as_bytes(), random).map_err(BuildError::new)?,
            kid: kid.clone(),
            purpose: KeyPurpose::IdToken,
            algorithm: key.algorithm().name().to_owned(),
            state: KeyState::Active,
            created_at: clock.now(),
            retired_at: None,
        };
        self.store.rotate_key(&stored).await.map_err(BuildError::new)?;
        Ok(kid)
    }

    /// The keys; makes the first one where there is none.
    pub async fn ready(
        &self,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Vec<Arc<SigningKey>>, BuildError> {
        let keys = self.id_token_keys().await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        self.rotate(clock, random).await?;
        self.id_token_keys().await
    }

    /// Takes in what was rotated elsewhere and drops what has been published long enough.
    pub async fn refresh(&self, keys: &IdTokenKeys, clock: &dyn Clock) -> Result<(), BuildError> {
        self.store.remove_retired_keys(clock.now().minus(PUBLISHED_AFTER)).await.map_err(BuildError::new)?;
        keys.replace(self.id_token_keys().await?);
        Ok(())
    }

    fn open(&self, stored: &StoredKey) -> Result<SigningKey, BuildError> {
        let wrong = || {
            BuildError::new(format!(
                "the signing key {} cannot be opened: was database.master_key changed?",
                stored.kid
            ))
        };
        let der = self.sealer.open(&stored.sealed, stored.kid.as_bytes()).ok_or_else(wrong)?;
        let algorithm = SigningAlgorithm::parse(&stored.algorithm).ok_or_else(wrong)?;
        SigningKey::from_pkcs8(algorithm, &der).map_err(|_| wrong())
    }
}
