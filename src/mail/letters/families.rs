//! Mails about families' decisions (S-46, S-50, D-07): initials and a link, no clinical data, no full patient name (D-13).

use jiff::civil::Date;

use super::{Letters, Part};
use crate::domain::language::Language;
use crate::mail::Message;
use crate::words::{day, say, say_with};

impl Letters {
    /// A provider was invited to or approved for a record (S-46).
    pub fn access_given(&self, to: &str, language: Language, initials: &str) -> Message {
        let subject = say(language, "family-mail-given");
        let parts = vec![
            Part::Text(say_with(language, "family-mail-given-text", &[("initials", initials.into())])),
            Part::Text(say(language, "family-mail-given-find")),
            self.portal_link(language, "family-mail-given-link", ""),
        ];
        self.write(to, language, &subject, parts)
    }

    /// A family took a provider's access back.
    pub fn access_ended(&self, to: &str, language: Language, initials: &str) -> Message {
        let subject = say(language, "family-mail-ended");
        let parts = vec![
            Part::Text(say_with(language, "family-mail-ended-text", &[("initials", initials.into())])),
            Part::Text(say(language, "family-mail-ended-ask")),
            self.portal_link(language, "family-mail-given-link", ""),
        ];
        self.write(to, language, &subject, parts)
    }

    /// An invitation with its token (S-50, S-51). The MRN that the token is bound to comes from the family, by another way.
    pub fn invitation(
        &self,
        to: &str,
        language: Language,
        initials: &str,
        token: &str,
        until: Date,
    ) -> Message {
        let subject = say(language, "family-mail-invitation");
        let until = day(language, until);
        let parts = vec![
            Part::Text(say_with(language, "family-mail-invitation-text", &[("initials", initials.into())])),
            Part::Text(say(language, "family-mail-invitation-token")),
            Part::Code(token.to_owned()),
            Part::Text(say_with(language, "family-mail-invitation-until", &[("day", (&until).into())])),
            Part::Text(say(language, "family-mail-invitation-register")),
            self.portal_link(language, "family-mail-invitation-link", "/invitations"),
        ];
        self.write(to, language, &subject, parts)
    }

    /// Tells whoever invited that the invitation was used.
    pub fn invitation_used(&self, to: &str, language: Language, initials: &str, provider: &str) -> Message {
        let subject = say(language, "family-mail-used");
        let parts = vec![
            Part::Text(say_with(
                language,
                "family-mail-used-text",
                &[("provider", provider.into()), ("initials", initials.into())],
            )),
            Part::Text(say(language, "family-mail-used-change")),
            self.portal_link(language, "family-mail-family-link", ""),
        ];
        self.write(to, language, &subject, parts)
    }

    /// A patient comes of age on `birthday`; `come`: today (D-07).
    pub fn coming_of_age(
        &self,
        to: &str,
        language: Language,
        initials: &str,
        birthday: Date,
        age: u8,
        come: bool,
    ) -> Message {
        let when = day(language, birthday);
        let places =
            [("initials", initials.into()), ("day", (&when).into()), ("age", usize::from(age).into())];
        let subject = say_with(
            language,
            if come { "family-mail-of-age" } else { "family-mail-soon" },
            &[("age", usize::from(age).into())],
        );
        let text = say_with(
            language,
            if come { "family-mail-of-age-text" } else { "family-mail-soon-text" },
            &places,
        );
        let parts = vec![
            Part::Text(text),
            Part::Text(say(language, "family-mail-of-age-grants")),
            Part::Text(say(language, "family-mail-of-age-patient")),
            self.portal_link(language, "family-mail-family-link", ""),
        ];
        self.write(to, language, &subject, parts)
    }

    fn portal_link(&self, language: Language, label: &str, path: &str) -> Part {
        Part::Link {
            label: say(language, label),
            url: format!("{}{path}", self.portal.trim_end_matches('/')),
        }
    }
}
