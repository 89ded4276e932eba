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
    WITH_REVISION = "SELECT id, name, kind, auth, redirect_uris, launch_uri, scope, practice, trusted, state, details, created_at,
                     revision FROM clients WHERE id = $1";
    REPLACE = "UPDATE clients SET name = $3, kind = $4, auth = $5, redirect_uris = $6, launch_uri = $7, scope = $8, practice = $9,
               state = $10, details = $11, revision = revision + 1 WHERE id = $1 AND revision = $2";
    PENDING = "SELECT COUNT(*) FROM clients WHERE state = 'pending'";
    SET_STATE = "UPDATE clients SET state = $2, revision = revision + 1 WHERE id = $1";
    ITS_AUTHORIZATIONS = "SELECT id FROM authorizations WHERE client = $1 AND revoked_at IS NULL";
    REMOVE = "DELETE FROM clients WHERE id = $1";
}

fn read(row: Row) -> Result<Client, StoreError> {
    read_from(&mut Fields::new("clients", row))
}

/// A client with the number of its latest change, which the next change has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// As stored.
    pub client: Client,
    /// How often it was changed.
    pub revision: i64,
}

fn read_from(fields: &mut Fields) -> Result<Client, StoreError> {
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

    /// The client and the number of its latest change, from the database.
    pub async fn registration(&self, id: &ClientId) -> Result<Option<Registration>, StoreError> {
        let row = self.read_one(WITH_REVISION, args![id]).await?;
        row.map(|row| {
            let mut fields = Fields::new("clients", row);
            Ok(Registration { client: read_from(&mut fields)?, revision: fields.int("revision")? })
        })
        .transpose()
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

    /// Puts `client` in the place of what is stored, unless that was changed since `revision` was read. Everything but the
    /// identifier, `trusted` and the time of registration. False when it was changed, or is no longer there.
    pub async fn replace_client(&mut self, client: &Client, revision: i64) -> Result<bool, StoreError> {
        let args = args![
            &client.id,
            revision,
            &client.name,
            word_of(&client.kind),
            json_of("clients", &client.auth)?,
            json_of("clients", &client.redirect_uris)?,
            client.launch_uri.as_ref(),
            &client.scope,
            client.practice.as_ref(),
            word_of(&client.state),
            json_of("clients", &client.details)?,
        ];
        let found = self.run(REPLACE, args).await? > 0;
        self.changed(Noun::Client, client.id.as_str());
        Ok(found)
    }

    /// How many clients wait for staff.
    pub async fn pending_clients(&mut self) -> Result<u32, StoreError> {
        match self.one(PENDING, args![]).await? {
            Some(row) => Fields::new("clients", row).number("count"),
            None => Ok(0),
        }
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
    /// Puts a client in the place of what is stored, unless that was changed meanwhile.
    fn replace_client(client: &Client, revision: i64) -> bool;
    /// How many clients wait for staff.
    fn pending_clients() -> u32;
    /// Sets whether the client may act.
    fn set_client_state(id: &ClientId, state: ClientState) -> bool;
    /// Removes the client with everything it was authorized to do.
    fn remove_client(id: &ClientId) -> bool;
}
