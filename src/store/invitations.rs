//! Invitations from families (S-50 to S-56). Each step holds only where the invitation still stands where the step begins.

use crate::domain::grant::{DataKinds, Grant};
use crate::domain::ids::{AccountId, FhirId, InvitationId};
use crate::domain::invitation::Invitation;
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO invitations (id, hash, mrn_hash, patient, initials, invited_by, granted_by, name, email, kinds,
                  covers_restricted, grant_ends_at, state, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    OF_PATIENT = "SELECT id, patient, initials, invited_by, granted_by, name, email, kinds, covers_restricted, grant_ends_at, state,
                      created_at, expires_at, used_at, used_by, grant_id
                  FROM invitations WHERE patient = $1 ORDER BY created_at DESC, id LIMIT 100";
    BY_HASH = "SELECT id, patient, initials, invited_by, granted_by, name, email, kinds, covers_restricted, grant_ends_at, state,
                   created_at, expires_at, used_at, used_by, grant_id, mrn_hash
               FROM invitations WHERE hash = $1";
    OPEN = "SELECT COUNT(*) FROM invitations WHERE patient = $1 AND state = 'open' AND expires_at > $2";
    USE = "UPDATE invitations SET state = 'used', used_at = $2, used_by = $3, grant_id = $4
           WHERE id = $1 AND state = 'open' AND expires_at > $2 AND (grant_ends_at IS NULL OR grant_ends_at > $2)";
    REVOKE = "UPDATE invitations SET state = 'revoked' WHERE id = $1 AND patient = $2 AND state = 'open'";
}

fn read(row: Row) -> Result<Invitation, StoreError> {
    read_fields(&mut Fields::new("invitations", row))
}

fn read_fields(fields: &mut Fields) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: fields.id("id")?,
        patient: fields.id("patient")?,
        initials: fields.text("initials")?,
        invited_by: fields.id("invited_by")?,
        granted_by: fields.word("granted_by")?,
        name: fields.text("name")?,
        email: fields.maybe_text("email")?,
        kinds: DataKinds::from_bits(fields.number("kinds")?),
        covers_restricted: fields.flag("covers_restricted")?,
        grant_ends_at: fields.maybe_time("grant_ends_at")?,
        state: fields.word("state")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
        used_at: fields.maybe_time("used_at")?,
        used_by: fields.maybe_id("used_by")?,
        grant: fields.maybe_id("grant_id")?,
    })
}

impl Store {
    /// The latest hundred invitations to this patient's record, the newest first, whatever their state.
    pub async fn invitations_of(&self, patient: &FhirId) -> Result<Vec<Invitation>, StoreError> {
        self.list(OF_PATIENT, args![patient], read).await
    }

    /// The invitation with this token, and what binds it to its MRN; whatever its state.
    pub async fn invitation_by_token(
        &self,
        token: &TokenHash,
    ) -> Result<Option<(Invitation, TokenHash)>, StoreError> {
        let Some(row) = self.read_one(BY_HASH, args![token]).await? else { return Ok(None) };
        let mut fields = Fields::new("invitations", row);
        Ok(Some((read_fields(&mut fields)?, fields.hash("mrn_hash")?)))
    }
}

impl Transaction {
    /// Stores an invitation beside the hashes of its token and of the MRN that goes with it.
    pub async fn insert_invitation(
        &mut self,
        invitation: &Invitation,
        token: &TokenHash,
        mrn: &TokenHash,
    ) -> Result<(), StoreError> {
        let args = args![
            &invitation.id,
            token,
            mrn,
            &invitation.patient,
            &invitation.initials,
            &invitation.invited_by,
            word_of(&invitation.granted_by),
            &invitation.name,
            invitation.email.as_deref(),
            u32::from(invitation.kinds.bits()),
            invitation.covers_restricted,
            invitation.grant_ends_at,
            word_of(&invitation.state),
            invitation.created_at,
            invitation.expires_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// How many invitations to this record can still be used.
    pub async fn open_invitations(&mut self, patient: &FhirId) -> Result<u32, StoreError> {
        let now = self.now();
        let row = self.one(OPEN, args![patient, now]).await?;
        row.map_or(Ok(0), |row| Fields::new("invitations", row).number("count"))
    }

    /// Uses an invitation and adds the grant that comes of it. False, and nothing is done, when it was used, taken back or expired
    /// meanwhile (D-05).
    pub async fn use_invitation(
        &mut self,
        id: &InvitationId,
        by: &AccountId,
        grant: &Grant,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        // The grant first, as the invitation refers to it; whoever loses rolls back.
        self.insert_grant(grant).await?;
        Ok(self.run(USE, args![id, now, by, &grant.id]).await? > 0)
    }

    /// Takes an open invitation to this patient's record back. False when there is none such.
    pub async fn revoke_invitation(
        &mut self,
        id: &InvitationId,
        patient: &FhirId,
    ) -> Result<bool, StoreError> {
        Ok(self.run(REVOKE, args![id, patient]).await? > 0)
    }
}

alone! {
    /// Takes an open invitation back.
    fn revoke_invitation(id: &InvitationId, patient: &FhirId) -> bool;
}
