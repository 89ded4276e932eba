//! Practices and their rosters.

use crate::domain::audit::AuditKind;
use crate::domain::ids::{FhirId, Npi, PracticeId};
use crate::domain::practice::Practice;

use super::{About, Accounts, AccountsError, By};

/// A practice to be made.
#[derive(Clone, Debug)]
pub struct NewPractice {
    /// Name as printed.
    pub name: String,
    /// Postal address, one line.
    pub address: String,
    /// Main telephone.
    pub phone: String,
    /// Its Organization in the EHR, where known.
    pub organization: Option<FhirId>,
    /// NPIs of its providers.
    pub roster: Vec<Npi>,
}

impl Accounts {
    /// Makes a practice.
    pub async fn add_practice(&self, new: NewPractice, by: &By) -> Result<Practice, AccountsError> {
        if new.name.trim().is_empty() {
            return Err(AccountsError::Invalid("A practice needs a name."));
        }
        let practice = Practice {
            id: PracticeId::generate(&*self.random),
            name: new.name.trim().to_owned(),
            address: new.address,
            phone: new.phone,
            organization: new.organization,
            roster: new.roster,
        };
        self.store.insert_practice(&practice).await?;
        self.practice_changed(&practice.id, "practice_add", by).await?;
        Ok(practice)
    }

    /// Replaces particulars and roster.
    pub async fn update_practice(&self, practice: &Practice, by: &By) -> Result<(), AccountsError> {
        if !self.store.update_practice(practice).await? {
            return Err(AccountsError::Unknown);
        }
        self.practice_changed(&practice.id, "practice_update", by).await
    }

    /// Puts a provider on the roster; that it is there already is as good.
    pub async fn add_to_roster(
        &self,
        practice: &PracticeId,
        npi: &Npi,
        by: &By,
    ) -> Result<(), AccountsError> {
        self.store.add_to_roster(practice, npi).await?;
        self.practice_changed(practice, "roster_add", by).await
    }

    /// Takes a provider off the roster: from the next request on its panel is out of reach.
    pub async fn remove_from_roster(
        &self,
        practice: &PracticeId,
        npi: &Npi,
        by: &By,
    ) -> Result<(), AccountsError> {
        if !self.store.remove_from_roster(practice, npi).await? {
            return Err(AccountsError::Unknown);
        }
        self.practice_changed(practice, "roster_remove", by).await
    }

    async fn practice_changed(
        &self,
        practice: &PracticeId,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About { practice: Some(practice.clone()), ..About::default() };
        self.record(by, AuditKind::Administration, what, about).await
    }
}
