//! Grants (S-40, D-06).

use crate::domain::clock::Timestamp;
use crate::domain::grant::{DataKinds, Grant};
use crate::domain::ids::{AccountId, FhirId, GrantId};

use super::changes::Noun;
use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO grants (id, patient, provider, granted_by, kinds, covers_restricted, created_at, ends_at, revoked_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_ID = "SELECT id, patient, provider, granted_by, kinds, covers_restricted, created_at, ends_at, revoked_at
             FROM grants WHERE id = $1";
    FOR_PATIENT = "SELECT id, patient, provider, granted_by, kinds, covers_restricted, created_at, ends_at, revoked_at
                   FROM grants WHERE patient = $1 AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $2)
                   ORDER BY created_at, id";
    FOR_PROVIDER = "SELECT id, patient, provider, granted_by, kinds, covers_restricted, created_at, ends_at, revoked_at
                    FROM grants WHERE provider = $1 AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $2)
                    ORDER BY created_at, id";
    REVOKE = "UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REPLACE = "UPDATE grants SET revoked_at = $2, replaced_by = $3
               WHERE id = $1 AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $2)";
    RESTORE = "UPDATE grants SET replaced_by = $2 WHERE id = $1 AND replaced_by IS NULL AND revoked_at > $3";
}

pub(super) fn read(row: Row) -> Result<Grant, StoreError> {
    let mut fields = Fields::new("grants", row);
    Ok(Grant {
        id: fields.id("id")?,
        patient: fields.id("patient")?,
        provider: fields.id("provider")?,
        granted_by: fields.word("granted_by")?,
        kinds: DataKinds::from_bits(fields.number("kinds")?),
        covers_restricted: fields.flag("covers_restricted")?,
        created_at: fields.time("created_at")?,
        ends_at: fields.maybe_time("ends_at")?,
        revoked_at: fields.maybe_time("revoked_at")?,
    })
}

impl Store {
    /// The grant with this identifier, revoked or not.
    pub async fn grant(&self, id: &GrantId) -> Result<Option<Grant>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// The grants that hold now for this patient's record, oldest first.
    pub async fn grants_for_patient(&self, patient: &FhirId) -> Result<Vec<Grant>, StoreError> {
        self.list(FOR_PATIENT, args![patient, self.now()], read).await
    }

    /// The grants that hold now for this provider, oldest first.
    pub async fn grants_for_provider(&self, provider: &AccountId) -> Result<Vec<Grant>, StoreError> {
        self.list(FOR_PROVIDER, args![provider, self.now()], read).await
    }
}

impl Transaction {
    /// Adds a grant.
    pub async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        let args = args![
            &grant.id,
            &grant.patient,
            &grant.provider,
            word_of(&grant.granted_by),
            u32::from(grant.kinds.bits()),
            grant.covers_restricted,
            grant.created_at,
            grant.ends_at,
            grant.revoked_at,
        ];
        self.run(INSERT, args).await?;
        self.changed(Noun::Grant, grant.id.as_str());
        Ok(())
    }

    /// Puts a grant in the place of one that holds, in one step: the provider has the one or the other at any moment. False, and
    /// nothing is done, when the first does not hold any more.
    pub async fn replace_grant(&mut self, id: &GrantId, by: &Grant) -> Result<bool, StoreError> {
        let now = self.now();
        if self.run(REPLACE, args![id, now, &by.id]).await? == 0 {
            return Ok(false);
        }
        self.changed(Noun::Grant, id.as_str());
        self.insert_grant(by).await?;
        Ok(true)
    }

    /// Puts a grant in the place of one that was revoked after `since`, once. False, and nothing is done, when it was revoked
    /// earlier, not at all, or has been restored.
    pub async fn restore_grant(
        &mut self,
        id: &GrantId,
        by: &Grant,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        if self.run(RESTORE, args![id, &by.id, since]).await? == 0 {
            return Ok(false);
        }
        self.insert_grant(by).await?;
        Ok(true)
    }

    /// Revokes a grant now. False when it is revoked already or unknown.
    pub async fn revoke_grant(&mut self, id: &GrantId) -> Result<bool, StoreError> {
        let now = self.now();
        let revoked = self.run(REVOKE, args![id, now]).await? > 0;
        self.changed(Noun::Grant, id.as_str());
        Ok(revoked)
    }
}

alone! {
    /// Adds a grant.
    fn insert_grant(grant: &Grant) -> ();
    /// Revokes a grant now.
    fn revoke_grant(id: &GrantId) -> bool;
}
