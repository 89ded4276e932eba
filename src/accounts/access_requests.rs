//! Requests for access and their answers (S-32, S-41, S-42, S-46). Each step, with its notices and mails, is one transaction.

use crate::domain::access_request::{AccessRequest, OPEN_FOR, RequestKind, RequestState};
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::audit::{AuditKind, AuditOutcome};
use crate::domain::ids::{AccessRequestId, AccountId, FhirId};
use crate::domain::notice::{NoticeDetails, NoticeKind};
use crate::store::Transaction;

use super::notices::{Regarding, queued};
use super::{About, Accounts, AccountsError, By, NewGrant};

/// Longest reason, contact or answer, in characters.
pub const LONGEST: usize = 500;

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewAccessRequest {
    /// Who answers it.
    pub kind: RequestKind,
    /// Whose record.
    pub patient: FhirId,
    /// The patient's initials, for mails (D-13).
    pub initials: String,
    /// What the provider typed to find the patient, sealed.
    pub sought: String,
    /// Why, in the provider's words.
    pub reason: String,
    /// Where the provider can be reached.
    pub contact: String,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The family says yes; the grant is made in the same step.
    Grant(NewGrant),
    /// The EHR names the provider's practice as PCP now (PCP requests).
    Corrected,
    /// No. The provider reads the reason in the portal; no mail repeats it.
    Refuse {
        /// What the provider is told; may be empty where a family answers.
        reason: String,
    },
}

/// The use-cases of requests.
#[derive(Clone, Copy)]
pub struct AccessRequests<'a>(&'a Accounts);

impl Accounts {
    /// Requests for access.
    pub const fn access_requests(&self) -> AccessRequests<'_> {
        AccessRequests(self)
    }
}

impl AccessRequests<'_> {
    /// Asks, in the name of the active provider `provider`. One request at a time for a provider and a patient (S-42): `Taken`
    /// when one is open. A PCP request is mailed to the support mailbox (S-32), another one to the family (S-41).
    pub async fn ask(
        &self,
        new: NewAccessRequest,
        provider: &AccountId,
        by: &By,
    ) -> Result<AccessRequest, AccountsError> {
        let reason = short(&new.reason)?;
        if reason.is_empty() {
            return Err(AccountsError::Invalid("Say in a few words why you need the record."));
        }
        let contact = short(&new.contact)?;
        if contact.is_empty() {
            return Err(AccountsError::Invalid("Say how you can be reached."));
        }
        let provider = self.provider(provider).await?;
        let now = self.0.now();
        let request = AccessRequest {
            id: AccessRequestId::generate(&*self.0.random),
            kind: new.kind,
            patient: new.patient,
            provider: provider.id.clone(),
            initials: new.initials,
            sought: new.sought,
            reason,
            contact,
            state: RequestState::Asked,
            asked_at: now,
            expires_at: now.plus(OPEN_FOR),
            passed_on_at: None,
            answered_at: None,
            answered_by: None,
            answer: None,
        };
        let practices = self.practices_of(&provider).await?;
        let family = self.family_of(&request).await?;
        let mut transaction = self.0.store.begin().await?;
        transaction.insert_access_request(&request).await?;
        match request.kind {
            RequestKind::Pcp => self.mail_support(&mut transaction, &request, &provider, &practices).await?,
            RequestKind::NonPcp => {
                self.tell_family(&mut transaction, &request, &provider, &practices, &family).await?;
            }
        }
        transaction.commit().await?;
        self.record(&request, "access_request_ask", by).await?;
        Ok(request)
    }

    /// What the patient or guardian has to answer, oldest first.
    pub async fn open_for_patient(&self, patient: &FhirId) -> Result<Vec<AccessRequest>, AccountsError> {
        Ok(self.0.store.open_access_requests_for(patient).await?)
    }

    /// The provider's latest request for the patient, whatever became of it.
    pub async fn latest(
        &self,
        provider: &AccountId,
        patient: &FhirId,
    ) -> Result<Option<AccessRequest>, AccountsError> {
        Ok(self.0.store.latest_access_request(provider, patient).await?)
    }

    /// Answers. The caller has seen to it that `by` may: a guardian of the patient for a non-PCP request, support staff for a
    /// PCP request. `Unknown` when somebody else was first. The provider is told (S-46).
    pub async fn answer(
        &self,
        id: &AccessRequestId,
        answer: Answer,
        by: &By,
    ) -> Result<AccessRequest, AccountsError> {
        let request = self.0.store.access_request(id).await?.ok_or(AccountsError::Unknown)?;
        let provider = self.0.store.account(&request.provider).await?.ok_or(AccountsError::Unknown)?;
        let (state, reason, grant) = match answer {
            Answer::Grant(new) => {
                if request.kind != RequestKind::NonPcp
                    || new.patient != request.patient
                    || new.provider != request.provider
                {
                    return Err(AccountsError::Invalid("This grant does not answer the request."));
                }
                (RequestState::Granted, None, Some(self.0.prepare_grant(new).await?))
            }
            Answer::Corrected if request.kind == RequestKind::Pcp => (RequestState::Granted, None, None),
            Answer::Corrected => {
                return Err(AccountsError::Invalid("Only the family can say yes to this request."));
            }
            Answer::Refuse { reason } => (RequestState::Refused, Some(short(&reason)?), None),
        };
        let reason = reason.filter(|reason| !reason.is_empty());
        if state == RequestState::Refused && request.kind == RequestKind::Pcp && reason.is_none() {
            return Err(AccountsError::Invalid("Give the reason: the provider reads it."));
        }
        let mut transaction = self.0.store.begin().await?;
        let closed = transaction
            .close_access_request(id, request.kind, state, by.account.as_ref(), reason.as_deref())
            .await?;
        if !closed {
            return Err(AccountsError::Unknown);
        }
        if let Some(grant) = &grant {
            transaction.insert_grant(grant).await?;
        }
        let kind = match (request.kind, state) {
            (RequestKind::NonPcp, RequestState::Granted) => NoticeKind::AccessGranted,
            (RequestKind::Pcp, RequestState::Granted) => NoticeKind::AccessCorrected,
            (RequestKind::NonPcp, _) => NoticeKind::AccessRefused,
            (RequestKind::Pcp, _) => NoticeKind::CorrectionRefused,
        };
        self.tell_provider(&mut transaction, &request, &provider, kind).await?;
        transaction.commit().await?;
        if let Some(grant) = &grant {
            self.0.grant_changed(grant, "grant_add", by).await?;
        }
        let what = match state {
            RequestState::Granted => "access_request_grant",
            _ => "access_request_refuse",
        };
        self.record(&request, what, by).await?;
        Ok(AccessRequest { state, answer: reason, answered_by: by.account.clone(), ..request })
    }

    /// Takes the provider's own request back. `Unknown` when it is not open any more or is another's.
    pub async fn withdraw(
        &self,
        id: &AccessRequestId,
        provider: &AccountId,
        by: &By,
    ) -> Result<(), AccountsError> {
        let request = self.0.store.access_request(id).await?.ok_or(AccountsError::Unknown)?;
        if request.provider != *provider {
            return Err(AccountsError::Unknown);
        }
        let mut transaction = self.0.store.begin().await?;
        let closed = transaction
            .close_access_request(id, request.kind, RequestState::Withdrawn, by.account.as_ref(), None)
            .await?;
        if !closed {
            return Err(AccountsError::Unknown);
        }
        transaction.commit().await?;
        self.record(&request, "access_request_withdraw", by).await
    }

    /// Hands an open PCP request on to the family, who are told, as is the provider. `Unknown` when it is not open any more.
    pub async fn pass_on(&self, id: &AccessRequestId, by: &By) -> Result<(), AccountsError> {
        let request = self.0.store.access_request(id).await?.ok_or(AccountsError::Unknown)?;
        let provider = self.0.store.account(&request.provider).await?.ok_or(AccountsError::Unknown)?;
        let (practices, family) = (self.practices_of(&provider).await?, self.family_of(&request).await?);
        let mut transaction = self.0.store.begin().await?;
        if !transaction.pass_access_request_on(id).await? {
            return Err(AccountsError::Unknown);
        }
        self.tell_family(&mut transaction, &request, &provider, &practices, &family).await?;
        self.tell_provider(&mut transaction, &request, &provider, NoticeKind::AccessPassedOn).await?;
        transaction.commit().await?;
        self.record(&request, "access_request_pass_on", by).await
    }

    /// Tells each active sponsor of a sponsored user that the user needs a record that the sponsor would have to ask for.
    /// Returns whom it told; the same wish is told once as long as it is unread.
    pub async fn nudge_sponsors(
        &self,
        user: &Account,
        patient: &FhirId,
        initials: &str,
        by: &By,
    ) -> Result<Vec<String>, AccountsError> {
        let mut sponsors = Vec::new();
        for id in self.sponsors_of(&user.id).await? {
            sponsors.extend(self.0.store.account(&id).await?);
        }
        sponsors.retain(|sponsor| sponsor.state == AccountState::Active);
        let mut transaction = self.0.store.begin().await?;
        for sponsor in &sponsors {
            let details = NoticeDetails { patient: initials.to_owned(), who: user.name.clone(), href: None };
            if transaction.has_unread_notice(&sponsor.id, NoticeKind::SponsorShouldAsk, patient).await? {
                continue;
            }
            let regarding = Regarding { patient: Some(patient.clone()), details };
            self.0
                .tell(
                    &mut transaction,
                    sponsor,
                    NoticeKind::SponsorShouldAsk,
                    regarding,
                    |letters, to, language| letters.sponsor_should_ask(to, language, &user.name, initials),
                )
                .await?;
        }
        transaction.commit().await?;
        let about =
            About { outcome: AuditOutcome::Success, patients: vec![patient.clone()], ..About::default() };
        self.0.record(by, AuditKind::Access, "access_request_nudge", about).await?;
        Ok(sponsors.into_iter().map(|sponsor| sponsor.name).collect())
    }

    /// Ends requests whose time is over and tells their providers; returns how many, a hundred at most.
    pub async fn expire(&self) -> Result<usize, AccountsError> {
        let mut transaction = self.0.store.begin().await?;
        let expired = transaction.expire_access_requests().await?;
        for request in &expired {
            let Some(provider) = transaction.account(&request.provider).await? else { continue };
            self.tell_provider(&mut transaction, request, &provider, NoticeKind::AccessExpired).await?;
        }
        transaction.commit().await?;
        for request in &expired {
            self.record(request, "access_request_expire", &By::operator()).await?;
        }
        Ok(expired.len())
    }

    /// The active sponsors of a sponsored user.
    pub async fn sponsors_of(&self, user: &AccountId) -> Result<Vec<AccountId>, AccountsError> {
        use crate::domain::practice::SponsorshipState::Active;
        let all = self.0.store.sponsorships_of(user).await?;
        let held = all.into_iter().filter(|held| held.state == Active && held.sponsored == *user);
        Ok(held.map(|held| held.sponsor).collect())
    }

    async fn provider(&self, id: &AccountId) -> Result<Account, AccountsError> {
        let account = self.0.store.account(id).await?.ok_or(AccountsError::Unknown)?;
        match account.kind {
            AccountKind::Provider { .. } if account.state == AccountState::Active => Ok(account),
            _ => Err(AccountsError::Invalid("Only a provider can ask for access.")),
        }
    }

    /// The names of the practices on whose roster the provider is.
    async fn practices_of(&self, provider: &Account) -> Result<Vec<String>, AccountsError> {
        let AccountKind::Provider { npi } = &provider.kind else { return Ok(Vec::new()) };
        let practices = self.0.store.practices().await?;
        let own = practices.into_iter().filter(|practice| practice.roster.contains(npi));
        Ok(own.map(|practice| practice.name).collect())
    }

    /// The active accounts of the patient's family, for a request that the family answers or may come to.
    async fn family_of(&self, request: &AccessRequest) -> Result<Vec<Account>, AccountsError> {
        Ok(self.0.store.guardians_of(&request.patient).await?)
    }

    async fn mail_support(
        &self,
        transaction: &mut Transaction,
        request: &AccessRequest,
        provider: &Account,
        practices: &[String],
    ) -> Result<(), AccountsError> {
        let Some(letters) = &self.0.letters else { return Ok(()) };
        let mail = letters.correction_asked(provider, practices, &request.contact, &request.initials);
        transaction.queue_mail(&queued(mail)).await?;
        Ok(())
    }

    async fn tell_family(
        &self,
        transaction: &mut Transaction,
        request: &AccessRequest,
        provider: &Account,
        practices: &[String],
        family: &[Account],
    ) -> Result<(), AccountsError> {
        let who = match practices.first() {
            Some(practice) => format!("{}, {practice}", provider.name),
            None => provider.name.clone(),
        };
        for guardian in family {
            let details = NoticeDetails {
                patient: request.initials.clone(),
                who: who.clone(),
                href: Some("/".to_owned()),
            };
            let regarding = Regarding { patient: Some(request.patient.clone()), details };
            self.0
                .tell(transaction, guardian, NoticeKind::AccessAsked, regarding, |letters, to, language| {
                    letters.access_asked(to, language, &who, &request.initials)
                })
                .await?;
        }
        Ok(())
    }

    async fn tell_provider(
        &self,
        transaction: &mut Transaction,
        request: &AccessRequest,
        provider: &Account,
        kind: NoticeKind,
    ) -> Result<(), AccountsError> {
        let details = NoticeDetails { patient: request.initials.clone(), who: String::new(), href: None };
        let regarding = Regarding { patient: Some(request.patient.clone()), details };
        self.0
            .tell(transaction, provider, kind, regarding, |letters, to, language| {
                letters.access_answered(to, language, kind, &request.initials)
            })
            .await?;
        Ok(())
    }

    async fn record(&self, request: &AccessRequest, what: &str, by: &By) -> Result<(), AccountsError> {
        let about = About {
            patients: vec![request.patient.clone()],
            reason: Some(request.id.to_string()),
            ..About::default()
        };
        self.0.record(by, AuditKind::Access, what, about).await
    }
}

/// What was typed, on one line or a few, trimmed; too long is an error.
fn short(text: &str) -> Result<String, AccountsError> {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(AccountsError::Invalid("Make it shorter: at most 500 characters."));
    }
    Ok(text.to_owned())
}
