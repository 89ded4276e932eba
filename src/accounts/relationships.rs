//! Grants (S-40, D-06) and sponsorships (S-70, S-71).

use crate::domain::account::{AccountKind, AccountState};
use crate::domain::audit::AuditKind;
use crate::domain::clock::Timestamp;
use crate::domain::grant::{DataKinds, Grant, GrantedBy};
use crate::domain::ids::{AccountId, FhirId, GrantId, SponsorshipId};
use crate::domain::practice::{Sponsorship, SponsorshipState};

use super::{About, Accounts, AccountsError, By};

/// A grant to be made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Whose record.
    pub patient: FhirId,
    /// Which provider may look.
    pub provider: AccountId,
    /// Whose decision it is.
    pub granted_by: GrantedBy,
    /// What may be seen.
    pub kinds: DataKinds,
    /// Whether resources labelled restricted are covered (D-11).
    pub covers_restricted: bool,
    /// Until when: the guardian's end date or the 18th birthday, whichever is earlier (D-07).
    pub ends_at: Option<Timestamp>,
}

impl Accounts {
    /// Lets one provider see one patient's record, from the next request on.
    pub async fn add_grant(&self, new: NewGrant, by: &By) -> Result<Grant, AccountsError> {
        let grant = self.prepare_grant(new).await?;
        self.store.insert_grant(&grant).await?;
        self.grant_changed(&grant, "grant_add", by).await?;
        Ok(grant)
    }

    /// A grant that holds once it is inserted, checked.
    pub(super) async fn prepare_grant(&self, new: NewGrant) -> Result<Grant, AccountsError> {
        let now = self.now();
        if new.ends_at.is_some_and(|end| end <= now) {
            return Err(AccountsError::Invalid("The end date is in the past."));
        }
        if new.kinds == DataKinds::NONE {
            return Err(AccountsError::Invalid("Choose at least one kind of data."));
        }
        self.must_be_provider(&new.provider).await?;
        Ok(Grant {
            id: GrantId::generate(&*self.random),
            patient: new.patient,
            provider: new.provider,
            granted_by: new.granted_by,
            kinds: new.kinds,
            covers_restricted: new.covers_restricted,
            created_at: now,
            ends_at: new.ends_at,
            revoked_at: None,
        })
    }

    /// Takes a grant back, from the next request on (D-06).
    pub async fn revoke_grant(&self, id: &GrantId, by: &By) -> Result<(), AccountsError> {
        let grant = self.store.grant(id).await?.ok_or(AccountsError::Unknown)?;
        if !self.store.revoke_grant(id).await? {
            return Err(AccountsError::Unknown);
        }
        self.grant_changed(&grant, "grant_revoke", by).await
    }

    /// Puts a provider behind a sponsored user.
    pub async fn add_sponsorship(
        &self,
        sponsor: &AccountId,
        sponsored: &AccountId,
        by: &By,
    ) -> Result<Sponsorship, AccountsError> {
        self.must_be_provider(sponsor).await?;
        let user = self.store.account(sponsored).await?.ok_or(AccountsError::Unknown)?;
        if user.kind != AccountKind::Sponsored {
            return Err(AccountsError::Invalid("Only practice staff can be sponsored."));
        }
        let sponsorship = Sponsorship {
            id: SponsorshipId::generate(&*self.random),
            sponsor: sponsor.clone(),
            sponsored: sponsored.clone(),
            state: SponsorshipState::Active,
            created_at: self.now(),
        };
        self.store.insert_sponsorship(&sponsorship).await?;
        self.sponsorship_changed(&sponsorship.id, "sponsorship_add", by).await?;
        Ok(sponsorship)
    }

    /// Pauses, resumes or ends a sponsorship, from the next request on (D-08).
    pub async fn set_sponsorship(
        &self,
        id: &SponsorshipId,
        state: SponsorshipState,
        by: &By,
    ) -> Result<(), AccountsError> {
        if !self.store.set_sponsorship_state(id, state).await? {
            return Err(AccountsError::Unknown);
        }
        let what = match state {
            SponsorshipState::Invited => "sponsorship_invite",
            SponsorshipState::Active => "sponsorship_resume",
            SponsorshipState::Suspended => "sponsorship_suspend",
            SponsorshipState::Ended => "sponsorship_end",
        };
        self.sponsorship_changed(id, what, by).await
    }

    async fn must_be_provider(&self, id: &AccountId) -> Result<(), AccountsError> {
        let account = self.store.account(id).await?.ok_or(AccountsError::Unknown)?;
        match account.kind {
            AccountKind::Provider { .. } if account.state == AccountState::Active => Ok(()),
            _ => Err(AccountsError::Invalid("This is not the account of an active provider.")),
        }
    }

    pub(super) async fn grant_changed(
        &self,
        grant: &Grant,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About {
            patients: vec![grant.patient.clone()],
            reason: Some(grant.id.to_string()),
            ..About::default()
        };
        self.record(by, AuditKind::Access, what, about).await
    }

    async fn sponsorship_changed(
        &self,
        id: &SponsorshipId,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About { reason: Some(id.to_string()), ..About::default() };
        self.record(by, AuditKind::Access, what, about).await
    }
}
