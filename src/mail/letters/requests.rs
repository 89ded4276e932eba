//! Requests for access and their answers: initials and a link, nothing else of the patient (D-13).

use super::{Letters, Part};
use crate::domain::account::{Account, AccountKind};
use crate::domain::language::Language;
use crate::domain::notice::NoticeKind;
use crate::mail::Message;
use crate::words::{say, say_with};

impl Letters {
    /// To the support mailbox: a provider says that the PCP in the EHR is wrong (S-32). `contact` is what the provider gave.
    pub fn correction_asked(
        &self,
        provider: &Account,
        practices: &[String],
        contact: &str,
        initials: &str,
    ) -> Message {
        let mut who = vec![provider.name.clone()];
        if let AccountKind::Provider { npi } = &provider.kind {
            who.push(format!("NPI {npi}"));
        }
        who.extend(practices.iter().cloned());
        who.push(provider.email.clone());
        who.extend(provider.phone.clone());
        let contact = format!("To be reached: {contact}");
        let what = format!(
            "{} asks to be recorded as the primary care provider of {initials}. The patient is named in the queue, not here.",
            provider.name
        );
        let parts = vec![
            Part::Text(what),
            Part::Text(who.join("\n")),
            Part::Text(contact),
            self.link("Open the queue", "/staff/requests"),
        ];
        self.write(&self.support, Language::En, "A request for PCP access", parts)
    }

    /// To the family: a provider asks to see the record (S-41). `who` is the provider, with the practice.
    pub fn access_asked(&self, to: &str, language: Language, who: &str, initials: &str) -> Message {
        let values = [("who", who.into()), ("patient", initials.into())];
        let parts = vec![
            Part::Text(say_with(language, "requests-asked-text", &values)),
            Part::Text(say(language, "requests-asked-decide")),
            self.link(&say(language, "requests-asked-link"), "/"),
        ];
        self.write(to, language, &say(language, "requests-asked-subject"), parts)
    }

    /// To a sponsor: a sponsored user needs a record that the sponsor would have to ask for.
    pub fn sponsor_should_ask(&self, to: &str, language: Language, user: &str, initials: &str) -> Message {
        let values = [("who", user.into()), ("patient", initials.into())];
        let parts = vec![
            Part::Text(say_with(language, "requests-nudge-text", &values)),
            Part::Text(say(language, "requests-nudge-how")),
            self.link(&say(language, "requests-open-portal"), "/notices"),
        ];
        self.write(to, language, &say(language, "requests-nudge-subject"), parts)
    }

    /// To the provider: what became of a request (S-46).
    pub fn access_answered(&self, to: &str, language: Language, kind: NoticeKind, initials: &str) -> Message {
        let (subject, next) = match kind {
            NoticeKind::AccessGranted => ("requests-granted-subject", "requests-granted-next"),
            NoticeKind::AccessCorrected => ("requests-corrected-subject", "requests-granted-next"),
            NoticeKind::AccessRefused => ("requests-refused-subject", "requests-refused-next"),
            NoticeKind::CorrectionRefused => {
                ("requests-not-corrected-subject", "requests-not-corrected-next")
            }
            NoticeKind::AccessPassedOn => ("requests-passed-on-subject", "requests-passed-on-next"),
            _ => ("requests-expired-subject", "requests-expired-next"),
        };
        let values = [("patient", initials.into()), ("who", "".into())];
        let parts = vec![
            Part::Text(say_with(language, kind.key(), &values)),
            Part::Text(say(language, next)),
            self.link(&say(language, "requests-open-portal"), "/notices"),
        ];
        self.write(to, language, &say(language, subject), parts)
    }

    /// The daily mail: one sentence for each notice, oldest first.
    pub fn digest(&self, to: &str, language: Language, sentences: &[String]) -> Message {
        let count = say_with(language, "requests-digest-text", &[("count", sentences.len().into())]);
        let list = sentences.iter().map(|sentence| format!("• {sentence}")).collect::<Vec<_>>().join("\n");
        let parts = vec![
            Part::Text(count),
            Part::Text(list),
            self.link(&say(language, "requests-open-portal"), "/notices"),
            Part::Text(say(language, "requests-digest-choice")),
        ];
        self.write(to, language, &say(language, "requests-digest-subject"), parts)
    }

    fn link(&self, label: &str, path: &str) -> Part {
        Part::Link { label: label.to_owned(), url: format!("{}{path}", self.portal.trim_end_matches('/')) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::letters::tests::letters;

    #[test]
    fn d13_letters_of_requests_hold_initials_and_a_link_in_both_languages() {
        for language in Language::ALL {
            let asked =
                letters().access_asked("mom@mail.example", language, "Dr. Ana Ellis, Northside", "M. T.");
            let nudged = letters().sponsor_should_ask("ana@kids.example", language, "Jo Park", "M. T.");
            let mut all = vec![asked, nudged];
            for kind in NoticeKind::ALL {
                all.push(letters().access_answered("ana@kids.example", language, kind, "M. T."));
            }
            all.push(letters().digest(
                "ana@kids.example",
                language,
                &["One. M. T.".to_owned(), "Two.".to_owned()],
            ));
            for letter in all {
                assert!(letter.body.contains("https://portal.example/"), "{}", letter.body);
                assert!(letter.html.unwrap().contains(&format!("lang=\"{}\"", language.tag())));
                for text in [&letter.subject, &letter.body] {
                    assert!(
                        !text.contains("requests-") && !text.contains("notice-"),
                        "a key without words: {text}"
                    );
                }
            }
        }
    }
}
