//! Practices and their rosters. A provider is a member of each practice whose roster has the provider's NPI.

use crate::domain::ids::{Npi, PracticeId};
use crate::domain::practice::Practice;

use super::{Store, StoreError, Transaction};

impl Store {
    /// The practice with this identifier.
    pub async fn practice(&self, _id: &PracticeId) -> Result<Option<Practice>, StoreError> {
        todo!()
    }

    /// All practices by name.
    pub async fn practices(&self) -> Result<Vec<Practice>, StoreError> {
        todo!()
    }

    /// The practices whose roster has this NPI, by name.
    pub async fn practices_with(&self, _npi: &Npi) -> Result<Vec<Practice>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds a practice with its roster.
    pub async fn insert_practice(&mut self, _practice: &Practice) -> Result<(), StoreError> {
        todo!()
    }

    /// Replaces name, address, telephone, organization and roster. False when there is no such practice.
    pub async fn update_practice(&mut self, _practice: &Practice) -> Result<bool, StoreError> {
        todo!()
    }

    /// Puts an NPI on the roster. False when it is there already.
    pub async fn add_to_roster(&mut self, _practice: &PracticeId, _npi: &Npi) -> Result<bool, StoreError> {
        todo!()
    }

    /// Takes an NPI off the roster. False when it is not there.
    pub async fn remove_from_roster(
        &mut self,
        _practice: &PracticeId,
        _npi: &Npi,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds a practice with its roster.
    fn insert_practice(practice: &Practice) -> ();
    /// Replaces a practice's particulars and roster.
    fn update_practice(practice: &Practice) -> bool;
    /// Puts an NPI on the roster.
    fn add_to_roster(practice: &PracticeId, npi: &Npi) -> bool;
    /// Takes an NPI off the roster.
    fn remove_from_roster(practice: &PracticeId, npi: &Npi) -> bool;
}
