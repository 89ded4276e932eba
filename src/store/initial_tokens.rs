//! Initial access tokens (RFC 7591 3): what lets a vendor register clients without waiting for staff.

use crate::domain::ids::InitialTokenId;
use crate::domain::registration::InitialToken;
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row, json_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO initial_tokens (id, hash, label, kinds, scope, at_once, practice, uses, used, created_at, expires_at, revoked_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    LIST = "SELECT id, label, kinds, scope, at_once, practice, uses, used, created_at, expires_at, revoked_at
            FROM initial_tokens ORDER BY created_at DESC, id";
    USE = "UPDATE initial_tokens SET used = used + 1
           WHERE hash = $1 AND used < uses AND expires_at > $2 AND revoked_at IS NULL
           RETURNING id, label, kinds, scope, at_once, practice, uses, used, created_at, expires_at, revoked_at";
    REVOKE = "UPDATE initial_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

fn read(row: Row) -> Result<InitialToken, StoreError> {
    let mut fields = Fields::new("initial_tokens", row);
    Ok(InitialToken {
        id: fields.id("id")?,
        label: fields.text("label")?,
        kinds: fields.json("kinds")?,
        scope: fields.text("scope")?,
        at_once: fields.flag("at_once")?,
        practice: fields.maybe_id("practice")?,
        uses: fields.number("uses")?,
        used: fields.number("used")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
        revoked_at: fields.maybe_time("revoked_at")?,
    })
}

impl Store {
    /// Every initial access token, the newest first; those that ended too, for a month.
    pub async fn initial_tokens(&self) -> Result<Vec<InitialToken>, StoreError> {
        self.list(LIST, args![], read).await
    }
}

impl Transaction {
    /// Stores a token beside the hash of its secret.
    pub async fn insert_initial_token(
        &mut self,
        token: &InitialToken,
        hash: &TokenHash,
    ) -> Result<(), StoreError> {
        let args = args![
            &token.id,
            hash,
            &token.label,
            json_of("initial_tokens", &token.kinds)?,
            &token.scope,
            token.at_once,
            token.practice.as_ref(),
            token.uses,
            token.used,
            token.created_at,
            token.expires_at,
            token.revoked_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Spends one use. `None`: unknown, used up, expired or revoked. Part of the transaction that registers the client, so
    /// that a registration which fails costs nothing.
    pub async fn use_initial_token(&mut self, hash: &TokenHash) -> Result<Option<InitialToken>, StoreError> {
        let now = self.now();
        self.one(USE, args![hash, now]).await?.map(read).transpose()
    }

    /// Takes a token back. False when there is none, or it was taken back before.
    pub async fn revoke_initial_token(&mut self, id: &InitialTokenId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(REVOKE, args![id, now]).await? > 0)
    }
}

alone! {
    /// Stores a token beside the hash of its secret.
    fn insert_initial_token(token: &InitialToken, hash: &TokenHash) -> ();
    /// Spends one use.
    fn use_initial_token(hash: &TokenHash) -> Option<InitialToken>;
    /// Takes a token back.
    fn revoke_initial_token(id: &InitialTokenId) -> bool;
}
