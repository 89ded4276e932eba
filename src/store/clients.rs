//! OAuth clients.

use std::sync::Arc;

use crate::domain::client::{Client, ClientState};
use crate::domain::ids::ClientId;

use super::changes::Noun;
use super::db::{Fields, Row, json_of, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO clients (id, name, kind, auth, redirect_uris, launch_uri, scope, practice, trusted, state, details, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    BY_ID = "SELECT id, name, kind, auth, redirect_uris, launch_uri, scope, practice, trusted, state, details, created_at
             FROM clients WHERE id = $1";
    LIST = "SELECT id, name, kind, auth, redirect_uris, launch_uri, scope, practice, trusted, state, details, created_at
            FROM clients ORDER BY name, id";
    SET_STATE = "UPDATE clients SET state = $2 WHERE id = $1";
    ITS_AUTHORIZATIONS = "SELECT id FROM authorizations WHERE client = $1 AND revoked_at IS NULL";
    REMOVE = "DELETE FROM clients WHERE id = $1";
}

fn read(row: Row) -> Result<Client, StoreError> {
    let mut fields = Fields::new("clients", row);
    Ok(Client {
        id: fields.id("id")?,
        name: fields.text("name")?,
        kind: fields.word("kind")?,
        auth: fields.json("auth")?,
        redirect_uris: fields.json("redirect_uris")?,
        launch_uri: fields.maybe_text("launch_uri")?,
        scope: fields.text("scope")?,
        practice: fields.maybe_id("practice")?,
        trusted: fields.flag("trusted")?,
        state: fields.word("state")?,
        details: fields.json("details")?,
        created_at: fields.time("created_at")?,
    })
}

impl Store {
    /// The client with this identifier, from memory, current to the last commit.
    pub fn client(&self, id: &ClientId) -> Option<Arc<Client>> {
        self.inner.directory.client(id)
    }

    pub(super) async fn stored_client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// All clients by name.
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.list(LIST, args![], read).await
    }
}

impl Transaction {
    /// Registers a client. `Conflict("clients.id")` when the identifier is taken.
    pub async fn insert_client(&mut self, client: &Client) -> Result<(), StoreError> {
        let args = args![
            &client.id,
            &client.name,
            word_of(&client.kind),
            json_of("clients", &client.auth)?,
            json_of("clients", &client.redirect_uris)?,
            client.launch_uri.as_ref(),
            &client.scope,
            client.practice.as_ref(),
            client.trusted,
            word_of(&client.state),
            json_of("clients", &client.details)?,
            client.created_at,
        ];
        self.run(INSERT, args).await?;
        self.changed(Noun::Client, client.id.as_str());
        Ok(())
    }

    /// Sets whether the client may act. False when there is no such client.
    pub async fn set_client_state(&mut self, id: &ClientId, state: ClientState) -> Result<bool, StoreError> {
        let found = self.run(SET_STATE, args![id, word_of(&state)]).await? > 0;
        self.changed(Noun::Client, id.as_str());
        Ok(found)
    }

    /// Removes the client with everything it was authorized to do. False when there is no such client.
    pub async fn remove_client(&mut self, id: &ClientId) -> Result<bool, StoreError> {
        for row in self.rows(ITS_AUTHORIZATIONS, args![id]).await? {
            let authorization = Fields::new("authorizations", row).text("id")?;
            self.changed(Noun::Authorization, authorization);
        }
        let found = self.run(REMOVE, args![id]).await? > 0;
        self.changed(Noun::Client, id.as_str());
        Ok(found)
    }
}

alone! {
    /// Registers a client.
    fn insert_client(client: &Client) -> ();
    /// Sets whether the client may act.
    fn set_client_state(id: &ClientId, state: ClientState) -> bool;
    /// Removes the client with everything it was authorized to do.
    fn remove_client(id: &ClientId) -> bool;
}
