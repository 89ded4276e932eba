//! Access and refresh tokens. Access tokens are answered from memory; a revocation is there with the next request.

use std::sync::Arc;

use crate::access::subject::Subject;
use crate::domain::client::{AccessToken, Authorization, RefreshToken};
use crate::domain::clock::Timestamp;
use crate::domain::ids::AuthorizationId;
use crate::domain::secret::TokenHash;

use super::{Store, StoreError, Transaction};

/// What an access token stands for.
#[derive(Clone, Debug)]
pub struct BearerToken {
    /// Who asks, with parsed scopes and launch patient.
    pub subject: Arc<Subject>,
    /// What it hangs on.
    pub authorization: AuthorizationId,
    /// Granted scopes as answered to the client.
    pub scope: Arc<str>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshRotation {
    /// Exchanged for the new one.
    Rotated {
        /// What it stands for.
        authorization: Box<Authorization>,
    },
    /// Exchanged before: the authorization with all its tokens is revoked. Commit to make it so.
    Reused(AuthorizationId),
    /// Too late.
    Expired,
    /// There is no such token, or its authorization was revoked.
    Unknown,
}

/// A refresh token as it stands, for introspection and revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRefresh {
    /// What it stands for.
    pub authorization: Authorization,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it can still be exchanged.
    pub live: bool,
}

impl Store {
    /// What the access token with this hash stands for: `None` when unknown, expired or revoked. Does not wait when the
    /// token is in memory.
    pub async fn subject_of(&self, _hash: &TokenHash) -> Result<Option<Arc<BearerToken>>, StoreError> {
        todo!()
    }

    /// As [`Store::subject_of`] but from memory alone; `None` may also mean that it was not seen lately.
    pub fn subject_in_memory(&self, _hash: &TokenHash) -> Option<Arc<BearerToken>> {
        todo!()
    }

    /// The refresh token with this hash, live or not.
    pub async fn refresh_token(&self, _hash: &TokenHash) -> Result<Option<StoredRefresh>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds an access token.
    pub async fn insert_access_token(&mut self, _token: &AccessToken) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds the first refresh token of an authorization.
    pub async fn insert_refresh_token(&mut self, _token: &RefreshToken) -> Result<(), StoreError> {
        todo!()
    }

    /// Exchanges the refresh token `old` for `new`, whose authorization must be the same: of any number of callers at once
    /// exactly one gets `Rotated`.
    ///
    /// Commit whatever the answer: a rolled-back transaction gives the token back, and a reuse its authorization.
    pub async fn rotate_refresh(
        &mut self,
        _old: &TokenHash,
        _new: &TokenHash,
        _new_expires_at: Timestamp,
    ) -> Result<RefreshRotation, StoreError> {
        todo!()
    }

    /// Revokes one access token. False when unknown.
    pub async fn revoke_access_token(&mut self, _hash: &TokenHash) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds an access token.
    fn insert_access_token(token: &AccessToken) -> ();
    /// Adds the first refresh token of an authorization.
    fn insert_refresh_token(token: &RefreshToken) -> ();
    /// Exchanges a refresh token for another, once.
    fn rotate_refresh(old: &TokenHash, new: &TokenHash, new_expires_at: Timestamp) -> RefreshRotation;
    /// Revokes one access token.
    fn revoke_access_token(hash: &TokenHash) -> bool;
}
