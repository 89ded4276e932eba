//! Authorizations and the codes that open them.

use crate::domain::client::{Authorization, AuthorizationCode};
use crate::domain::ids::{AccountId, AuthorizationId, ClientId};
use crate::domain::secret::TokenHash;

use super::{Store, StoreError, Transaction};

/// What became of a code that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRedemption {
    /// The first to present it, in time.
    Redeemed {
        /// What it was bound to: redirect URI and PKCE challenge are still to be checked.
        code: AuthorizationCode,
        /// What it stands for.
        authorization: Box<Authorization>,
    },
    /// Presented before: everything that came of the authorization is revoked (RFC 6749 4.1.2). Commit to make it so.
    Reused(AuthorizationId),
    /// Too late.
    Expired,
    /// There is no such code, or its authorization was revoked.
    Unknown,
}

impl Store {
    /// The authorization with this identifier, revoked or not.
    pub async fn authorization(&self, _id: &AuthorizationId) -> Result<Option<Authorization>, StoreError> {
        todo!()
    }

    /// What this person has authorized and not revoked, latest first.
    pub async fn authorizations_of(&self, _account: &AccountId) -> Result<Vec<Authorization>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds an authorization.
    pub async fn insert_authorization(&mut self, _authorization: &Authorization) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds a code for an authorization.
    pub async fn insert_code(&mut self, _code: &AuthorizationCode) -> Result<(), StoreError> {
        todo!()
    }

    /// Redeems a code: of any number of callers at once exactly one gets `Redeemed`.
    ///
    /// Commit whatever the answer: a rolled-back transaction gives the code back, and a reuse its authorization.
    pub async fn redeem_code(&mut self, _hash: &TokenHash) -> Result<CodeRedemption, StoreError> {
        todo!()
    }

    /// Revokes an authorization with all its codes and tokens, on every node from the next request on.
    /// False when it was revoked already or is unknown.
    pub async fn revoke_authorization(&mut self, _id: &AuthorizationId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Revokes all that this person authorized, to one client or to all; returns how many.
    pub async fn revoke_authorizations_of(
        &mut self,
        _account: &AccountId,
        _client: Option<&ClientId>,
    ) -> Result<u64, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds an authorization.
    fn insert_authorization(authorization: &Authorization) -> ();
    /// Adds a code for an authorization.
    fn insert_code(code: &AuthorizationCode) -> ();
    /// Redeems a code, once.
    fn redeem_code(hash: &TokenHash) -> CodeRedemption;
    /// Revokes an authorization with all its codes and tokens.
    fn revoke_authorization(id: &AuthorizationId) -> bool;
    /// Revokes all that this person authorized, to one client or to all.
    fn revoke_authorizations_of(account: &AccountId, client: Option<&ClientId>) -> u64;
}
