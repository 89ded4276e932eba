//! Portal sessions.

use std::sync::Arc;

use crate::domain::ids::AccountId;
use crate::domain::secret::TokenHash;
use crate::domain::session::Session;

use super::{Store, StoreError, Transaction};

impl Store {
    /// The live session with this handle: not expired, not ended, of an account that is active. Mostly answered from
    /// memory.
    pub async fn session(&self, _hash: &TokenHash) -> Result<Option<Arc<Session>>, StoreError> {
        todo!()
    }

    /// Whether this person has a live session in some browser: what `online_access` depends on.
    pub async fn is_signed_in(&self, _account: &AccountId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Notes that the session was used. Writes at most once a minute per session.
    pub async fn touch_session(&self, _session: &Session) -> Result<(), StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds a session.
    pub async fn insert_session(&mut self, _session: &Session) -> Result<(), StoreError> {
        todo!()
    }

    /// Ends a session on every node. False when there is none.
    pub async fn delete_session(&mut self, _hash: &TokenHash) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends all sessions of an account; returns how many.
    pub async fn delete_sessions_of(&mut self, _account: &AccountId) -> Result<u64, StoreError> {
        todo!()
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
