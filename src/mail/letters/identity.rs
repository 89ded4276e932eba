//! Mails about signing in: links, pass codes, and word of every change (S-17, S-22, S-24).

use super::{Letters, Part};
use crate::domain::language::Language;
use crate::mail::Message;
use crate::words::{say, say_with};

impl Letters {
    /// The account is there; its owner chooses a password (S-17). `token` is the end of the link.
    pub fn set_up(&self, to: &str, language: Language, token: &str) -> Message {
        let url = format!("{}/set-up/{token}", self.portal.trim_end_matches('/'));
        let parts = vec![
            Part::Text(say_with(language, "identity-mail-set-up-text", &[("address", to.into())])),
            Part::Link { label: say(language, "identity-mail-set-up-button"), url },
            Part::Text(say(language, "identity-mail-set-up-after")),
        ];
        self.write(to, language, &say(language, "identity-mail-set-up-subject"), parts)
    }
}

/// What about a person's sign-in was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The password.
    Password,
    /// The secure questions.
    Questions,
    /// A second factor was added.
    FactorAdded,
    /// A second factor was removed.
    FactorRemoved,
    /// There are new recovery codes.
    RecoveryCodes,
}

impl Letters {
    /// A pass code (D-01).
    pub fn pass_code(&self, to: &str, language: Language, code: &str) -> Message {
        let parts = vec![
            Part::Text(say(language, "identity-mail-code-text")),
            Part::Code(code.to_owned()),
            Part::Text(say(language, "identity-mail-code-after")),
        ];
        self.write(to, language, &say(language, "identity-mail-code-subject"), parts)
    }

    /// Whoever signs in with the hospital's own identity resets its password there (S-23).
    pub fn reset_elsewhere(&self, to: &str, language: Language) -> Message {
        let url = format!("{}/sign-in", self.portal.trim_end_matches('/'));
        let parts = vec![
            Part::Text(say(language, "identity-mail-elsewhere-text")),
            Part::Link { label: say(language, "identity-mail-elsewhere-button"), url },
        ];
        self.write(to, language, &say(language, "identity-mail-elsewhere-subject"), parts)
    }

    /// Something about the person's sign-in was changed.
    pub fn changed(&self, to: &str, language: Language, what: Changed) -> Message {
        let (subject, text) = match what {
            Changed::Password => (
                say(language, "identity-mail-password-subject"),
                say(language, "identity-mail-password-text"),
            ),
            Changed::Questions => (
                say(language, "identity-mail-questions-subject"),
                say(language, "identity-mail-questions-text"),
            ),
            Changed::FactorAdded => {
                (say(language, "identity-mail-added-subject"), say(language, "identity-mail-added-text"))
            }
            Changed::FactorRemoved => {
                (say(language, "identity-mail-removed-subject"), say(language, "identity-mail-removed-text"))
            }
            Changed::RecoveryCodes => {
                (say(language, "identity-mail-codes-subject"), say(language, "identity-mail-codes-text"))
            }
        };
        self.tell(to, language, &subject, text)
    }

    /// Somebody signed in from a browser that the account was not used in before.
    pub fn new_device(&self, to: &str, language: Language) -> Message {
        let text = say(language, "identity-mail-device-text");
        self.tell(to, language, &say(language, "identity-mail-device-subject"), text)
    }

    /// A recovery code was used.
    pub fn recovery_code_used(&self, to: &str, language: Language) -> Message {
        let text = say(language, "identity-mail-used-text");
        self.tell(to, language, &say(language, "identity-mail-used-subject"), text)
    }

    fn tell(&self, to: &str, language: Language, subject: &str, text: String) -> Message {
        let url = format!("{}/account", self.portal.trim_end_matches('/'));
        let parts = vec![
            Part::Text(text),
            Part::Text(say(language, "identity-mail-not-you")),
            Part::Link { label: say(language, "identity-mail-account-button"), url },
        ];
        self.write(to, language, subject, parts)
    }
}
