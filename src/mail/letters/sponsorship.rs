//! To sponsors and those whom they sponsor (S-70, S-71, D-08).

use super::{Letters, Part};
use crate::domain::language::Language;
use crate::domain::practice::SponsorshipState;
use crate::mail::Message;
use crate::words::{say, say_with};

/// What a sponsor is told of the staff that is to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouching {
    /// It is suspended in a month unless confirmed.
    WithinAMonth,
    /// It is suspended in a week unless confirmed.
    WithinAWeek,
    /// It was suspended.
    Suspended,
}

impl Letters {
    /// To practice staff: a provider invites them. `new`: an account was made, and the link to set it up comes in a mail of its own.
    pub fn sponsor_invites(&self, to: &str, language: Language, sponsor: &str, new: bool) -> Message {
        let text = say_with(language, "sponsorship-invited-text", &[("who", sponsor.into())]);
        let mut parts = vec![Part::Text(text)];
        if new {
            parts.push(Part::Text(say(language, "sponsorship-invited-new")));
        } else {
            parts.push(Part::Text(say(language, "sponsorship-invited-known")));
            parts.push(self.leads_to(&say(language, "sponsorship-answer"), "/my-sponsors"));
        }
        self.write(to, language, &say(language, "sponsorship-invited-subject"), parts)
    }

    /// To practice staff: a sponsorship is suspended or has ended.
    pub fn sponsorship_over(
        &self,
        to: &str,
        language: Language,
        sponsor: &str,
        state: SponsorshipState,
    ) -> Message {
        let values = [("who", sponsor.into())];
        let text = if state == SponsorshipState::Ended {
            say_with(language, "sponsorship-ended-text", &values)
        } else {
            say_with(language, "sponsorship-suspended-text", &values)
        };
        let parts = vec![Part::Text(text), Part::Text(say(language, "sponsorship-over-next"))];
        self.write(to, language, &say(language, "sponsorship-over-subject"), parts)
    }

    /// To a sponsor: `count` users are to be confirmed, or were suspended.
    pub fn vouching(&self, to: &str, language: Language, count: usize, what: Vouching) -> Message {
        let values = [("count", count.into())];
        let text = match what {
            Vouching::WithinAMonth => say_with(language, "sponsorship-confirm-month", &values),
            Vouching::WithinAWeek => say_with(language, "sponsorship-confirm-week", &values),
            Vouching::Suspended => say_with(language, "sponsorship-confirm-over", &values),
        };
        let parts =
            vec![Part::Text(text), self.leads_to(&say(language, "sponsorship-my-staff"), "/my-staff")];
        self.write(to, language, &say(language, "sponsorship-confirm-subject"), parts)
    }

    /// To a provider: the hospital gave or took the privilege to sponsor.
    pub fn sponsoring_changed(&self, to: &str, language: Language, may: bool) -> Message {
        let mut parts = Vec::new();
        if may {
            parts.push(Part::Text(say(language, "sponsorship-allowed-text")));
            parts.push(self.leads_to(&say(language, "sponsorship-my-staff"), "/my-staff"));
        } else {
            parts.push(Part::Text(say(language, "sponsorship-disallowed-text")));
        }
        self.write(to, language, &say(language, "sponsorship-privilege-subject"), parts)
    }

    fn leads_to(&self, label: &str, path: &str) -> Part {
        Part::Link { label: label.to_owned(), url: format!("{}{path}", self.portal.trim_end_matches('/')) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::letters::tests::letters;

    #[test]
    fn s70_letters_of_sponsorship_are_in_both_languages() {
        for language in Language::ALL {
            let mut all = Vec::new();
            for yes in [true, false] {
                all.push(letters().sponsor_invites("jo@kids.example", language, "Dr. Ana Ellis", yes));
                all.push(letters().sponsoring_changed("ana@kids.example", language, yes));
            }
            for state in [SponsorshipState::Suspended, SponsorshipState::Ended] {
                all.push(letters().sponsorship_over("jo@kids.example", language, "Dr. Ana Ellis", state));
            }
            for what in [Vouching::WithinAMonth, Vouching::WithinAWeek, Vouching::Suspended] {
                all.push(letters().vouching("ana@kids.example", language, 2, what));
            }
            for letter in all {
                assert!(!letter.subject.contains("sponsorship-") && !letter.body.contains("sponsorship-"));
                assert!(letter.body.contains("https://portal.example/"));
            }
        }
    }
}
