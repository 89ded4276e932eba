//! What provisioning staff do with registrations: look, note faxes, verify, reject, approve, refuse. Each decision is audited, and of
//! two at once one counts.

use zeroize::Zeroizing;

use super::applicant::binding;
use super::{Application, ApplicationError, queue};
use crate::accounts::{Accounts, AccountsError, By};
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::ids::{AccountId, PracticeId, ProviderRegistrationId, UploadId};
use crate::domain::practice::Practice;
use crate::domain::provider_registration::{
    Answers, DocumentKind, DocumentStep, MediaType, ProviderRegistration, RegistrationStep,
};

/// What is known here already and bears on a decision.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// An account with this NPI.
    pub npi_account: Option<Account>,
    /// An account with this address.
    pub email_account: Option<Account>,
    /// Practices whose roster has the NPI.
    pub rosters: Vec<Practice>,
    /// The practice that the applicant chose.
    pub chosen: Option<Practice>,
    /// Practices whose name is the one typed.
    pub same_name: Vec<Practice>,
}

/// Into which practice the provider comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PracticeChoice {
    /// One that is there.
    Known(PracticeId),
    /// One that is made of what the applicant said.
    New,
}

impl Accounts {
    /// What waits, the oldest first, with its documents.
    pub async fn waiting_applications(&self) -> Result<Vec<Application>, AccountsError> {
        let mut all = Vec::new();
        for registration in self.store.waiting_registrations().await? {
            all.push(self.with_documents(registration).await?);
        }
        Ok(all)
    }

    /// What is known here of an applicant.
    pub async fn registration_matches(&self, answers: &Answers) -> Result<Matches, AccountsError> {
        let mut matches = Matches {
            email_account: self.store.account_by_email(answers.email.trim()).await?,
            ..Matches::default()
        };
        if let Some(npi) = answers.checked_npi() {
            matches.npi_account = self.store.account_by_npi(&npi).await?;
            matches.rosters = self.store.practices_with(&npi).await?;
        }
        let name = answers.practice_name.trim().to_lowercase();
        for practice in self.store.practices().await? {
            if answers.practice.as_ref() == Some(&practice.id) {
                matches.chosen = Some(practice);
            } else if !name.is_empty() && practice.name.trim().to_lowercase() == name {
                matches.same_name.push(practice);
            }
        }
        Ok(matches)
    }

    /// An uploaded document in plain, noted as looked at; `None` when it was replaced or removed.
    pub async fn open_upload(
        &self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
        upload: &UploadId,
        by: &By,
    ) -> Result<Option<(MediaType, Zeroizing<Vec<u8>>)>, AccountsError> {
        let documents = self.store.registration_documents(id).await?;
        let document = documents.iter().find(|document| document.kind == kind);
        let media_type = document
            .filter(|document| document.upload.as_ref() == Some(upload))
            .and_then(|document| document.media_type.as_deref())
            .and_then(MediaType::parse);
        let Some(media_type) = media_type else { return Ok(None) };
        let sealer = self.desk.key.as_ref().ok_or(AccountsError::Unavailable)?.sealer();
        let mut plain = Zeroizing::new(Vec::new());
        for (number, piece) in self.store.registration_pieces(upload).await?.iter().enumerate() {
            let bound = binding(id, kind, upload, number);
            let opened = sealer.open(piece, bound.as_bytes()).ok_or(AccountsError::Unavailable)?;
            plain.extend_from_slice(&opened);
        }
        let size = document.map_or(0, |document| document.size);
        if usize::try_from(size) != Ok(plain.len()) {
            return Err(AccountsError::Unavailable);
        }
        self.registration_event(id, "registration_document_open", by).await?;
        Ok(Some((media_type, plain)))
    }

    /// Notes a document as come by fax, verified or rejected. A rejection needs a reason and is mailed. `seen` is the upload that was
    /// looked at.
    pub async fn decide_document(
        &self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
        step: DocumentStep,
        seen: Option<&UploadId>,
        reason: Option<&str>,
        by: &By,
    ) -> Result<(), ApplicationError> {
        let what = match step {
            DocumentStep::Fax => "registration_document_fax",
            DocumentStep::Verify => "registration_document_verify",
            DocumentStep::Reject => "registration_document_reject",
            DocumentStep::Upload => return Err(ApplicationError::Changed),
        };
        let reason = if step == DocumentStep::Reject { Some(checked_reason(reason)?) } else { None };
        let registration = self.store.provider_registration(id).await?.ok_or(AccountsError::Unknown)?;
        let mut transaction = self.store.begin().await?;
        let account = by.account.as_ref();
        if !transaction.step_document(id, kind, step, seen, account, reason).await? {
            return Err(ApplicationError::Changed);
        }
        if let Some(reason) = reason {
            let to = registration.answers.email.trim().to_lowercase();
            self.write_with_link(&mut transaction, id, |letters, token| {
                letters.registration_document_rejected(&to, registration.language, kind, reason, token)
            })
            .await?;
        }
        transaction.commit().await?;
        Ok(self.registration_event(id, what, by).await?)
    }

    /// Makes the account: practice found or made, NPI on its roster, privilege to sponsor if it was asked for, set-up mailed; all of it
    /// or nothing.
    pub async fn approve_registration(
        &self,
        id: &ProviderRegistrationId,
        practice: PracticeChoice,
        by: &By,
    ) -> Result<Account, ApplicationError> {
        let registration = self.store.provider_registration(id).await?.ok_or(AccountsError::Unknown)?;
        let answers = &registration.answers;
        let npi = answers.checked_npi().ok_or(AccountsError::Unknown)?;
        let account = self.account_of(&registration, AccountId::generate(&*self.random))?;
        let mut transaction = self.store.begin().await?;
        // First the step: of two who approve at once, one waits here and then finds it taken.
        let step = RegistrationStep::Approve;
        if !transaction.decide_registration(id, step, by.account.as_ref(), None).await? {
            return Err(ApplicationError::Changed);
        }
        transaction.insert_account(&account).await?;
        transaction.note_registered_account(id, &account.id).await?;
        let documents = transaction.registration_documents(id).await?;
        if !(Application { registration: registration.clone(), documents }).is_complete() {
            return Err(ApplicationError::Incomplete);
        }
        match practice {
            PracticeChoice::Known(id) => drop(transaction.add_to_roster(&id, &npi).await?),
            PracticeChoice::New if answers.practice_name.trim().is_empty() => {
                return Err(AccountsError::Invalid("Choose the practice.").into());
            }
            PracticeChoice::New => {
                let made = Practice {
                    id: PracticeId::generate(&*self.random),
                    name: answers.practice_name.trim().to_owned(),
                    address: answers.practice_address.trim().to_owned(),
                    phone: answers.practice_phone.trim().to_owned(),
                    organization: None,
                    roster: vec![npi],
                };
                transaction.insert_practice(&made).await?;
            }
        }
        if answers.wants_sponsorship() {
            transaction.allow_sponsoring(&account.id).await?;
        }
        // It has served; the agreements are kept.
        transaction.forget_upload(id, DocumentKind::Identity).await?;
        if let Some(letters) = &self.letters {
            queue(&mut transaction, letters.registration_approved(&account.email, registration.language))
                .await?;
        }
        self.queue_set_up(&mut transaction, &account, registration.language).await?;
        transaction.commit().await?;
        self.registration_event(id, "registration_approve", by).await?;
        Ok(account)
    }

    fn account_of(
        &self,
        registration: &ProviderRegistration,
        id: AccountId,
    ) -> Result<Account, AccountsError> {
        let answers = &registration.answers;
        Ok(Account {
            id,
            kind: AccountKind::Provider { npi: answers.checked_npi().ok_or(AccountsError::Unknown)? },
            email: answers.email.trim().to_lowercase(),
            name: answers.printed_name(),
            phone: Some(answers.phone.trim().to_owned()),
            state: AccountState::Active,
            created_at: self.now(),
        })
    }

    /// Says no, with a reason that is mailed; uploads are removed.
    pub async fn refuse_registration(
        &self,
        id: &ProviderRegistrationId,
        reason: &str,
        by: &By,
    ) -> Result<(), ApplicationError> {
        let reason = checked_reason(Some(reason))?;
        let registration = self.store.provider_registration(id).await?.ok_or(AccountsError::Unknown)?;
        let mut transaction = self.store.begin().await?;
        let step = RegistrationStep::Refuse;
        if !transaction.decide_registration(id, step, by.account.as_ref(), Some(reason)).await? {
            return Err(ApplicationError::Changed);
        }
        for kind in DocumentKind::ALL {
            transaction.forget_upload(id, kind).await?;
        }
        if let Some(letters) = &self.letters {
            let to = registration.answers.email.trim().to_lowercase();
            queue(&mut transaction, letters.registration_refused(&to, registration.language, reason)).await?;
        }
        transaction.commit().await?;
        Ok(self.registration_event(id, "registration_refuse", by).await?)
    }
}

fn checked_reason(reason: Option<&str>) -> Result<&str, ApplicationError> {
    let reason = reason.map(str::trim).filter(|reason| (1..=500).contains(&reason.chars().count()));
    reason.ok_or(ApplicationError::Reason)
}
