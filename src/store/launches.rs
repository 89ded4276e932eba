//! EHR-launch handles: what the `launch` parameter refers to. Each is taken once.

use crate::domain::client::Launch;
use crate::domain::secret::TokenHash;

use super::{StoreError, Transaction};

impl Transaction {
    /// Adds a handle.
    pub async fn insert_launch(&mut self, _launch: &Launch) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes the handle: the first caller gets it, every later one `None`. `None` as well when it has expired.
    pub async fn take_launch(&mut self, _hash: &TokenHash) -> Result<Option<Launch>, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds a handle.
    fn insert_launch(launch: &Launch) -> ();
    /// Takes the handle, once.
    fn take_launch(hash: &TokenHash) -> Option<Launch>;
}
