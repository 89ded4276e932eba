//! Identifiers of client assertions that were used (RFC 7523 3, item 7).

use crate::domain::clock::Timestamp;

use super::{StoreError, Transaction};

impl Transaction {
    /// Notes that `issuer` used `jti`, to be remembered until `until` (the assertion's expiry plus skew). False when it was
    /// used before: of any number of callers at once exactly one gets true.
    pub async fn use_jti(
        &mut self,
        _issuer: &str,
        _jti: &str,
        _until: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Notes that `issuer` used `jti`; false when it was used before.
    fn use_jti(issuer: &str, jti: &str, until: Timestamp) -> bool;
}
