//! How a provider comes to an account: what applicants do, what staff decide, the papers that are printed (S-10 to S-17).

mod applicant;
pub mod barcode;
pub mod files;
pub mod papers;
mod staff;

use std::time::Duration;

use crate::credentials::seal::SealingKey;
use crate::domain::ids::ProviderRegistrationId;
use crate::domain::provider_registration::{Document, DocumentKind, ProviderRegistration};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::mail::Message;
use crate::mail::letters::Letters;
use crate::store::outbox::NewMail;
use crate::store::{StoreError, Transaction};

use super::{Accounts, AccountsError};

pub use self::applicant::{Field, FieldProblem, problems_of};
pub use self::staff::{Matches, PracticeChoice};

/// What the hospital set for registrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationSettings {
    /// Where documents are faxed to; none: they are uploaded.
    pub fax: Option<String>,
    /// The largest upload, in bytes.
    pub max_upload: usize,
    /// The hospital's own text of document A instead of ours, in paragraphs.
    pub certification: Option<String>,
    /// The hospital's own text of document C.
    pub sponsorship: Option<String>,
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self { fax: None, max_upload: 10 * 1024 * 1024, certification: None, sponsorship: None }
    }
}

/// What the use-cases of this module work with.
#[derive(Clone, Default)]
pub(super) struct Desk {
    settings: RegistrationSettings,
    /// Seals uploads; without it none are taken.
    key: Option<SealingKey>,
}

/// Why something was not done with a registration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// Fields that are missing or wrong.
    #[error("something is missing or wrong")]
    Wrong(Vec<FieldProblem>),
    /// Too many from this address.
    #[error("there were too many from this address")]
    Limited(Duration),
    /// The file cannot be taken.
    #[error(transparent)]
    File(#[from] files::FileProblem),
    /// Somebody was faster, or it is not in a state in which this can be done.
    #[error("this changed meanwhile")]
    Changed,
    /// Documents are still missing or not verified.
    #[error("not every document is verified")]
    Incomplete,
    /// A reason is needed, of at most 500 characters.
    #[error("a reason is needed, of at most 500 characters")]
    Reason,
    /// As any other use-case.
    #[error(transparent)]
    Failed(#[from] AccountsError),
}

impl From<StoreError> for ApplicationError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A registration with its documents.
#[derive(Clone, Debug)]
pub struct Application {
    /// What the applicant said and where it stands.
    pub registration: ProviderRegistration,
    /// What is stored of its documents.
    pub documents: Vec<Document>,
}

impl Application {
    /// The document of a kind, if anything is stored of it.
    pub fn document(&self, kind: DocumentKind) -> Option<&Document> {
        self.documents.iter().find(|document| document.kind == kind)
    }

    /// The kinds that have to be there.
    pub fn required(&self) -> Vec<DocumentKind> {
        DocumentKind::required(self.registration.answers.wants_sponsorship()).collect()
    }

    /// Whether it can be approved.
    pub fn is_complete(&self) -> bool {
        crate::domain::provider_registration::is_complete(
            self.registration.answers.wants_sponsorship(),
            &self.documents,
        )
    }
}

impl Accounts {
    /// Takes registrations with these settings; uploads are sealed with a key derived from `master`.
    #[must_use]
    pub fn with_provider_registration(mut self, settings: RegistrationSettings, master: &SealingKey) -> Self {
        self.desk = Desk { settings, key: Some(master.derive("registration documents")) };
        self
    }

    /// What the hospital set for registrations.
    pub const fn registration_settings(&self) -> &RegistrationSettings {
        &self.desk.settings
    }

    /// A registration with its documents.
    pub async fn application(
        &self,
        id: &ProviderRegistrationId,
    ) -> Result<Option<Application>, AccountsError> {
        match self.store.provider_registration(id).await? {
            Some(registration) => self.with_documents(registration).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_documents(&self, registration: ProviderRegistration) -> Result<Application, AccountsError> {
        let documents = self.store.registration_documents(&registration.id).await?;
        Ok(Application { registration, documents })
    }

    /// Queues a mail with a fresh link to the status page.
    async fn write_with_link(
        &self,
        transaction: &mut Transaction,
        id: &ProviderRegistrationId,
        letter: impl FnOnce(&Letters, &str) -> Message,
    ) -> Result<(), AccountsError> {
        let Some(letters) = &self.letters else { return Ok(()) };
        let token = PlainToken::generate(TokenKind::RegistrationStatus, &*self.random);
        transaction.insert_registration_link(&token.hash(), id).await?;
        queue(transaction, letter(letters, token.expose())).await
    }
}

async fn queue(transaction: &mut Transaction, message: Message) -> Result<(), AccountsError> {
    let Message { to, subject, body, html } = message;
    transaction.queue_mail(&NewMail { to, subject, body, html }).await?;
    Ok(())
}
