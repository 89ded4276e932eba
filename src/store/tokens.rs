//! Access and refresh tokens. Access tokens are answered from memory; a revocation is there with the next request.

use std::sync::Arc;

use crate::access::subject::{Actor, Subject};
use crate::domain::client::{AccessToken, Authorization, LaunchContext, RefreshToken};
use crate::domain::clock::Timestamp;
use crate::domain::ids::AuthorizationId;
use crate::domain::secret::TokenHash;
use crate::domain::thumbprint::KeyThumbprint;

use super::changes::Noun;
use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO access_tokens (hash, authorization_id, scope, bound_to, issued_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT z.account, z.practice, z.client, z.context, t.authorization_id, t.scope, t.bound_to, t.issued_at, t.expires_at
            FROM access_tokens t JOIN authorizations z ON z.id = t.authorization_id
            WHERE t.hash = $1 AND t.expires_at > $2 AND z.revoked_at IS NULL";
    DELETE = "DELETE FROM access_tokens WHERE hash = $1";
    INSERT_REFRESH = "INSERT INTO refresh_tokens (hash, authorization_id, bound_to, expires_at) VALUES ($1, $2, $3, $4)";
    FIND_REFRESH = "SELECT authorization_id, bound_to, expires_at, used_at FROM refresh_tokens WHERE hash = $1";
    // The row's own state decides, so that of any number at once one alone changes it.
    USE_REFRESH = "UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL
                   RETURNING authorization_id, bound_to, expires_at";
    RENEW_REFRESH = "UPDATE refresh_tokens SET expires_at = $3 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
                     RETURNING authorization_id";
}

/// What an access token stands for.
#[derive(Clone, Debug)]
pub struct BearerToken {
    /// Who asks, with parsed scopes and launch patient.
    pub subject: Arc<Subject>,
    /// What it hangs on.
    pub authorization: AuthorizationId,
    /// Granted scopes as answered to the client.
    pub scope: Arc<str>,
    /// The key that must be shown with it (RFC 9449); `None`: whoever has it may use it.
    pub bound_to: Option<Box<KeyThumbprint>>,
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
    /// The key that must be shown when it is exchanged.
    pub bound_to: Option<KeyThumbprint>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it can still be exchanged.
    pub live: bool,
}

impl Store {
    /// What the access token with this hash stands for: `None` when unknown, expired or revoked. Does not wait when the
    /// token is in memory.
    pub async fn subject_of(&self, hash: &TokenHash) -> Result<Option<Arc<BearerToken>>, StoreError> {
        if let Some(token) = self.subject_in_memory(hash) {
            return Ok(Some(token));
        }
        let now = self.now();
        let Some(row) = self.read_one(FIND, args![hash, now]).await? else { return Ok(None) };
        let token = Arc::new(self.bearer(row)?);
        self.inner.tokens.keep(*hash, &token, now);
        // Through the cache again: what was revoked between the look-up and now is known there.
        Ok(self.inner.tokens.judge(hash, token, now))
    }

    /// As [`Store::subject_of`] but from memory alone; `None` may also mean that it was not seen lately.
    pub fn subject_in_memory(&self, hash: &TokenHash) -> Option<Arc<BearerToken>> {
        self.inner.tokens.get(hash, self.now())
    }

    fn bearer(&self, row: Row) -> Result<BearerToken, StoreError> {
        let mut fields = Fields::new("access_tokens", row);
        let actor = match (fields.maybe_id("account")?, fields.maybe_id("practice")?) {
            (Some(account), None) => Actor::Account(account),
            (None, Some(practice)) => Actor::Practice(practice),
            _ => return Err(fields.corrupt("account")),
        };
        let client = fields.id("client")?;
        let context: LaunchContext = fields.json("context")?;
        let authorization = fields.id("authorization_id")?;
        let (scope, scopes) = self.inner.tokens.scopes(&fields.text("scope")?);
        let subject = Subject { actor, client: Some(client), scopes, patient: context.patient };
        Ok(BearerToken {
            subject: Arc::new(self.inner.tokens.shared(subject)),
            authorization,
            scope,
            bound_to: fields.maybe_id("bound_to")?.map(Box::new),
            issued_at: fields.time("issued_at")?,
            expires_at: fields.time("expires_at")?,
        })
    }

    /// The refresh token with this hash, live or not.
    pub async fn refresh_token(&self, hash: &TokenHash) -> Result<Option<StoredRefresh>, StoreError> {
        let Some(row) = self.read_one(FIND_REFRESH, args![hash]).await? else { return Ok(None) };
        let mut fields = Fields::new("refresh_tokens", row);
        let id: AuthorizationId = fields.id("authorization_id")?;
        let bound_to = fields.maybe_id("bound_to")?;
        let expires_at = fields.time("expires_at")?;
        let used = fields.maybe_time("used_at")?.is_some();
        Ok(self.authorization(&id).await?.map(|authorization| StoredRefresh {
            live: !used && expires_at > self.now() && authorization.revoked_at.is_none(),
            authorization,
            bound_to,
            expires_at,
        }))
    }
}

impl Transaction {
    /// Adds an access token.
    pub async fn insert_access_token(&mut self, token: &AccessToken) -> Result<(), StoreError> {
        let args = args![
            &token.hash,
            &token.authorization,
            &token.scope,
            token.bound_to.map(|key| key.to_string()),
            token.issued_at,
            token.expires_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Adds the first refresh token of an authorization.
    pub async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let bound_to = token.bound_to.map(|key| key.to_string());
        self.run(INSERT_REFRESH, args![&token.hash, &token.authorization, bound_to, token.expires_at])
            .await?;
        Ok(())
    }

    /// Exchanges the refresh token `old` for `new` under the same authorization: of any number of callers at once exactly one
    /// gets `Rotated`.
    ///
    /// Commit whatever the answer: a rolled-back transaction gives the token back, and a reuse its authorization.
    pub async fn rotate_refresh(
        &mut self,
        old: &TokenHash,
        new: &TokenHash,
        new_expires_at: Timestamp,
    ) -> Result<RefreshRotation, StoreError> {
        let now = self.now();
        let Some(row) = self.one(USE_REFRESH, args![old, now]).await? else {
            let Some(row) = self.one(FIND_REFRESH, args![old]).await? else {
                return Ok(RefreshRotation::Unknown);
            };
            let authorization = Fields::new("refresh_tokens", row).id("authorization_id")?;
            self.revoke_authorization(&authorization).await?;
            return Ok(RefreshRotation::Reused(authorization));
        };
        let mut fields = Fields::new("refresh_tokens", row);
        let id: AuthorizationId = fields.id("authorization_id")?;
        let bound_to: Option<KeyThumbprint> = fields.maybe_id("bound_to")?;
        if fields.time("expires_at")? <= now {
            return Ok(RefreshRotation::Expired);
        }
        match self.authorization(&id).await? {
            Some(authorization) if authorization.revoked_at.is_none() => {
                let bound_to = bound_to.map(|key| key.to_string());
                self.run(INSERT_REFRESH, args![new, &id, bound_to, new_expires_at]).await?;
                Ok(RefreshRotation::Rotated { authorization: Box::new(authorization) })
            }
            _ => Ok(RefreshRotation::Unknown),
        }
    }

    /// Renews the life of a refresh token without exchanging it, for clients whose tokens do not rotate. The authorization;
    /// `None` when the token cannot be used.
    pub async fn renew_refresh(
        &mut self,
        hash: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<Option<Authorization>, StoreError> {
        let now = self.now();
        let Some(row) = self.one(RENEW_REFRESH, args![hash, now, expires_at]).await? else { return Ok(None) };
        let id: AuthorizationId = Fields::new("refresh_tokens", row).id("authorization_id")?;
        Ok(self.authorization(&id).await?.filter(|authorization| authorization.revoked_at.is_none()))
    }

    /// Revokes one access token. False when unknown.
    pub async fn revoke_access_token(&mut self, hash: &TokenHash) -> Result<bool, StoreError> {
        let found = self.run(DELETE, args![hash]).await? > 0;
        self.changed(Noun::Token, hash.to_hex());
        Ok(found)
    }
}

alone! {
    /// Adds an access token.
    fn insert_access_token(token: &AccessToken) -> ();
    /// Adds the first refresh token of an authorization.
    fn insert_refresh_token(token: &RefreshToken) -> ();
    /// Exchanges a refresh token for another, once.
    fn rotate_refresh(old: &TokenHash, new: &TokenHash, new_expires_at: Timestamp) -> RefreshRotation;
    /// Renews the life of a refresh token without exchanging it.
    fn renew_refresh(hash: &TokenHash, expires_at: Timestamp) -> Option<Authorization>;
    /// Revokes one access token.
    fn revoke_access_token(hash: &TokenHash) -> bool;
}
