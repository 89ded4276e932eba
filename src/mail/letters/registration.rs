//! Mails to providers who register: received, a document to send again, decided (S-16, S-17).

use super::{Letters, Part};
use crate::domain::language::Language;
use crate::domain::provider_registration::DocumentKind;
use crate::mail::Message;
use crate::words::{say, say_with};

impl Letters {
    /// The registration arrived; `token` is the end of the link to its status page.
    pub fn registration_received(
        &self,
        to: &str,
        language: Language,
        token: &str,
        reference: &str,
    ) -> Message {
        let parts = vec![
            Part::Text(say_with(
                language,
                "registration-mail-received-text",
                &[("reference", reference.into())],
            )),
            self.status_link(language, token),
            Part::Text(say(language, "registration-mail-not-you")),
        ];
        self.write(to, language, &say(language, "registration-mail-received-subject"), parts)
    }

    /// Somebody registered again with the particulars of an open registration.
    pub fn registration_open_already(&self, to: &str, language: Language, token: &str) -> Message {
        let parts = vec![
            Part::Text(say(language, "registration-mail-open-text")),
            self.status_link(language, token),
            Part::Text(say(language, "registration-mail-not-you")),
        ];
        self.write(to, language, &say(language, "registration-mail-open-subject"), parts)
    }

    /// Somebody registered with the particulars of an account: its owner is told, and nobody else.
    pub fn registration_has_account(&self, to: &str, language: Language) -> Message {
        let url = format!("{}/sign-in", self.portal.trim_end_matches('/'));
        let parts = vec![
            Part::Text(say(language, "registration-mail-account-text")),
            Part::Link { label: say(language, "registration-mail-account-button"), url },
            Part::Text(say(language, "registration-mail-not-you")),
        ];
        self.write(to, language, &say(language, "registration-mail-account-subject"), parts)
    }

    /// A document has to be sent again.
    pub fn registration_document_rejected(
        &self,
        to: &str,
        language: Language,
        kind: DocumentKind,
        reason: &str,
        token: &str,
    ) -> Message {
        let (letter, name) = (kind.letter().to_string(), say(language, document_key(kind)));
        let values = [("letter", (&letter).into()), ("document", (&name).into())];
        let parts = vec![
            Part::Text(say_with(language, "registration-mail-document-text", &values)),
            Part::Text(reason.to_owned()),
            self.status_link(language, token),
        ];
        self.write(to, language, &say(language, "registration-mail-document-subject"), parts)
    }

    /// There is an account; the mail with the set-up link comes besides.
    pub fn registration_approved(&self, to: &str, language: Language) -> Message {
        let parts = vec![
            Part::Text(say(language, "registration-mail-approved-text")),
            Part::Text(say(language, "registration-mail-approved-next")),
        ];
        self.write(to, language, &say(language, "registration-mail-approved-subject"), parts)
    }

    /// Staff said no.
    pub fn registration_refused(&self, to: &str, language: Language, reason: &str) -> Message {
        let parts = vec![
            Part::Text(say(language, "registration-mail-refused-text")),
            Part::Text(reason.to_owned()),
            Part::Text(say(language, "registration-mail-refused-next")),
        ];
        self.write(to, language, &say(language, "registration-mail-refused-subject"), parts)
    }

    fn status_link(&self, language: Language, token: &str) -> Part {
        let url = format!("{}/register/status/{token}", self.portal.trim_end_matches('/'));
        Part::Link { label: say(language, "registration-mail-status-button"), url }
    }
}

/// The key of a document's name.
pub fn document_key(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Certification => "registration-document-certification",
        DocumentKind::Identity => "registration-document-identity",
        DocumentKind::Sponsorship => "registration-document-sponsorship",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::letters::tests::letters;

    #[test]
    fn s17_letters_of_registration_in_both_languages() {
        for language in Language::ALL {
            let letters = letters();
            let all = [
                letters.registration_received("a@x.example", language, "cgv_t", "AB23CD45"),
                letters.registration_open_already("a@x.example", language, "cgv_t"),
                letters.registration_has_account("a@x.example", language),
                letters.registration_document_rejected(
                    "a@x.example",
                    language,
                    DocumentKind::Identity,
                    "It is blurred.",
                    "cgv_t",
                ),
                letters.registration_approved("a@x.example", language),
                letters.registration_refused("a@x.example", language, "Not in our area."),
            ];
            for letter in &all {
                assert!(!letter.subject.contains("registration-") && !letter.body.contains("registration-"));
            }
            assert!(all[0].body.contains("https://portal.example/register/status/cgv_t"));
            assert!(all[0].body.contains("AB23CD45") && all[3].body.contains("It is blurred."));
            assert!(all[5].body.contains("Not in our area."));
        }
    }
}
