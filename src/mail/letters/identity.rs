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
