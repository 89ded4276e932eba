//! OAuth clients.

use std::sync::Arc;

use crate::domain::client::{Client, ClientState};
use crate::domain::ids::ClientId;

use super::{Store, StoreError, Transaction};

impl Store {
    /// The client with this identifier, from memory, current to the last commit.
    pub fn client(&self, _id: &ClientId) -> Option<Arc<Client>> {
        todo!()
    }

    /// All clients by name.
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Registers a client. `Conflict("clients.id")` when the identifier is taken.
    pub async fn insert_client(&mut self, _client: &Client) -> Result<(), StoreError> {
        todo!()
    }

    /// Sets whether the client may act. False when there is no such client.
    pub async fn set_client_state(
        &mut self,
        _id: &ClientId,
        _state: ClientState,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Removes the client with everything it was authorized to do. False when there is no such client.
    pub async fn remove_client(&mut self, _id: &ClientId) -> Result<bool, StoreError> {
        todo!()
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
