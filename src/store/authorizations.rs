//! Authorizations and the codes that open them.

use crate::domain::client::{Authorization, AuthorizationCode, Principal};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, AuthorizationId, ClientId};
use crate::domain::secret::TokenHash;

use super::changes::Noun;
use super::db::{Fields, Row, json_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO authorizations
                (id, client, account, practice, scope, context, nonce, authenticated_at, session, created_at, revoked_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    BY_ID = "SELECT id, client, account, practice, scope, context, nonce, authenticated_at, session, created_at, revoked_at
             FROM authorizations WHERE id = $1";
    OF_ACCOUNT = "SELECT id, client, account, practice, scope, context, nonce, authenticated_at, session, created_at, revoked_at
                  FROM authorizations WHERE account = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id";
    // What can still be used, and when its refresh token was exchanged last.
    CONNECTIONS = "SELECT a.id, a.client, a.account, a.practice, a.scope, a.context, a.nonce, a.authenticated_at, a.session,
                     a.created_at, a.revoked_at,
                     (SELECT MAX(r.used_at) FROM refresh_tokens r WHERE r.authorization_id = a.id) AS refreshed_at
                   FROM authorizations a WHERE a.account = $1 AND a.revoked_at IS NULL
                   AND (EXISTS (SELECT 1 FROM access_tokens t WHERE t.authorization_id = a.id AND t.expires_at > $2)
                     OR EXISTS (SELECT 1 FROM refresh_tokens r
                                WHERE r.authorization_id = a.id AND r.used_at IS NULL AND r.expires_at > $2))
                   ORDER BY a.created_at DESC, a.id";
    REVOKE = "UPDATE authorizations SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_OF = "UPDATE authorizations SET revoked_at = $2 WHERE account = $1 AND revoked_at IS NULL RETURNING id";
    REVOKE_OF_CLIENT = "UPDATE authorizations SET revoked_at = $3
                        WHERE account = $1 AND client = $2 AND revoked_at IS NULL RETURNING id";
    REVOKE_OF_SESSION = "UPDATE authorizations SET revoked_at = $2 WHERE session = $1 AND revoked_at IS NULL RETURNING id";
    REVOKE_OF_SESSIONS = "UPDATE authorizations SET revoked_at = $2
                          WHERE account = $1 AND session IS NOT NULL AND revoked_at IS NULL RETURNING id";
    REVOKE_OF_EXPIRED = "UPDATE authorizations SET revoked_at = $1 WHERE revoked_at IS NULL AND session IN
                         (SELECT hash FROM sessions WHERE expires_at < $1) RETURNING id";
    INSERT_CODE = "INSERT INTO codes (hash, authorization_id, redirect_uri, code_challenge, bound_to, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6)";
    // The row's own state decides, so that of any number at once one alone changes it.
    REDEEM = "UPDATE codes SET redeemed_at = $2 WHERE hash = $1 AND redeemed_at IS NULL
              RETURNING hash, authorization_id, redirect_uri, code_challenge, bound_to, expires_at";
    REDEEMED = "SELECT authorization_id FROM codes WHERE hash = $1";
}

pub(super) fn read(row: Row) -> Result<Authorization, StoreError> {
    read_from(&mut Fields::new("authorizations", row))
}

fn read_from(fields: &mut Fields) -> Result<Authorization, StoreError> {
    Ok(Authorization {
        id: fields.id("id")?,
        client: fields.id("client")?,
        principal: match (fields.maybe_id("account")?, fields.maybe_id("practice")?) {
            (Some(account), None) => Principal::Account(account),
            (None, Some(practice)) => Principal::Practice(practice),
            _ => return Err(fields.corrupt("account")),
        },
        scope: fields.text("scope")?,
        context: fields.json("context")?,
        nonce: fields.maybe_text("nonce")?,
        authenticated_at: fields.time("authenticated_at")?,
        session: fields.maybe_hash("session")?,
        created_at: fields.time("created_at")?,
        revoked_at: fields.maybe_time("revoked_at")?,
    })
}

/// An authorization of which some token is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What was authorized.
    pub authorization: Authorization,
    /// When the app last fetched a token with it.
    pub used_at: Timestamp,
}

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
    pub async fn authorization(&self, id: &AuthorizationId) -> Result<Option<Authorization>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// What apps can use now in this person's name, latest first.
    pub async fn connections_of(&self, account: &AccountId) -> Result<Vec<Connection>, StoreError> {
        let read = |row: Row| {
            let mut fields = Fields::new("authorizations", row);
            let authorization = read_from(&mut fields)?;
            let refreshed_at = fields.maybe_time("refreshed_at")?;
            Ok(Connection { used_at: refreshed_at.unwrap_or(authorization.created_at), authorization })
        };
        self.list(CONNECTIONS, args![account, self.now()], read).await
    }

    /// What this person has authorized and not revoked, latest first.
    pub async fn authorizations_of(&self, account: &AccountId) -> Result<Vec<Authorization>, StoreError> {
        self.list(OF_ACCOUNT, args![account], read).await
    }
}

impl Transaction {
    /// Adds an authorization.
    pub async fn insert_authorization(&mut self, authorization: &Authorization) -> Result<(), StoreError> {
        let (account, practice) = match &authorization.principal {
            Principal::Account(account) => (Some(account), None),
            Principal::Practice(practice) => (None, Some(practice)),
        };
        let session = authorization.session.map(TokenHash::to_hex);
        let args = args![
            &authorization.id,
            &authorization.client,
            account,
            practice,
            &authorization.scope,
            json_of("authorizations", &authorization.context)?,
            authorization.nonce.as_ref(),
            authorization.authenticated_at,
            session.as_ref(),
            authorization.created_at,
            authorization.revoked_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// The authorization with this identifier, as this transaction sees it.
    pub(super) async fn authorization(
        &mut self,
        id: &AuthorizationId,
    ) -> Result<Option<Authorization>, StoreError> {
        self.one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// Adds a code for an authorization.
    pub async fn insert_code(&mut self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let args = args![
            &code.hash,
            &code.authorization,
            &code.redirect_uri,
            &code.code_challenge,
            code.bound_to.map(|key| key.to_string()),
            code.expires_at,
        ];
        self.run(INSERT_CODE, args).await?;
        Ok(())
    }

    /// Redeems a code: of any number of callers at once exactly one gets `Redeemed`.
    ///
    /// Commit whatever the answer: a rolled-back transaction gives the code back, and a reuse its authorization.
    pub async fn redeem_code(&mut self, hash: &TokenHash) -> Result<CodeRedemption, StoreError> {
        let now = self.now();
        let Some(row) = self.one(REDEEM, args![hash, now]).await? else {
            let Some(row) = self.one(REDEEMED, args![hash]).await? else {
                return Ok(CodeRedemption::Unknown);
            };
            let authorization = Fields::new("codes", row).id("authorization_id")?;
            self.revoke_authorization(&authorization).await?;
            return Ok(CodeRedemption::Reused(authorization));
        };
        let mut fields = Fields::new("codes", row);
        let code = AuthorizationCode {
            hash: fields.hash("hash")?,
            authorization: fields.id("authorization_id")?,
            redirect_uri: fields.text("redirect_uri")?,
            code_challenge: fields.text("code_challenge")?,
            bound_to: fields.maybe_id("bound_to")?,
            expires_at: fields.time("expires_at")?,
        };
        if code.expires_at <= now {
            return Ok(CodeRedemption::Expired);
        }
        match self.authorization(&code.authorization).await? {
            Some(authorization) if authorization.revoked_at.is_none() => {
                Ok(CodeRedemption::Redeemed { code, authorization: Box::new(authorization) })
            }
            _ => Ok(CodeRedemption::Unknown),
        }
    }

    /// Revokes an authorization with all its codes and tokens, on every node from the next request on.
    /// False when it was revoked already or is unknown.
    pub async fn revoke_authorization(&mut self, id: &AuthorizationId) -> Result<bool, StoreError> {
        let now = self.now();
        let revoked = self.run(REVOKE, args![id, now]).await? > 0;
        if revoked {
            self.changed(Noun::Authorization, id.as_str());
        }
        Ok(revoked)
    }

    /// Revokes all that this person authorized, to one client or to all; returns how many.
    pub async fn revoke_authorizations_of(
        &mut self,
        account: &AccountId,
        client: Option<&ClientId>,
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = match client {
            None => self.rows(REVOKE_OF, args![account, now]).await?,
            Some(client) => self.rows(REVOKE_OF_CLIENT, args![account, client, now]).await?,
        };
        self.ended(rows)
    }

    /// Revokes what hangs on a session that ends.
    pub(super) async fn revoke_authorizations_of_session(
        &mut self,
        session: &TokenHash,
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = self.rows(REVOKE_OF_SESSION, args![session, now]).await?;
        self.ended(rows)
    }

    /// Revokes what hangs on any session of this person.
    pub(super) async fn revoke_authorizations_of_sessions(
        &mut self,
        account: &AccountId,
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = self.rows(REVOKE_OF_SESSIONS, args![account, now]).await?;
        self.ended(rows)
    }

    /// Revokes what hangs on sessions that have expired.
    pub(super) async fn revoke_authorizations_of_expired_sessions(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = self.rows(REVOKE_OF_EXPIRED, args![now]).await?;
        self.ended(rows)
    }

    /// Tells everybody who keeps tokens in memory; returns how many authorizations it were.
    fn ended(&mut self, rows: Vec<Row>) -> Result<u64, StoreError> {
        let count = rows.len() as u64;
        for row in rows {
            self.changed(Noun::Authorization, Fields::new("authorizations", row).text("id")?);
        }
        Ok(count)
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
