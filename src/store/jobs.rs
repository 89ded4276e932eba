//! Jobs that one node at a time runs: a lease by name.

use std::time::Duration;

use super::{StoreError, Transaction};

impl Transaction {
    /// Takes the lease `name` for `holder` until `duration` from now, unless another holds it. True when taken or renewed.
    pub async fn take_lease(
        &mut self,
        _name: &str,
        _holder: &str,
        _duration: Duration,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Takes the lease `name`, unless another holds it.
    fn take_lease(name: &str, holder: &str, duration: Duration) -> bool;
}
