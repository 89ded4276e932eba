//! Providers' registrations, their documents, and the links to their status pages (S-10 to S-17).

use std::time::Duration;

use crate::domain::ids::{AccountId, ProviderRegistrationId, UploadId};
use crate::domain::language::Language;
use crate::domain::provider_registration::{
    Answers, Document, DocumentKind, DocumentState, DocumentStep, MediaType, ProviderRegistration,
    RegistrationState, RegistrationStep,
};
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row, json_of, word_of};
use super::{Store, StoreError, Transaction};

/// A draft is kept this long after it was last saved.
pub const DRAFT_LIFE: Duration = Duration::from_hours(24 * 14);

statements! {
    INSERT = "INSERT INTO provider_registrations (id, handle, reference, state, language, details, created_at, saved_at)
              VALUES ($1, $2, $3, 'draft', $4, $5, $6, $6)";
    SAVE = "UPDATE provider_registrations SET details = $2, language = $3, saved_at = $4
            WHERE handle = $1 AND state = 'draft'";
    SEND = "UPDATE provider_registrations SET state = 'sent', handle = NULL, npi = $2, email = $3, sent_at = $4
            WHERE handle = $1 AND state = 'draft'
            RETURNING id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason";
    DISCARD = "DELETE FROM provider_registrations WHERE handle = $1 AND state = 'draft'";
    BY_HANDLE = "SELECT id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason
                 FROM provider_registrations WHERE handle = $1 AND state = 'draft' AND saved_at > $2";
    BY_ID = "SELECT id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason
             FROM provider_registrations WHERE id = $1";
    BY_LINK = "SELECT id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason
               FROM provider_registrations WHERE id = (SELECT registration FROM registration_links WHERE hash = $1)";
    OPEN_OF = "SELECT id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason
               FROM provider_registrations WHERE state = 'sent' AND (npi = $1 OR email = $2)
               ORDER BY CASE WHEN email = $2 THEN 0 ELSE 1 END";
    QUEUE = "SELECT id, reference, state, language, details, created_at, sent_at, decided_at, decided_by, reason
             FROM provider_registrations WHERE state = 'sent' ORDER BY sent_at, id LIMIT 500";
    STEP = "UPDATE provider_registrations SET state = $3, decided_at = $4, decided_by = $5, reason = $6
            WHERE id = $1 AND state = $2";
    NOTE_ACCOUNT = "UPDATE provider_registrations SET account = $2 WHERE id = $1";
    // Takes the row's lock as well: nothing is decided while a document changes.
    HOLD = "UPDATE provider_registrations SET saved_at = $2 WHERE id = $1 AND state = 'sent'";
    LINK = "INSERT INTO registration_links (hash, registration) VALUES ($1, $2)";
    DOCUMENTS = "SELECT kind, state, upload, media_type, size, at, reason FROM registration_documents
                 WHERE registration = $1 ORDER BY kind";
    PUT = "INSERT INTO registration_documents (registration, kind, state, upload, media_type, size, at, decided_by, reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (registration, kind) DO UPDATE SET state = excluded.state, upload = excluded.upload,
               media_type = excluded.media_type, size = excluded.size, at = excluded.at,
               decided_by = excluded.decided_by, reason = excluded.reason
           WHERE registration_documents.state = $10";
    PIECE = "INSERT INTO registration_pieces (upload, number, registration, kind, sealed) VALUES ($1, $2, $3, $4, $5)";
    PIECES = "SELECT sealed FROM registration_pieces WHERE upload = $1 ORDER BY number";
    CLEAR = "DELETE FROM registration_pieces WHERE registration = $1 AND kind = $2";
    FORGET = "UPDATE registration_documents SET upload = NULL WHERE registration = $1 AND kind = $2";
    OLD_DRAFTS = "DELETE FROM provider_registrations WHERE state = 'draft' AND saved_at < $1";
}

fn read(row: Row) -> Result<ProviderRegistration, StoreError> {
    let mut fields = Fields::new("provider_registrations", row);
    Ok(ProviderRegistration {
        id: fields.id("id")?,
        reference: fields.text("reference")?,
        state: fields.word("state")?,
        language: fields.word("language")?,
        answers: fields.json("details")?,
        created_at: fields.time("created_at")?,
        sent_at: fields.maybe_time("sent_at")?,
        decided_at: fields.maybe_time("decided_at")?,
        decided_by: fields.maybe_id("decided_by")?,
        reason: fields.maybe_text("reason")?,
    })
}

fn read_document(row: Row) -> Result<Document, StoreError> {
    let mut fields = Fields::new("registration_documents", row);
    Ok(Document {
        kind: fields.word("kind")?,
        state: fields.word("state")?,
        upload: fields.maybe_id("upload")?,
        media_type: fields.maybe_text("media_type")?,
        size: fields.number("size")?,
        at: fields.time("at")?,
        reason: fields.maybe_text("reason")?,
    })
}

impl Store {
    /// The draft behind a handle, unless it was left alone for too long.
    pub async fn registration_draft(
        &self,
        handle: &TokenHash,
    ) -> Result<Option<ProviderRegistration>, StoreError> {
        let since = self.now().minus(DRAFT_LIFE);
        self.read_one(BY_HANDLE, args![handle, since]).await?.map(read).transpose()
    }

    /// The registration with this identifier.
    pub async fn provider_registration(
        &self,
        id: &ProviderRegistrationId,
    ) -> Result<Option<ProviderRegistration>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// The registration to whose status page a link leads.
    pub async fn registration_by_link(
        &self,
        link: &TokenHash,
    ) -> Result<Option<ProviderRegistration>, StoreError> {
        self.read_one(BY_LINK, args![link]).await?.map(read).transpose()
    }

    /// What waits at the hospital, the oldest first, at most 500.
    pub async fn waiting_registrations(&self) -> Result<Vec<ProviderRegistration>, StoreError> {
        self.list(QUEUE, args![], read).await
    }

    /// What is stored of the documents; one that is missing may have no entry.
    pub async fn registration_documents(
        &self,
        id: &ProviderRegistrationId,
    ) -> Result<Vec<Document>, StoreError> {
        self.list(DOCUMENTS, args![id], read_document).await
    }

    /// An upload's sealed pieces in order; none when it was replaced or removed.
    pub async fn registration_pieces(&self, upload: &UploadId) -> Result<Vec<String>, StoreError> {
        self.list(PIECES, args![upload], |row| Fields::new("registration_pieces", row).text("sealed")).await
    }
}

/// An upload, sealed.
#[derive(Debug)]
pub struct SealedUpload {
    /// Identifier.
    pub id: UploadId,
    /// What it is.
    pub media_type: MediaType,
    /// Its size in plain, in bytes.
    pub size: u32,
    /// The sealed pieces in order.
    pub pieces: Vec<String>,
}

impl Transaction {
    /// Begins a draft.
    pub async fn insert_registration_draft(
        &mut self,
        id: &ProviderRegistrationId,
        handle: &TokenHash,
        reference: &str,
        language: Language,
        answers: &Answers,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let details = json_of("provider_registrations", answers)?;
        self.run(INSERT, args![id, handle, reference, word_of(&language), details, now]).await?;
        Ok(())
    }

    /// Keeps what was typed. False when there is no such draft, or it was sent meanwhile.
    pub async fn save_registration_draft(
        &mut self,
        handle: &TokenHash,
        language: Language,
        answers: &Answers,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let details = json_of("provider_registrations", answers)?;
        Ok(self.run(SAVE, args![handle, details, word_of(&language), now]).await? > 0)
    }

    /// Sends a draft; its handle opens nothing from then on. `None` when it was sent already.
    /// `Conflict("provider_registrations.open")` when an open registration has the NPI or the address.
    pub async fn send_registration(
        &mut self,
        handle: &TokenHash,
        npi: &str,
        email: &str,
    ) -> Result<Option<ProviderRegistration>, StoreError> {
        let now = self.now();
        self.one(SEND, args![handle, npi, email, now]).await?.map(read).transpose()
    }

    /// Removes a draft. False when there is none.
    pub async fn discard_registration_draft(&mut self, handle: &TokenHash) -> Result<bool, StoreError> {
        Ok(self.run(DISCARD, args![handle]).await? > 0)
    }

    /// The open registration with this NPI or address, that of the address first.
    pub async fn open_registration_of(
        &mut self,
        npi: &str,
        email: &str,
    ) -> Result<Option<ProviderRegistration>, StoreError> {
        self.one(OPEN_OF, args![npi, email]).await?.map(read).transpose()
    }

    /// Adds a link to the status page; those made before keep working.
    pub async fn insert_registration_link(
        &mut self,
        link: &TokenHash,
        id: &ProviderRegistrationId,
    ) -> Result<(), StoreError> {
        self.run(LINK, args![link, id]).await?;
        Ok(())
    }

    /// Decides about a sent registration. False when it is not in the state from which `step` leads.
    pub async fn decide_registration(
        &mut self,
        id: &ProviderRegistrationId,
        step: RegistrationStep,
        by: Option<&AccountId>,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let from = RegistrationState::Sent;
        let Some(to) = from.after(step) else { return Ok(false) };
        let args = args![id, word_of(&from), word_of(&to), now, by, reason];
        Ok(self.run(STEP, args).await? > 0)
    }

    /// Notes which account came of an approved registration.
    pub async fn note_registered_account(
        &mut self,
        id: &ProviderRegistrationId,
        account: &AccountId,
    ) -> Result<(), StoreError> {
        self.run(NOTE_ACCOUNT, args![id, account]).await?;
        Ok(())
    }

    /// What is stored of the documents, as this change sees it.
    pub async fn registration_documents(
        &mut self,
        id: &ProviderRegistrationId,
    ) -> Result<Vec<Document>, StoreError> {
        self.rows(DOCUMENTS, args![id]).await?.into_iter().map(read_document).collect()
    }

    /// Takes a step with a document of a sent registration. `seen` is the upload that staff looked at: a step about another one is
    /// not taken. False when it is not taken.
    pub async fn step_document(
        &mut self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
        step: DocumentStep,
        seen: Option<&UploadId>,
        by: Option<&AccountId>,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some(document) = self.held(id, kind).await? else { return Ok(false) };
        let Some(state) = document.state.after(step) else { return Ok(false) };
        if step != DocumentStep::Fax && document.upload.as_ref() != seen {
            return Ok(false);
        }
        if step == DocumentStep::Fax {
            self.run(CLEAR, args![id, word_of(&kind)]).await?;
        }
        let upload = (step != DocumentStep::Fax).then_some(document.upload.as_ref()).flatten();
        let now = self.now();
        let args = args![
            id,
            word_of(&kind),
            word_of(&state),
            upload,
            document.media_type,
            document.size,
            now,
            by,
            reason,
            word_of(&document.state),
        ];
        Ok(self.run(PUT, args).await? > 0)
    }

    /// Keeps an upload in the place of what was there. False when the registration is decided or the document verified.
    pub async fn put_upload(
        &mut self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
        upload: &SealedUpload,
    ) -> Result<bool, StoreError> {
        let Some(document) = self.held(id, kind).await? else { return Ok(false) };
        let Some(state) = document.state.after(DocumentStep::Upload) else { return Ok(false) };
        let now = self.now();
        let args = args![
            id,
            word_of(&kind),
            word_of(&state),
            &upload.id,
            upload.media_type.name(),
            upload.size,
            now,
            None::<&AccountId>,
            None::<&str>,
            word_of(&document.state),
        ];
        if self.run(PUT, args).await? == 0 {
            return Ok(false);
        }
        self.run(CLEAR, args![id, word_of(&kind)]).await?;
        for (number, sealed) in (0_i64..).zip(&upload.pieces) {
            self.run(PIECE, args![&upload.id, number, id, word_of(&kind), sealed]).await?;
        }
        Ok(true)
    }

    /// Removes what was uploaded as this document; that it was there stays known.
    pub async fn forget_upload(
        &mut self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
    ) -> Result<(), StoreError> {
        self.run(CLEAR, args![id, word_of(&kind)]).await?;
        self.run(FORGET, args![id, word_of(&kind)]).await?;
        Ok(())
    }

    /// The document as it stands, while no other change can decide about its registration. `None` when that is not open.
    async fn held(
        &mut self,
        id: &ProviderRegistrationId,
        kind: DocumentKind,
    ) -> Result<Option<Document>, StoreError> {
        let now = self.now();
        if self.run(HOLD, args![id, now]).await? == 0 {
            return Ok(None);
        }
        let found = self.registration_documents(id).await?.into_iter().find(|document| document.kind == kind);
        Ok(Some(found.unwrap_or(Document {
            kind,
            state: DocumentState::Missing,
            upload: None,
            media_type: None,
            size: 0,
            at: now,
            reason: None,
        })))
    }

    /// Removes drafts that were left alone. How many.
    pub async fn sweep_registration_drafts(&mut self) -> Result<u64, StoreError> {
        let before = self.now().minus(DRAFT_LIFE);
        self.run(OLD_DRAFTS, args![before]).await
    }
}

alone! {
    /// Removes drafts that were left alone.
    fn sweep_registration_drafts() -> u64;
    /// Removes a draft.
    fn discard_registration_draft(handle: &TokenHash) -> bool;
}
