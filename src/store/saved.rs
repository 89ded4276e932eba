//! Saved patient lists (S-61). Saving never grants access.

use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, FhirId};

use super::{Store, StoreError, Transaction};

/// One entry of a saved patient list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPatient {
    /// Whose record.
    pub patient: FhirId,
    /// Since when.
    pub saved_at: Timestamp,
}

impl Store {
    /// The list of an account, latest first.
    pub async fn saved_patients(&self, _account: &AccountId) -> Result<Vec<SavedPatient>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Saves a patient. False when on the list already.
    pub async fn save_patient(
        &mut self,
        _account: &AccountId,
        _patient: &FhirId,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Takes a patient off the list. False when not on it.
    pub async fn unsave_patient(
        &mut self,
        _account: &AccountId,
        _patient: &FhirId,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Saves a patient.
    fn save_patient(account: &AccountId, patient: &FhirId) -> bool;
    /// Takes a patient off the list.
    fn unsave_patient(account: &AccountId, patient: &FhirId) -> bool;
}
