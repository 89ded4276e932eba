//! What the mails say: no clinical data, no full patient name (D-13), and always whom to ask (S-27, S-80).

use super::Message;

/// What every mail needs to know of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    /// The hospital's name.
    pub hospital: String,
    /// The portal's root.
    pub portal: String,
    /// The support mailbox.
    pub support: String,
}

impl Letters {
    /// The account's password was changed.
    pub fn password_changed(&self, to: &str) -> Message {
        self.letter(
            to,
            "Your password was changed",
            "The password of your account in the clinician portal was changed, and you were signed out everywhere.\n\n\
             If this was you, nothing is left to do. If it was not, write to us at once.",
        )
    }

    fn letter(&self, to: &str, subject: &str, text: &str) -> Message {
        let Self { hospital, portal, support } = self;
        Message {
            to: to.to_owned(),
            subject: format!("{hospital}: {subject}"),
            body: format!("{text}\n\n{hospital}, clinician portal\n{portal}\nQuestions: {support}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s27_every_letter_says_whom_to_ask() {
        let letters = Letters {
            hospital: "Harbor Children's".to_owned(),
            portal: "https://portal.example/".to_owned(),
            support: "help@hospital.example".to_owned(),
        };
        let letter = letters.password_changed("ana@kids.example");
        assert_eq!(letter.to, "ana@kids.example");
        assert!(
            letter.body.contains("help@hospital.example") && letter.body.contains("https://portal.example/")
        );
        assert!(!letter.subject.contains('\n'));
    }
}
