//! EHR-launch handles: what the `launch` parameter refers to. Each is taken once.

use crate::domain::client::Launch;
use crate::domain::secret::TokenHash;

use super::db::{Fields, json_of};
use super::{StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO launches (hash, client, account, context, expires_at) VALUES ($1, $2, $3, $4, $5)";
    TAKE = "DELETE FROM launches WHERE hash = $1 RETURNING hash, client, account, context, expires_at";
}

impl Transaction {
    /// Adds a handle.
    pub async fn insert_launch(&mut self, launch: &Launch) -> Result<(), StoreError> {
        let args = args![
            &launch.hash,
            &launch.client,
            &launch.account,
            json_of("launches", &launch.context)?,
            launch.expires_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Takes the handle: the first caller gets it, every later one `None`. `None` as well when it has expired.
    pub async fn take_launch(&mut self, hash: &TokenHash) -> Result<Option<Launch>, StoreError> {
        let Some(row) = self.one(TAKE, args![hash]).await? else { return Ok(None) };
        let mut fields = Fields::new("launches", row);
        let launch = Launch {
            hash: fields.hash("hash")?,
            client: fields.id("client")?,
            account: fields.id("account")?,
            context: fields.json("context")?,
            expires_at: fields.time("expires_at")?,
        };
        Ok((launch.expires_at > self.now()).then_some(launch))
    }
}

alone! {
    /// Adds a handle.
    fn insert_launch(launch: &Launch) -> ();
    /// Takes the handle, once.
    fn take_launch(hash: &TokenHash) -> Option<Launch>;
}
