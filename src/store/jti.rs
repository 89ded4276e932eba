//! Identifiers of client assertions that were used (RFC 7523 3, item 7).

use crate::domain::clock::Timestamp;
use crate::domain::secret::TokenHash;

use super::{StoreError, Transaction};

statements! {
    USE = "INSERT INTO used_jti (key_hash, expires_at) VALUES ($1, $2) ON CONFLICT (key_hash) DO NOTHING";
}

impl Transaction {
    /// Notes that `issuer` used `jti`, to be remembered until `until` (the assertion's expiry plus skew). False when it was
    /// used before: of any number of callers at once exactly one gets true.
    pub async fn use_jti(&mut self, issuer: &str, jti: &str, until: Timestamp) -> Result<bool, StoreError> {
        // The length keeps the two apart: no issuer can spell another's pair.
        let key = TokenHash::of(&format!("{}:{issuer}{jti}", issuer.len()));
        Ok(self.run(USE, args![&key, until]).await? > 0)
    }
}

alone! {
    /// Notes that `issuer` used `jti`; false when it was used before.
    fn use_jti(issuer: &str, jti: &str, until: Timestamp) -> bool;
}
