//! Jobs that one node at a time runs: a lease by name.

use std::time::Duration;

use super::{Store, StoreError, Transaction};

statements! {
    TAKE = "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE leases.holder = excluded.holder OR leases.expires_at <= $4";
}

impl Transaction {
    /// Takes the lease `name` for `holder` until `duration` from now, unless another holds it. True when taken or renewed.
    pub async fn take_lease(
        &mut self,
        name: &str,
        holder: &str,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(TAKE, args![name, holder, now.plus(duration), now]).await? > 0)
    }
}

impl Store {
    /// A name for this process among others on the same database, to hold leases under.
    pub fn node(&self) -> &str {
        &self.inner.node
    }
}

alone! {
    /// Takes the lease `name`, unless another holds it.
    fn take_lease(name: &str, holder: &str, duration: Duration) -> bool;
}
