//! What an applicant does without an account: a draft that keeps everything, sending, documents, withdrawal.

use super::files::{self, FileProblem};
use super::{Application, ApplicationError, queue};
use crate::accounts::people::is_address;
use crate::accounts::{About, Accounts, AccountsError, By};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{ProviderRegistrationId, UploadId};
use crate::domain::language::Language;
use crate::domain::practice::Practice;
use crate::domain::provider_registration::{
    Answers, Credential, DocumentKind, ProviderRegistration, RegistrationState, RegistrationStep,
};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::store::StoreError;
use crate::store::provider_registrations::SealedUpload;
use crate::store::throttle::ThrottleKind;

/// A field of the form; the word is the control's name and id.
pub type Field = &'static str;

/// What is wrong with a field; `key` is the sentence's key in `crate::words`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which field.
    pub field: Field,
    /// Which sentence.
    pub key: &'static str,
}

/// Bytes of one sealed piece, before sealing.
const PIECE: usize = 192 * 1024;

/// What is wrong with these answers, in the order of the pages. `known` is the practice that was chosen, if it is there.
pub fn problems_of(answers: &Answers, known: Option<&Practice>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut add = |wrong: bool, field, key| {
        if wrong {
            problems.push(FieldProblem { field, key });
        }
    };
    let lacks = |text: &str, most: usize| {
        text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control)
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let no_phone = |text: &str| lacks(text, 60) || digits(text) < 7;
    add(lacks(&answers.name, 120), "name", "registration-wrong-name");
    add(Credential::parse(&answers.credential).is_none(), "credential", "registration-wrong-credential");
    add(answers.checked_npi().is_none(), "npi", "registration-wrong-npi");
    add(!is_address(answers.email.trim()), "email", "registration-wrong-email");
    add(no_phone(&answers.phone), "phone", "registration-wrong-phone");
    let new = !answers.practice_name.trim().is_empty();
    if known.is_none() && !new {
        add(true, "practice_sought", "registration-wrong-practice");
    } else if known.is_none() {
        add(lacks(&answers.practice_name, 120), "practice_name", "registration-wrong-practice-name");
        add(lacks(&answers.practice_address, 200), "practice_address", "registration-wrong-practice-address");
        add(no_phone(&answers.practice_phone), "practice_phone", "registration-wrong-phone");
    }
    add(!matches!(answers.sponsor.as_str(), "yes" | "no"), "sponsor-no", "registration-wrong-sponsor");
    problems
}

impl Accounts {
    /// The draft behind a handle.
    pub async fn registration_draft(
        &self,
        handle: &PlainToken,
    ) -> Result<Option<ProviderRegistration>, AccountsError> {
        Ok(self.store.registration_draft(&handle.hash()).await?)
    }

    /// Keeps what was typed, right or wrong; begins a draft where there is none. Returns the handle of a new one.
    pub async fn save_registration(
        &self,
        handle: Option<&PlainToken>,
        answers: &Answers,
        language: Language,
        by: &By,
    ) -> Result<Option<PlainToken>, ApplicationError> {
        let mut transaction = self.store.begin().await?;
        if let Some(handle) = handle
            && transaction.save_registration_draft(&handle.hash(), language, answers).await?
        {
            transaction.commit().await?;
            return Ok(None);
        }
        drop(transaction);
        self.admit(ThrottleKind::Applicant, by).await?;
        let fresh = PlainToken::generate(TokenKind::RegistrationDraft, &*self.random);
        let id = ProviderRegistrationId::generate(&*self.random);
        let mut transaction = self.store.begin().await?;
        let reference = self.reference();
        transaction.insert_registration_draft(&id, &fresh.hash(), &reference, language, answers).await?;
        transaction.commit().await?;
        Ok(Some(fresh))
    }

    /// Sends a draft. The answer is the same whether or not an account or another registration exists already: whoever owns that is
    /// told by mail. False: it was sent before.
    pub async fn send_registration(&self, handle: &PlainToken, by: &By) -> Result<bool, ApplicationError> {
        let Some(draft) = self.store.registration_draft(&handle.hash()).await? else { return Ok(false) };
        let answers = &draft.answers;
        let known = match &answers.practice {
            Some(id) => self.store.practice(id).await?,
            None => None,
        };
        let problems = problems_of(answers, known.as_ref());
        let Some(npi) = answers.checked_npi().filter(|_| problems.is_empty()) else {
            return Err(ApplicationError::Wrong(problems));
        };
        self.admit(ThrottleKind::Applicant, by).await?;
        let email = answers.email.trim().to_lowercase();
        let by_email = self.store.account_by_email(&email).await?;
        let owner = match by_email {
            Some(account) => Some(account),
            None => self.store.account_by_npi(&npi).await?,
        };
        if let Some(owner) = owner {
            let mut transaction = self.store.begin().await?;
            let discarded = transaction.discard_registration_draft(&handle.hash()).await?;
            if discarded && let Some(letters) = &self.letters {
                queue(&mut transaction, letters.registration_has_account(&owner.email, draft.language))
                    .await?;
            }
            transaction.commit().await?;
            return Ok(discarded);
        }
        let mut transaction = self.store.begin().await?;
        match transaction.send_registration(&handle.hash(), npi.as_str(), &email).await {
            Ok(Some(sent)) => {
                self.write_with_link(&mut transaction, &sent.id, |letters, token| {
                    letters.registration_received(&email, sent.language, token, &sent.reference)
                })
                .await?;
                transaction.commit().await?;
                self.registration_event(&sent.id, "registration_send", by).await?;
                Ok(true)
            }
            Ok(None) => Ok(false),
            // PostgreSQL takes nothing more in a transaction that ran into this.
            Err(StoreError::Conflict(_)) => {
                drop(transaction);
                self.remind_of_open(handle, npi.as_str(), &email).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The link of the open registration goes to its own address once more; the draft is dropped.
    async fn remind_of_open(
        &self,
        handle: &PlainToken,
        npi: &str,
        email: &str,
    ) -> Result<bool, ApplicationError> {
        let mut transaction = self.store.begin().await?;
        let discarded = transaction.discard_registration_draft(&handle.hash()).await?;
        if discarded && let Some(open) = transaction.open_registration_of(npi, email).await? {
            let to = open.answers.email.trim().to_lowercase();
            self.write_with_link(&mut transaction, &open.id, |letters, token| {
                letters.registration_open_already(&to, open.language, token)
            })
            .await?;
        }
        transaction.commit().await?;
        Ok(discarded)
    }

    /// The registration to whose status page a link leads.
    pub async fn application_by_link(&self, link: &PlainToken) -> Result<Option<Application>, AccountsError> {
        match self.store.registration_by_link(&link.hash()).await? {
            Some(registration) => self.with_documents(registration).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether this address may send another upload now; counts it. Ask before the bytes are read.
    pub async fn admit_upload(&self, by: &By) -> Result<(), ApplicationError> {
        self.admit(ThrottleKind::ApplicantUpload, by).await
    }

    /// Keeps an upload, sealed, in the place of what was there.
    pub async fn upload_document(
        &self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
        bytes: bytes::Bytes,
        by: &By,
    ) -> Result<(), ApplicationError> {
        let key = self.desk.key.clone().ok_or(AccountsError::Unavailable)?;
        let (largest, random) = (self.desk.settings.max_upload, self.random.clone());
        let upload = UploadId::generate(&*self.random);
        let registration = id.clone();
        let work = move || {
            let file = files::check(&bytes, largest)?;
            let sealer = key.sealer();
            let pieces = file.bytes.chunks(PIECE).enumerate().map(|(number, piece)| {
                let bound = binding(&registration, kind, &upload, number);
                sealer.seal(piece, bound.as_bytes(), &*random)
            });
            let pieces = pieces.collect::<Result<_, _>>().map_err(|_| AccountsError::Unavailable)?;
            let size = u32::try_from(file.bytes.len()).map_err(|_| FileProblem::TooLarge)?;
            Ok::<_, ApplicationError>(SealedUpload { id: upload, media_type: file.media_type, size, pieces })
        };
        // Checks and seals megabytes.
        let sealed = tokio::task::spawn_blocking(work).await.map_err(|_| AccountsError::Unavailable)??;
        let mut transaction = self.store.begin().await?;
        if !transaction.put_upload(id, kind, &sealed).await? {
            return Err(ApplicationError::Changed);
        }
        transaction.commit().await?;
        Ok(self.registration_event(id, "registration_upload", by).await?)
    }

    /// Takes a sent registration back and removes its uploads.
    pub async fn withdraw_registration(
        &self,
        id: &ProviderRegistrationId,
        by: &By,
    ) -> Result<(), ApplicationError> {
        let mut transaction = self.store.begin().await?;
        if !transaction.decide_registration(id, RegistrationStep::Withdraw, None, None).await? {
            return Err(ApplicationError::Changed);
        }
        for kind in DocumentKind::ALL {
            transaction.forget_upload(id, kind).await?;
        }
        transaction.commit().await?;
        Ok(self.registration_event(id, "registration_withdraw", by).await?)
    }

    /// Practices whose name contains what was typed, at most ten: for the applicant to choose from.
    pub async fn practices_named(&self, sought: &str) -> Result<Vec<Practice>, AccountsError> {
        let sought = sought.trim().to_lowercase();
        if sought.chars().count() < 3 {
            return Ok(Vec::new());
        }
        let mut found = self.store.practices().await?;
        found.retain(|practice| practice.name.to_lowercase().contains(&sought));
        found.truncate(10);
        Ok(found)
    }

    pub(super) async fn registration_event(
        &self,
        id: &ProviderRegistrationId,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About { reason: Some(id.to_string()), ..About::default() };
        self.record(by, AuditKind::Administration, what, about).await
    }

    async fn admit(&self, kind: ThrottleKind, by: &By) -> Result<(), ApplicationError> {
        let address = by.address.as_deref().unwrap_or("unknown");
        if self.store.throttle_attempt(kind, address).await?.is_some() {
            return Ok(());
        }
        let until = self.store.throttle(kind, address).await?.blocked_until;
        let wait = until.map(|until| until.since(self.now())).unwrap_or_default();
        Err(ApplicationError::Limited(wait))
    }

    /// Eight characters of which none looks like another: 40 bits, and the column is unique.
    fn reference(&self) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let mut bytes = [0_u8; 8];
        self.random.fill(&mut bytes);
        bytes
            .iter()
            .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
            .map(|byte| char::from(*byte))
            .collect()
    }
}

/// What a piece is bound to: none can stand in another's place.
pub(super) fn binding(
    registration: &ProviderRegistrationId,
    kind: DocumentKind,
    upload: &UploadId,
    number: usize,
) -> String {
    format!("{registration} {} {upload} {number}", kind.word())
}

/// Whether the applicant can still change something.
impl Application {
    /// Whether documents are still taken.
    pub fn is_open(&self) -> bool {
        self.registration.state == RegistrationState::Sent
    }
}
