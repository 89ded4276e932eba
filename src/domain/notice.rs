//! What a person is told within the portal: that something happened, in a sentence of the reader's language.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FhirId, NoticeId};

/// What happened. The sentences are `notice-...` in `templates/words/*/notices.ftl`, with `{ $patient }` for initials and
/// `{ $who }` for a person or practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// To the family: a provider asks to see the record.
    AccessAsked,
    /// To the sponsor: a sponsored user would like the provider to ask.
    SponsorShouldAsk,
    /// To the provider: the family said yes, or invited.
    AccessGranted,
    /// To the provider: the EHR names the practice now.
    AccessCorrected,
    /// To the provider: the family said no.
    AccessRefused,
    /// To the provider: support said no.
    CorrectionRefused,
    /// To the provider: support handed the request on to the family.
    AccessPassedOn,
    /// To the provider: nobody answered.
    AccessExpired,
    /// To the provider: the family took access back, or it ended.
    AccessEnded,
    /// To the family: a grant ends soon, or ended.
    GrantEnds,
    /// To staff: something waits in their queue.
    QueueWaits,
    /// To a sponsor: a sponsorship needs to be confirmed again.
    SponsorshipDue,
    /// To anybody: the account's security settings were changed.
    SecurityChanged,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::AccessAsked,
        Self::SponsorShouldAsk,
        Self::AccessGranted,
        Self::AccessCorrected,
        Self::AccessRefused,
        Self::CorrectionRefused,
        Self::AccessPassedOn,
        Self::AccessExpired,
        Self::AccessEnded,
        Self::GrantEnds,
        Self::QueueWaits,
        Self::SponsorshipDue,
        Self::SecurityChanged,
    ];

    /// The key of its sentence.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AccessAsked => "notice-access-asked",
            Self::SponsorShouldAsk => "notice-sponsor-should-ask",
            Self::AccessGranted => "notice-access-granted",
            Self::AccessCorrected => "notice-access-corrected",
            Self::AccessRefused => "notice-access-refused",
            Self::CorrectionRefused => "notice-correction-refused",
            Self::AccessPassedOn => "notice-access-passed-on",
            Self::AccessExpired => "notice-access-expired",
            Self::AccessEnded => "notice-access-ended",
            Self::GrantEnds => "notice-grant-ends",
            Self::QueueWaits => "notice-queue-waits",
            Self::SponsorshipDue => "notice-sponsorship-due",
            Self::SecurityChanged => "notice-security-changed",
        }
    }

    /// Whether its mail is sent at once whatever the account chose.
    pub const fn is_security(self) -> bool {
        matches!(self, Self::SecurityChanged)
    }
}

/// What the sentence names. No clinical data and no full patient name (D-13): a digest prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeDetails {
    /// The patient's initials.
    pub patient: String,
    /// Another person, a practice or a queue.
    pub who: String,
    /// The page within the portal that it leads to, when there is one without PHI in its address: `/staff/requests`.
    pub href: Option<String>,
}

/// A notice to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// Whom it tells.
    pub account: AccountId,
    /// What happened.
    pub kind: NoticeKind,
    /// The patient it is about; pages refer to one by a sealed handle alone.
    pub patient: Option<FhirId>,
    /// What the sentence names.
    pub details: NoticeDetails,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Identifier.
    pub id: NoticeId,
    /// What it says and to whom.
    pub new: NewNotice,
    /// When it happened.
    pub created_at: Timestamp,
    /// When the account read it.
    pub read_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    #[test]
    fn every_kind_has_its_sentence_in_both_languages() {
        for kind in NoticeKind::ALL {
            for language in Language::ALL {
                let tag = language.tag();
                let words = std::fs::read_to_string(format!(
                    "{}/templates/words/{tag}/notices.ftl",
                    env!("CARGO_MANIFEST_DIR")
                ))
                .unwrap();
                assert!(words.contains(&format!("\n{} =", kind.key())), "{kind:?} {tag}");
            }
        }
    }
}
