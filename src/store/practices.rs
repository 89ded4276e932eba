//! Practices and their rosters. A provider is a member of each practice whose roster has the provider's NPI.

use crate::domain::ids::{Npi, PracticeId};
use crate::domain::practice::Practice;

use super::changes::Noun;
use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO practices (id, name, address, phone, organization) VALUES ($1, $2, $3, $4, $5)";
    UPDATE = "UPDATE practices SET name = $2, address = $3, phone = $4, organization = $5 WHERE id = $1";
    BY_ID = "SELECT id, name, address, phone, organization FROM practices WHERE id = $1";
    LIST = "SELECT id, name, address, phone, organization FROM practices ORDER BY name, id";
    WITH = "SELECT id, name, address, phone, organization FROM practices
            WHERE id IN (SELECT practice FROM rosters WHERE npi = $1) ORDER BY name, id";
    ROSTER = "SELECT npi FROM rosters WHERE practice = $1 ORDER BY npi";
    ROSTER_ADD = "INSERT INTO rosters (practice, npi) VALUES ($1, $2) ON CONFLICT (practice, npi) DO NOTHING";
    ROSTER_REMOVE = "DELETE FROM rosters WHERE practice = $1 AND npi = $2";
    ROSTER_CLEAR = "DELETE FROM rosters WHERE practice = $1";
}

/// A practice still without its roster.
fn read(row: Row) -> Result<Practice, StoreError> {
    let mut fields = Fields::new("practices", row);
    Ok(Practice {
        id: fields.id("id")?,
        name: fields.text("name")?,
        address: fields.text("address")?,
        phone: fields.text("phone")?,
        organization: fields.maybe_id("organization")?,
        roster: Vec::new(),
    })
}

impl Store {
    /// The practice with this identifier.
    pub async fn practice(&self, id: &PracticeId) -> Result<Option<Practice>, StoreError> {
        Ok(self.with_rosters(BY_ID, args![id]).await?.pop())
    }

    /// All practices by name.
    pub async fn practices(&self) -> Result<Vec<Practice>, StoreError> {
        self.with_rosters(LIST, args![]).await
    }

    /// The practices whose roster has this NPI, by name.
    pub async fn practices_with(&self, npi: &Npi) -> Result<Vec<Practice>, StoreError> {
        self.with_rosters(WITH, args![npi]).await
    }

    async fn with_rosters(
        &self,
        sql: super::db::Sql,
        args: Vec<super::db::Arg>,
    ) -> Result<Vec<Practice>, StoreError> {
        let mut practices = self.list(sql, args, read).await?;
        for practice in &mut practices {
            practice.roster =
                self.list(ROSTER, args![&practice.id], |row| Fields::new("rosters", row).id("npi")).await?;
        }
        Ok(practices)
    }
}

impl Transaction {
    /// Adds a practice with its roster.
    pub async fn insert_practice(&mut self, practice: &Practice) -> Result<(), StoreError> {
        self.run(INSERT, particulars(practice)).await?;
        self.fill_roster(practice).await
    }

    /// Replaces name, address, telephone, organization and roster. False when there is no such practice.
    pub async fn update_practice(&mut self, practice: &Practice) -> Result<bool, StoreError> {
        if self.run(UPDATE, particulars(practice)).await? == 0 {
            return Ok(false);
        }
        self.run(ROSTER_CLEAR, args![&practice.id]).await?;
        self.fill_roster(practice).await?;
        Ok(true)
    }

    async fn fill_roster(&mut self, practice: &Practice) -> Result<(), StoreError> {
        for npi in &practice.roster {
            self.run(ROSTER_ADD, args![&practice.id, npi]).await?;
        }
        self.changed(Noun::Practice, practice.id.as_str());
        Ok(())
    }

    /// Puts an NPI on the roster. False when it is there already.
    pub async fn add_to_roster(&mut self, practice: &PracticeId, npi: &Npi) -> Result<bool, StoreError> {
        let added = self.run(ROSTER_ADD, args![practice, npi]).await? > 0;
        self.changed(Noun::Practice, practice.as_str());
        Ok(added)
    }

    /// Takes an NPI off the roster. False when it is not there.
    pub async fn remove_from_roster(&mut self, practice: &PracticeId, npi: &Npi) -> Result<bool, StoreError> {
        let removed = self.run(ROSTER_REMOVE, args![practice, npi]).await? > 0;
        self.changed(Noun::Practice, practice.as_str());
        Ok(removed)
    }
}

fn particulars(practice: &Practice) -> Vec<super::db::Arg> {
    args![&practice.id, &practice.name, &practice.address, &practice.phone, practice.organization.as_ref(),]
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
