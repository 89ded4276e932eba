//! Invitations (S-50 to S-56, D-05): a family makes one, a provider enters its token, once.

use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use crate::domain::grant::Grant;
use crate::domain::ids::{GrantId, InvitationId};
use crate::domain::invitation::{Invitation, InvitationState, InvitationToken, expiry, mrn_hash};
use crate::domain::language::Language;
use crate::domain::notice::NoticeKind;
use crate::store::throttle::ThrottleKind;

use super::families::{Choice, Decider};
use super::notices::queued;
use super::{About, Accounts, AccountsError, By};

/// Invitations to one record that are open at a time.
pub const OPEN_AT_MOST: u32 = 20;
/// Longest name that a family gives somebody, in characters.
pub const LONGEST_NAME: usize = 80;

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Whom, as the family calls them.
    pub name: String,
    /// Where to mail it; `None`: on paper.
    pub email: Option<String>,
    /// The MRN that it is bound to (S-53).
    pub mrn: String,
    /// What it gives.
    pub choice: Choice,
}

/// Why a token did not lead to a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Unknown, mistyped, used, taken back, expired, or with another MRN: one answer (S-53, S-55).
    #[error("the token does not work")]
    Wrong,
    /// Too many wrong attempts (D-05).
    #[error("attempts are paused")]
    Paused {
        /// Until then.
        until: Timestamp,
    },
    /// Not an active provider's account, or the database failed.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

impl From<crate::store::StoreError> for TokenError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Accounts(error.into())
    }
}

impl Accounts {
    /// Invites somebody to a record: by mail, which is queued in the same step, or on paper. The token is known from now on to whoever
    /// holds the invitation alone.
    pub async fn invite(
        &self,
        decider: &Decider,
        new: NewInvitation,
        by: &By,
    ) -> Result<(Invitation, InvitationToken), AccountsError> {
        let now = self.now();
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(AccountsError::Invalid("Say whom you invite, in at most 80 letters."));
        }
        let choice = super::families::checked(
            Choice { ends_at: decider.until(new.choice.ends_at), ..new.choice },
            now,
        )?;
        let token = InvitationToken::generate(&*self.random);
        let id = InvitationId::generate(&*self.random);
        let mrn = mrn_hash(&id, &new.mrn);
        let invitation = Invitation {
            id,
            patient: decider.patient.clone(),
            initials: decider.initials.clone(),
            invited_by: decider.account.clone(),
            granted_by: decider.acts_as,
            name: name.to_owned(),
            email: new.email,
            kinds: choice.kinds,
            covers_restricted: choice.covers_restricted,
            grant_ends_at: choice.ends_at,
            state: InvitationState::Open,
            created_at: now,
            expires_at: expiry(now, &self.majority.zone),
            used_at: None,
            used_by: None,
            grant: None,
        };
        let mut transaction = self.store.begin().await?;
        if transaction.open_invitations(&decider.patient).await? >= OPEN_AT_MOST {
            return Err(AccountsError::Invalid("There are too many open invitations. Take one back first."));
        }
        transaction.insert_invitation(&invitation, &token.hash(), &mrn).await?;
        if let (Some(letters), Some(email)) = (&self.letters, &invitation.email) {
            // The family's language: of whoever has no account none is known.
            let until = self.majority.zone.to_datetime(invitation.expires_at.to_jiff()).date();
            let letter =
                letters.invitation(email, decider.language, &decider.initials, &token.printed(), until);
            transaction.queue_mail(&queued(letter)).await?;
        }
        transaction.commit().await?;
        self.invitation_audited(&invitation, "invitation_make", by).await?;
        Ok((invitation, token))
    }

    /// Takes an invitation back; its token does not work from now on.
    pub async fn revoke_invitation(
        &self,
        decider: &Decider,
        id: &InvitationId,
        by: &By,
    ) -> Result<(), AccountsError> {
        if !self.store.revoke_invitation(id, &decider.patient).await? {
            return Err(AccountsError::Unknown);
        }
        let about = About {
            patients: vec![decider.patient.clone()],
            reason: Some(id.to_string()),
            ..About::default()
        };
        self.record(by, AuditKind::Access, "invitation_revoke", about).await
    }

    /// Takes a token and the MRN that goes with it from a provider (S-52), and makes the grant in the same step as the token is used:
    /// of two who enter it at once, one has it. Five wrong attempts pause the provider's attempts for an hour (D-05).
    pub async fn enter_token(
        &self,
        provider: &Account,
        token: &str,
        mrn: &str,
        by: &By,
    ) -> Result<Grant, TokenError> {
        let provider = self.active_provider(&provider.id).await?;
        let key = provider.id.as_str();
        // Counted beforehand and taken back, so that many at once cannot slip past the counter.
        if self.store.throttle_attempt(ThrottleKind::Invitation, key).await?.is_none() {
            let until = self.store.throttle(ThrottleKind::Invitation, key).await?.blocked_until;
            return Err(TokenError::Paused { until: until.unwrap_or_else(|| self.now()) });
        }
        let Some((invitation, grant)) = self.use_token(&provider, token, mrn).await? else {
            let about = About { outcome: AuditOutcome::Refused, ..About::default() };
            self.record(by, AuditKind::Access, "invitation_use", about).await?;
            return Err(TokenError::Wrong);
        };
        let about = About {
            patients: vec![grant.patient.clone()],
            reason: Some(invitation.to_string()),
            ..About::default()
        };
        self.record(by, AuditKind::Access, "invitation_use", about).await?;
        self.grant_changed(&grant, "grant_add", by).await?;
        Ok(grant)
    }

    /// The grant that came of a token; `None` when the token does not work.
    async fn use_token(
        &self,
        provider: &Account,
        token: &str,
        mrn: &str,
    ) -> Result<Option<(InvitationId, Grant)>, AccountsError> {
        let Some(token) = InvitationToken::read(token) else { return Ok(None) };
        let Some((invitation, bound)) = self.store.invitation_by_token(&token.hash()).await? else {
            return Ok(None);
        };
        let now = self.now();
        if !mrn_hash(&invitation.id, mrn).matches(&bound) || !invitation.works_at(now) {
            return Ok(None);
        }
        let grant = Grant {
            id: GrantId::generate(&*self.random),
            patient: invitation.patient.clone(),
            provider: provider.id.clone(),
            granted_by: invitation.granted_by,
            kinds: invitation.kinds,
            covers_restricted: invitation.covers_restricted,
            created_at: now,
            ends_at: invitation.grant_ends_at,
            revoked_at: None,
        };
        let family = self.store.account(&invitation.invited_by).await?;
        let language = self.family_language(&invitation).await?;
        let mut transaction = self.store.begin().await?;
        if !transaction.use_invitation(&invitation.id, &provider.id, &grant).await? {
            return Ok(None);
        }
        transaction.throttle_undo(ThrottleKind::Invitation, provider.id.as_str()).await?;
        transaction
            .settle_access_requests(&invitation.patient, &provider.id, Some(&invitation.invited_by))
            .await?;
        let about = (&invitation.patient, invitation.initials.as_str());
        self.tell_of_access(&mut transaction, provider, NoticeKind::AccessGranted, about).await?;
        if let (Some(letters), Some(family)) = (&self.letters, family) {
            let letter =
                letters.invitation_used(&family.email, language, &invitation.initials, &provider.name);
            transaction.queue_mail(&queued(letter)).await?;
        }
        transaction.commit().await?;
        Ok(Some((invitation.id, grant)))
    }

    async fn family_language(&self, invitation: &Invitation) -> Result<Language, AccountsError> {
        let members = self.store.family_of(&invitation.patient).await?;
        let member = members.into_iter().find(|member| member.account == invitation.invited_by);
        Ok(member.map(|member| member.language).unwrap_or_default())
    }

    /// The active provider with this e-mail address, whom a family need not send a token.
    pub async fn provider_by_email(&self, email: &str) -> Result<Option<Account>, AccountsError> {
        let account = self.store.account_by_email(&email.trim().to_lowercase()).await?;
        Ok(account.filter(|account| {
            matches!(account.kind, AccountKind::Provider { .. }) && account.state == AccountState::Active
        }))
    }

    async fn invitation_audited(
        &self,
        invitation: &Invitation,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About {
            patients: vec![invitation.patient.clone()],
            reason: Some(invitation.id.to_string()),
            ..About::default()
        };
        self.record(by, AuditKind::Access, what, about).await
    }
}
