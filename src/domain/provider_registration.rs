//! The life of a provider's registration (S-10 to S-17) and of the documents that belong to it.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, Npi, PracticeId, ProviderRegistrationId, UploadId};
use super::language::Language;

/// Where a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// Being filled in.
    Draft,
    /// With the hospital: documents are missing, or staff have not decided.
    Sent,
    /// There is an account.
    Approved,
    /// Staff said no.
    Refused,
    /// The applicant took it back.
    Withdrawn,
}

/// A step in the life of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationStep {
    /// The applicant sends it.
    Send,
    /// Staff make the account.
    Approve,
    /// Staff say no.
    Refuse,
    /// The applicant takes it back.
    Withdraw,
}

impl RegistrationState {
    /// The state after `step`; `None` when the step cannot be taken from here.
    pub const fn after(self, step: RegistrationStep) -> Option<Self> {
        match (self, step) {
            (Self::Draft, RegistrationStep::Send) => Some(Self::Sent),
            (Self::Sent, RegistrationStep::Approve) => Some(Self::Approved),
            (Self::Sent, RegistrationStep::Refuse) => Some(Self::Refused),
            (Self::Sent, RegistrationStep::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }
}

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A: the signed Certification and Agreement (S-12).
    Certification,
    /// B: a driver's licence or passport (S-13).
    Identity,
    /// C: the signed Sponsorship Agreement (S-14).
    Sponsorship,
}

impl DocumentKind {
    /// Every kind, in the order of their letters.
    pub const ALL: [Self; 3] = [Self::Certification, Self::Identity, Self::Sponsorship];

    /// The letter by which forms and faxes call it.
    pub const fn letter(self) -> char {
        match self {
            Self::Certification => 'A',
            Self::Identity => 'B',
            Self::Sponsorship => 'C',
        }
    }

    /// The word in storage and in URLs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certification => "certification",
            Self::Identity => "identity",
            Self::Sponsorship => "sponsorship",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What has to be there: C if and only if sponsorship privileges are asked for (S-14).
    pub fn required(wants_sponsorship: bool) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |kind| wants_sponsorship || *kind != Self::Sponsorship)
    }
}

/// Where a document stands (S-16). One of which nothing is stored is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Nothing came.
    Missing,
    /// It was uploaded.
    Uploaded,
    /// It came by fax; the paper is with staff.
    Faxed,
    /// Staff looked at it and it is right.
    Verified,
    /// Staff looked at it and it is not; the reason stands beside.
    Rejected,
}

/// What happens to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentStep {
    /// The applicant uploads it.
    Upload,
    /// Staff note that it came by fax.
    Fax,
    /// Staff accept it.
    Verify,
    /// Staff reject it.
    Reject,
}

impl DocumentState {
    /// The state after `step`; `None` when the step cannot be taken from here. What is verified is not replaced.
    pub const fn after(self, step: DocumentStep) -> Option<Self> {
        match (self, step) {
            (Self::Verified, DocumentStep::Upload | DocumentStep::Fax | DocumentStep::Verify) => None,
            (_, DocumentStep::Upload) => Some(Self::Uploaded),
            (_, DocumentStep::Fax) => Some(Self::Faxed),
            (Self::Uploaded | Self::Faxed, DocumentStep::Verify) => Some(Self::Verified),
            (Self::Uploaded | Self::Faxed | Self::Verified, DocumentStep::Reject) => Some(Self::Rejected),
            _ => None,
        }
    }
}

/// A document as it is stored, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub kind: DocumentKind,
    /// Where it stands.
    pub state: DocumentState,
    /// The upload that is kept, if there is one.
    pub upload: Option<UploadId>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub size: u32,
    /// When it came or was decided about.
    pub at: Timestamp,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// What may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/pdf`
    Pdf,
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
}

impl MediaType {
    /// The media type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The type of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pdf, Self::Jpeg, Self::Png].into_iter().find(|kind| kind.name() == name)
    }
}

/// What the applicant may be (S-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Credential {
    /// Doctor of Medicine.
    #[serde(rename = "MD")]
    Md,
    /// Doctor of Osteopathic Medicine.
    #[serde(rename = "DO")]
    Do,
    /// Nurse Practitioner.
    #[serde(rename = "NP")]
    Np,
    /// Physician Assistant.
    #[serde(rename = "PA")]
    Pa,
}

impl Credential {
    /// Every credential.
    pub const ALL: [Self; 4] = [Self::Md, Self::Do, Self::Np, Self::Pa];

    /// As it is written behind a name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Md => "MD",
            Self::Do => "DO",
            Self::Np => "NP",
            Self::Pa => "PA",
        }
    }

    /// The credential of a text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|credential| credential.text() == text)
    }
}

/// What was typed so far, right or wrong: a draft keeps everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Name without title or credential.
    pub name: String,
    /// MD, DO, NP or PA.
    pub credential: String,
    /// National Provider Identifier.
    pub npi: String,
    /// E-mail address, the sign-in name later (S-18).
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// A practice that is known here.
    pub practice: Option<PracticeId>,
    /// What was last searched for.
    pub practice_sought: String,
    /// A practice that is not.
    pub practice_name: String,
    /// Its address.
    pub practice_address: String,
    /// Its telephone.
    pub practice_phone: String,
    /// Whether sponsorship privileges are asked for (S-15): `yes`, `no` or nothing yet.
    pub sponsor: String,
}

impl Answers {
    /// Whether sponsorship privileges are asked for.
    pub fn wants_sponsorship(&self) -> bool {
        self.sponsor == "yes"
    }

    /// The NPI, if it is one (S-01).
    pub fn checked_npi(&self) -> Option<Npi> {
        let digits: String = self.npi.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        Npi::parse(&digits).ok()
    }

    /// The name as accounts and papers print it: "Ana Ellis, MD".
    pub fn printed_name(&self) -> String {
        format!("{}, {}", self.name.trim(), self.credential)
    }
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRegistration {
    /// Identifier.
    pub id: ProviderRegistrationId,
    /// What stands on papers and faxes: eight letters and digits that cannot be mistaken for others.
    pub reference: String,
    /// Where it stands.
    pub state: RegistrationState,
    /// In which the applicant is written to.
    pub language: Language,
    /// What the applicant said.
    pub answers: Answers,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When it was decided about.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<AccountId>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// Whether every required document is verified, so that the registration can be approved.
pub fn is_complete(wants_sponsorship: bool, documents: &[Document]) -> bool {
    DocumentKind::required(wants_sponsorship).all(|kind| {
        documents.iter().any(|document| document.kind == kind && document.state == DocumentState::Verified)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s16_a_registration_is_decided_once_and_never_before_it_is_sent() {
        use RegistrationState as S;
        use RegistrationStep as T;
        let ways = [
            (S::Draft, T::Send, S::Sent),
            (S::Sent, T::Approve, S::Approved),
            (S::Sent, T::Refuse, S::Refused),
            (S::Sent, T::Withdraw, S::Withdrawn),
        ];
        for from in [S::Draft, S::Sent, S::Approved, S::Refused, S::Withdrawn] {
            for step in [T::Send, T::Approve, T::Refuse, T::Withdraw] {
                let way = ways.iter().find(|way| (way.0, way.1) == (from, step)).map(|way| way.2);
                assert_eq!(from.after(step), way, "{from:?} {step:?}");
            }
        }
    }

    #[test]
    fn s16_what_is_verified_is_not_replaced_and_what_is_missing_not_verified() {
        use DocumentState as S;
        use DocumentStep as T;
        for from in [S::Missing, S::Uploaded, S::Faxed, S::Rejected] {
            assert_eq!(from.after(T::Upload), Some(S::Uploaded));
            assert_eq!(from.after(T::Fax), Some(S::Faxed));
        }
        for step in [T::Upload, T::Fax, T::Verify] {
            assert_eq!(S::Verified.after(step), None);
        }
        for from in [S::Missing, S::Rejected] {
            assert_eq!((from.after(T::Verify), from.after(T::Reject)), (None, None));
        }
        for from in [S::Uploaded, S::Faxed] {
            assert_eq!(
                (from.after(T::Verify), from.after(T::Reject)),
                (Some(S::Verified), Some(S::Rejected))
            );
        }
        assert_eq!(S::Verified.after(T::Reject), Some(S::Rejected));
    }

    #[test]
    fn s14_document_c_is_required_if_and_only_if_sponsorship_is_asked_for() {
        let required = |wants| DocumentKind::required(wants).map(DocumentKind::letter).collect::<String>();
        assert_eq!((required(true).as_str(), required(false).as_str()), ("ABC", "AB"));
        let verified = |kind| Document {
            kind,
            state: DocumentState::Verified,
            upload: None,
            media_type: None,
            size: 0,
            at: Timestamp::from_millis(0),
            reason: None,
        };
        let two = [verified(DocumentKind::Certification), verified(DocumentKind::Identity)];
        assert!(is_complete(false, &two) && !is_complete(true, &two));
    }
}
