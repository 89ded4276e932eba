//! The saved patient list (S-61). Whether the record may be opened is decided afresh each time: saving never grants access.

use crate::domain::ids::{AccountId, FhirId};
use crate::store::saved::SavedPatient;

use super::{Accounts, AccountsError};

/// Patients on one list at most.
pub const SAVED_AT_MOST: usize = 500;

impl Accounts {
    /// The list, latest first.
    pub async fn saved_patients(&self, account: &AccountId) -> Result<Vec<SavedPatient>, AccountsError> {
        Ok(self.store.saved_patients(account).await?)
    }

    /// Puts a patient on the list; that it is there already is as good.
    pub async fn save_patient(&self, account: &AccountId, patient: &FhirId) -> Result<(), AccountsError> {
        if self.store.saved_patients(account).await?.len() >= SAVED_AT_MOST {
            return Err(AccountsError::Invalid("The list is full. Remove a patient first."));
        }
        self.store.save_patient(account, patient).await?;
        Ok(())
    }

    /// Takes a patient off the list; that it is not there is as good.
    pub async fn unsave_patient(&self, account: &AccountId, patient: &FhirId) -> Result<(), AccountsError> {
        self.store.unsave_patient(account, patient).await?;
        Ok(())
    }
}
