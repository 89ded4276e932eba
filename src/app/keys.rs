//! Signing keys between the database, where they lie sealed, and whoever signs with them.
//!
//! A key is published before it signs and after: `next`, `active`, `retiring`. Whoever keeps our JWK Set for as long as its
//! `Cache-Control` allows knows every key by the time that something comes signed with it.

use std::sync::Arc;
use std::time::Duration;

use crate::credentials::seal::{Sealer, SealingKey};
use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::random::Random;
use crate::oauth::keys::IdTokenKeys;
use crate::store::keys::{KeyPurpose, KeyState, StoredKey};
use crate::store::{Store, StoreError};

use super::BuildError;

/// How often a running server looks for keys that the command line or another node rotated.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a key is published before it signs: longer than our JWK Set may be cached (five minutes), and than a node takes to
/// look.
pub const PUBLISHED_BEFORE: Duration = Duration::from_mins(10);

/// How long a key that signs no more stays published: longer than any `id_token` lives.
pub const PUBLISHED_AFTER: Duration = Duration::from_hours(24);

/// The shortest time for which a key signs.
const SHORTEST_LIFE: Duration = Duration::from_hours(1);

/// How long one node has the schedule to itself.
const LEASE: Duration = Duration::from_mins(1);

/// Opens and seals keys.
pub struct KeyRing {
    store: Store,
    sealer: Sealer,
    previous: Vec<Sealer>,
}

impl KeyRing {
    /// The keys in `store`, sealed under a key derived from `master`.
    pub fn new(store: Store, master: &SealingKey) -> Self {
        Self { store, sealer: sealer(master), previous: Vec::new() }
    }

    /// As well those that were sealed under master keys that were in use before; they are sealed anew.
    #[must_use]
    pub fn with_previous(mut self, masters: &[SealingKey]) -> Self {
        self.previous = masters.iter().map(sealer).collect();
        self
    }

    /// The keys that sign and verify `id_token`s, the signing one first.
    pub async fn id_token_keys(&self, random: &dyn Random) -> Result<Vec<Arc<SigningKey>>, BuildError> {
        let mut keys = Vec::new();
        for stored in self.stored().await? {
            keys.push(Arc::new(self.open(&stored, random).await?));
        }
        Ok(keys)
    }

    /// Makes a new signing key for `id_token`s that signs at once, for the case that the one before leaked: who keeps our JWK
    /// Set may not know it for some minutes. The one before stays published.
    pub async fn replace(&self, clock: &dyn Clock, random: &dyn Random) -> Result<String, BuildError> {
        let key = self.make(clock, random)?;
        self.store.rotate_key(&key).await.map_err(BuildError::new)?;
        Ok(key.kid)
    }

    /// Publishes a new signing key for `id_token`s, which takes over when everybody had time to learn of it. Its `kid`, or that
    /// of the one that waits already.
    pub async fn announce(&self, clock: &dyn Clock, random: &dyn Random) -> Result<String, BuildError> {
        let key = self.make(clock, random)?;
        match self.store.announce_key(&key).await {
            Ok(()) => Ok(key.kid),
            Err(StoreError::Conflict(_)) => {
                let waiting = self.stored().await?.into_iter().find(|key| key.state == KeyState::Next);
                Ok(waiting.map_or(key.kid, |waiting| waiting.kid))
            }
            Err(error) => Err(BuildError::new(error)),
        }
    }

    /// The keys; makes the first one where there is none.
    pub async fn ready(
        &self,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Vec<Arc<SigningKey>>, BuildError> {
        if !self.stored().await?.iter().any(|key| key.state == KeyState::Active) {
            match self.store.insert_first_key(&self.make(clock, random)?).await {
                // Another node was first.
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(BuildError::new(error)),
            }
        }
        self.id_token_keys(random).await
    }

    /// Keeps the schedule, of which one node at a time sees to, and takes in what was rotated elsewhere. `life` is how long a
    /// key signs.
    pub async fn refresh(
        &self,
        keys: &IdTokenKeys,
        life: Duration,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(), BuildError> {
        let due = Due::of(&self.stored().await?, life, clock.now());
        if due != Due::default()
            && self.store.take_lease("keys", self.store.node(), LEASE).await.map_err(BuildError::new)?
        {
            self.keep(due, clock, random).await?;
        }
        keys.replace(self.id_token_keys(random).await?);
        Ok(())
    }

    async fn keep(&self, due: Due, clock: &dyn Clock, random: &dyn Random) -> Result<(), BuildError> {
        let now = clock.now();
        if due.promote {
            let before = now.minus(PUBLISHED_BEFORE);
            self.store.promote_key(KeyPurpose::IdToken, before).await.map_err(BuildError::new)?;
            tracing::info!("the signing key that was announced has taken over");
        }
        if due.announce {
            let kid = self.announce(clock, random).await?;
            tracing::info!(kid, "the next signing key is announced");
        }
        if due.remove {
            self.store.remove_retired_keys(now.minus(PUBLISHED_AFTER)).await.map_err(BuildError::new)?;
        }
        Ok(())
    }

    /// Stored keys of `id_token`s in the order of their use: the signing one, the next one, those before.
    async fn stored(&self) -> Result<Vec<StoredKey>, BuildError> {
        let mut stored = self.store.keys().await.map_err(BuildError::new)?;
        stored.retain(|key| key.purpose == KeyPurpose::IdToken);
        stored.sort_by_key(|key| match key.state {
            KeyState::Active => 0,
            KeyState::Next => 1,
            KeyState::Retiring => 2,
        });
        Ok(stored)
    }

    fn make(&self, clock: &dyn Clock, random: &dyn Random) -> Result<StoredKey, BuildError> {
        let key = SigningKey::generate(SigningAlgorithm::Rs256).map_err(BuildError::new)?;
        let der = key.to_pkcs8().map_err(BuildError::new)?;
        let kid = key.kid().to_owned();
        Ok(StoredKey {
            sealed: self.sealer.seal(&der, kid.as_bytes(), random).map_err(BuildError::new)?,
            kid,
            purpose: KeyPurpose::IdToken,
            algorithm: key.algorithm().name().to_owned(),
            // What the store makes of it depends on how it is added.
            state: KeyState::Active,
            created_at: clock.now(),
            retired_at: None,
        })
    }

    async fn open(&self, stored: &StoredKey, random: &dyn Random) -> Result<SigningKey, BuildError> {
        let wrong = || {
            BuildError::new(format!(
                "the signing key {} cannot be opened: was database.master_key changed without previous_master_keys?",
                stored.kid
            ))
        };
        let bound_to = stored.kid.as_bytes();
        let der = if let Some(der) = self.sealer.open(&stored.sealed, bound_to) {
            der
        } else {
            let opened = self.previous.iter().find_map(|sealer| sealer.open(&stored.sealed, bound_to));
            let der = opened.ok_or_else(wrong)?;
            let sealed = self.sealer.seal(&der, bound_to, random).map_err(BuildError::new)?;
            self.store.reseal_key(&stored.kid, &stored.sealed, &sealed).await.map_err(BuildError::new)?;
            der
        };
        let algorithm = SigningAlgorithm::parse(&stored.algorithm).ok_or_else(wrong)?;
        SigningKey::from_pkcs8(algorithm, &der).map_err(|_| wrong())
    }
}

fn sealer(master: &SealingKey) -> Sealer {
    master.derive("signing keys").sealer()
}

/// What the schedule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]

struct Due {
    promote: bool,
    announce: bool,
    remove: bool,
}

impl Due {
    fn of(keys: &[StoredKey], life: Duration, now: Timestamp) -> Self {
        let life = life.max(SHORTEST_LIFE);
        let next = keys.iter().find(|key| key.state == KeyState::Next);
        let active = keys.iter().find(|key| key.state == KeyState::Active);
        let retired = keys.iter().filter_map(|key| key.retired_at);
        Self {
            promote: next.is_some_and(|next| next.created_at.plus(PUBLISHED_BEFORE) <= now),
            announce: next.is_none() && active.is_some_and(|active| active.created_at.plus(life) <= now),
            remove: retired.into_iter().any(|at| at.plus(PUBLISHED_AFTER) < now),
        }
    }
}
