//! What a person's page of sessions says of each, and the browsers that an account was used in before.

use crate::domain::clock::Timestamp;
use crate::domain::ids::AccountId;
use crate::domain::secret::TokenHash;
use crate::domain::session::{SessionDetails, SessionEntry, SessionMethod};

use super::db::{Fields, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO session_details (session, id, method, agent, address, subject, sid, id_token)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    OF = "SELECT s.hash, s.authenticated_at, s.seen_at, d.id, d.method, d.agent, d.address
          FROM sessions s LEFT JOIN session_details d ON d.session = s.hash
          WHERE s.account = $1 AND s.expires_at > $2 ORDER BY s.seen_at DESC LIMIT 100";
    BY_ID = "SELECT d.session FROM session_details d JOIN sessions s ON s.hash = d.session
             WHERE d.id = $1 AND s.account = $2";
    FEDERATED = "SELECT method, subject, sid, id_token FROM session_details WHERE session = $1";
    BY_SID = "SELECT session FROM session_details WHERE method = $1 AND sid = $2";
    BY_SUBJECT = "SELECT session FROM session_details WHERE method = $1 AND subject = $2";
    DEVICES = "SELECT hash FROM devices WHERE account = $1";
    PUT_DEVICE = "INSERT INTO devices (account, hash, seen_at) VALUES ($1, $2, $3)
                  ON CONFLICT (account, hash) DO UPDATE SET seen_at = excluded.seen_at";
    OLD_DEVICES = "DELETE FROM devices WHERE account = $1 AND seen_at < $2";
}

/// What an identity provider has to do with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedSession {
    /// Which provider.
    pub method: SessionMethod,
    /// `sub`.
    pub subject: Option<String>,
    /// `sid`.
    pub sid: Option<String>,
    /// The `id_token`, sealed: `id_token_hint` at sign-out.
    pub id_token: Option<String>,
}

impl Store {
    /// The account's live sessions, the one used last first.
    pub async fn sessions_of(&self, account: &AccountId) -> Result<Vec<SessionEntry>, StoreError> {
        self.list(OF, args![account, self.now()], |row| {
            let mut fields = Fields::new("sessions", row);
            Ok(SessionEntry {
                hash: fields.hash("hash")?,
                authenticated_at: fields.time("authenticated_at")?,
                seen_at: fields.time("seen_at")?,
                id: fields.maybe_text("id")?,
                method: fields.maybe_text("method")?.and_then(|word| SessionMethod::parse(&word)),
                agent: fields.maybe_text("agent")?.unwrap_or_default(),
                address: fields.maybe_text("address")?,
            })
        })
        .await
    }

    /// The session of this account with this public identifier.
    pub async fn session_by_id(
        &self,
        id: &str,
        account: &AccountId,
    ) -> Result<Option<TokenHash>, StoreError> {
        let Some(row) = self.read_one(BY_ID, args![id, account]).await? else { return Ok(None) };
        Ok(Some(Fields::new("session_details", row).hash("session")?))
    }

    /// What an identity provider has to do with the session; `None` when it began with a password of ours.
    pub async fn federated_session(&self, hash: &TokenHash) -> Result<Option<FederatedSession>, StoreError> {
        let Some(row) = self.read_one(FEDERATED, args![hash]).await? else { return Ok(None) };
        let mut fields = Fields::new("session_details", row);
        let session = FederatedSession {
            method: fields.word("method")?,
            subject: fields.maybe_text("subject")?,
            sid: fields.maybe_text("sid")?,
            id_token: fields.maybe_text("id_token")?,
        };
        Ok(session.subject.is_some().then_some(session))
    }

    /// The sessions that a provider means by a `sid`, or else by a `sub`.
    pub async fn sessions_at_provider(
        &self,
        method: SessionMethod,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> Result<Vec<TokenHash>, StoreError> {
        let rows = match (sid, subject) {
            (Some(sid), _) => self.read(BY_SID, args![method.word(), sid]).await?,
            (None, Some(subject)) => self.read(BY_SUBJECT, args![method.word(), subject]).await?,
            (None, None) => Vec::new(),
        };
        rows.into_iter().map(|row| Fields::new("session_details", row).hash("session")).collect()
    }

    /// The browsers in which the account was used before.
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<TokenHash>, StoreError> {
        self.list(DEVICES, args![account], |row| Fields::new("devices", row).hash("hash")).await
    }
}

impl Transaction {
    /// Notes how and where a session began.
    pub async fn insert_session_details(
        &mut self,
        session: &TokenHash,
        details: &SessionDetails,
    ) -> Result<(), StoreError> {
        let args = args![
            session,
            &details.id,
            word_of(&details.method),
            &details.agent,
            details.address.as_deref(),
            details.subject.as_deref(),
            details.sid.as_deref(),
            details.id_token.as_deref(),
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Notes that the account was used in this browser, and forgets those in which it was not used since `before`.
    pub async fn put_device(
        &mut self,
        account: &AccountId,
        device: &TokenHash,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.run(OLD_DEVICES, args![account, before]).await?;
        self.run(PUT_DEVICE, args![account, device, now]).await?;
        Ok(())
    }
}
