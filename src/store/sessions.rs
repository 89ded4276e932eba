//! Portal sessions.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::AccountId;
use crate::domain::secret::TokenHash;
use crate::domain::session::Session;

use super::db::Fields;
use super::{Store, StoreError, Transaction};

/// How coarse `seen_at` is.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

statements! {
    INSERT = "INSERT INTO sessions (hash, account, authenticated_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT s.hash, s.account, s.authenticated_at, s.seen_at, s.expires_at
            FROM sessions s JOIN accounts a ON a.id = s.account
            WHERE s.hash = $1 AND s.expires_at > $2 AND a.state = 'active'";
    TOUCH = "UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";
    DELETE = "DELETE FROM sessions WHERE hash = $1";
    OTHERS = "SELECT hash FROM sessions WHERE account = $1 AND hash <> $2";
    DELETE_OF = "DELETE FROM sessions WHERE account = $1";
}

impl Store {
    /// The live session with this handle: not expired, not ended, of an account that is active.
    pub async fn session(&self, hash: &TokenHash) -> Result<Option<Arc<Session>>, StoreError> {
        let Some(row) = self.read_one(FIND, args![hash, self.now()]).await? else { return Ok(None) };
        let mut fields = Fields::new("sessions", row);
        Ok(Some(Arc::new(Session {
            hash: fields.hash("hash")?,
            account: fields.id("account")?,
            authenticated_at: fields.time("authenticated_at")?,
            seen_at: fields.time("seen_at")?,
            expires_at: fields.time("expires_at")?,
        })))
    }

    /// Notes that the session was used. Writes at most once a minute per session.
    pub async fn touch_session(&self, session: &Session) -> Result<(), StoreError> {
        let now = self.now();
        if now.since(session.seen_at) < TOUCH_EVERY {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        transaction.run(TOUCH, args![&session.hash, now]).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Adds a session.
    pub async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let args = args![
            &session.hash,
            &session.account,
            session.authenticated_at,
            session.seen_at,
            session.expires_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Ends a session on every node, and what was authorized for as long as it lasts. False when there is none.
    pub async fn delete_session(&mut self, hash: &TokenHash) -> Result<bool, StoreError> {
        self.revoke_authorizations_of_session(hash).await?;
        Ok(self.run(DELETE, args![hash]).await? > 0)
    }

    /// Ends all sessions of an account but this one, and what was authorized for as long as they last; returns how many.
    pub async fn delete_other_sessions(
        &mut self,
        account: &AccountId,
        kept: &TokenHash,
    ) -> Result<u64, StoreError> {
        let rows = self.rows(OTHERS, args![account, kept]).await?;
        let mut ended = 0;
        for row in rows {
            let hash = Fields::new("sessions", row).hash("hash")?;
            ended += u64::from(self.delete_session(&hash).await?);
        }
        Ok(ended)
    }

    /// Ends all sessions of an account, and what was authorized for as long as they last; returns how many sessions.
    pub async fn delete_sessions_of(&mut self, account: &AccountId) -> Result<u64, StoreError> {
        self.revoke_authorizations_of_sessions(account).await?;
        self.run(DELETE_OF, args![account]).await
    }
}

alone! {
    /// Adds a session.
    fn insert_session(session: &Session) -> ();
    /// Ends a session.
    fn delete_session(hash: &TokenHash) -> bool;
    /// Ends all sessions of an account.
    fn delete_sessions_of(account: &AccountId) -> u64;
}
