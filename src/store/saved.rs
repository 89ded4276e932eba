//! Saved patient lists (S-61). Saving never grants access.

use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, FhirId};

use super::db::Fields;
use super::{Store, StoreError, Transaction};

statements! {
    LIST = "SELECT patient, saved_at FROM saved_patients WHERE account = $1 ORDER BY saved_at DESC, patient";
    ADD = "INSERT INTO saved_patients (account, patient, saved_at) VALUES ($1, $2, $3)
           ON CONFLICT (account, patient) DO NOTHING";
    REMOVE = "DELETE FROM saved_patients WHERE account = $1 AND patient = $2";
}

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
    pub async fn saved_patients(&self, account: &AccountId) -> Result<Vec<SavedPatient>, StoreError> {
        self.list(LIST, args![account], |row| {
            let mut fields = Fields::new("saved_patients", row);
            Ok(SavedPatient { patient: fields.id("patient")?, saved_at: fields.time("saved_at")? })
        })
        .await
    }
}

impl Transaction {
    /// Saves a patient. False when on the list already.
    pub async fn save_patient(&mut self, account: &AccountId, patient: &FhirId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(ADD, args![account, patient, now]).await? > 0)
    }

    /// Takes a patient off the list. False when not on it.
    pub async fn unsave_patient(
        &mut self,
        account: &AccountId,
        patient: &FhirId,
    ) -> Result<bool, StoreError> {
        Ok(self.run(REMOVE, args![account, patient]).await? > 0)
    }
}

alone! {
    /// Saves a patient.
    fn save_patient(account: &AccountId, patient: &FhirId) -> bool;
    /// Takes a patient off the list.
    fn unsave_patient(account: &AccountId, patient: &FhirId) -> bool;
}
