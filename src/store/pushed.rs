//! Pushed authorization requests (RFC 9126). Each is taken once.

use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;
use crate::domain::secret::TokenHash;

use super::db::Fields;
use super::{StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO pushed_requests (hash, client, params, expires_at) VALUES ($1, $2, $3, $4)";
    // Another client's attempt leaves it where it is.
    TAKE = "DELETE FROM pushed_requests WHERE hash = $1 AND client = $2 RETURNING hash, client, params, expires_at";
}

/// A request that waits for the user's browser to name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRequest {
    /// Hash of the end of the `request_uri`.
    pub hash: TokenHash,
    /// Who pushed it.
    pub client: ClientId,
    /// Its parameters as a query string, judged when they came.
    pub params: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Transaction {
    /// Keeps a request.
    pub async fn insert_pushed_request(&mut self, request: &PushedRequest) -> Result<(), StoreError> {
        let args = args![&request.hash, &request.client, &request.params, request.expires_at];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Takes the request that `client` pushed: the first caller gets it, every later one `None`. `None` as well when it has
    /// expired.
    pub async fn take_pushed_request(
        &mut self,
        hash: &TokenHash,
        client: &ClientId,
    ) -> Result<Option<PushedRequest>, StoreError> {
        let Some(row) = self.one(TAKE, args![hash, client]).await? else { return Ok(None) };
        let mut fields = Fields::new("pushed_requests", row);
        let request = PushedRequest {
            hash: fields.hash("hash")?,
            client: fields.id("client")?,
            params: fields.text("params")?,
            expires_at: fields.time("expires_at")?,
        };
        Ok((request.expires_at > self.now()).then_some(request))
    }
}

alone! {
    /// Keeps a request.
    fn insert_pushed_request(request: &PushedRequest) -> ();
    /// Takes a request, once.
    fn take_pushed_request(hash: &TokenHash, client: &ClientId) -> Option<PushedRequest>;
}
