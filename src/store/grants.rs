//! Grants (S-40, D-06).

use crate::domain::grant::Grant;
use crate::domain::ids::{AccountId, FhirId, GrantId};

use super::{Store, StoreError, Transaction};

impl Store {
    /// The grant with this identifier, revoked or not.
    pub async fn grant(&self, _id: &GrantId) -> Result<Option<Grant>, StoreError> {
        todo!()
    }

    /// The grants that hold now for this patient's record, oldest first.
    pub async fn grants_for_patient(&self, _patient: &FhirId) -> Result<Vec<Grant>, StoreError> {
        todo!()
    }

    /// The grants that hold now for this provider, oldest first.
    pub async fn grants_for_provider(&self, _provider: &AccountId) -> Result<Vec<Grant>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds a grant.
    pub async fn insert_grant(&mut self, _grant: &Grant) -> Result<(), StoreError> {
        todo!()
    }

    /// Revokes a grant now. False when it is revoked already or unknown.
    pub async fn revoke_grant(&mut self, _id: &GrantId) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds a grant.
    fn insert_grant(grant: &Grant) -> ();
    /// Revokes a grant now.
    fn revoke_grant(id: &GrantId) -> bool;
}
