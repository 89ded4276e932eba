//! What the mails say: no clinical data, no full patient name (D-13), and always whom to ask (S-27, S-80).

mod families;
pub mod identity;
pub mod registration;
mod requests;
pub mod sponsorship;

use askama::Template;

use super::Message;
use crate::domain::language::Language;
use crate::words::{say, say_with};

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

    /// A registration arrived and waits for staff. Goes to an address that nobody has confirmed, so it repeats nothing that
    /// was typed.
    pub fn client_received(&self, to: &str, client: &str) -> Message {
        let text = format!(
            "Somebody registered an app with us and named this address as its contact.\n\n\
             The client_id is {client}. We look at every registration before the app may ask for anything, and write to \
             this address when we have decided.\n\nIf you do not expect this, nothing is left to do."
        );
        self.letter(to, "An app registration has arrived", &text)
    }

    /// Staff let the client act.
    pub fn client_approved(&self, to: &str, name: &str, client: &str) -> Message {
        let text = format!("{name} (client_id {client}) may connect from now on.\n\n{}", self.app_page());
        self.letter(to, "Your app is approved", &text)
    }

    /// Staff said no.
    pub fn client_refused(&self, to: &str, client: &str, reason: &str) -> Message {
        let text = format!(
            "We did not approve the app with the client_id {client}, for this reason:\n\n{reason}\n\n\
             You can change the registration and so ask again. {}",
            self.app_page()
        );
        self.letter(to, "Your app is not approved", &text)
    }

    /// Staff stopped the client.
    pub fn client_suspended(&self, to: &str, client: &str, reason: &str) -> Message {
        let text = format!(
            "The app with the client_id {client} cannot connect for now, for this reason:\n\n{reason}\n\n{}",
            self.app_page()
        );
        self.letter(to, "Your app is suspended", &text)
    }

    /// Staff agreed to a change.
    pub fn client_change_approved(&self, to: &str, name: &str, client: &str) -> Message {
        let text = format!("The change of {name} (client_id {client}) is in force.\n\n{}", self.app_page());
        self.letter(to, "The change of your app is approved", &text)
    }

    /// Staff did not agree to a change.
    pub fn client_change_refused(&self, to: &str, client: &str, reason: &str) -> Message {
        let text = format!(
            "The app with the client_id {client} stays as it was registered; we did not approve the change, for this \
             reason:\n\n{reason}\n\n{}",
            self.app_page()
        );
        self.letter(to, "The change of your app is not approved", &text)
    }

    fn app_page(&self) -> String {
        let portal = self.portal.trim_end_matches('/');
        format!("Its state and its failed requests: {portal}/developers/apps")
    }

    fn letter(&self, to: &str, subject: &str, text: &str) -> Message {
        let parts = text.split("\n\n").map(|paragraph| Part::Text(paragraph.to_owned())).collect();
        self.write(to, Language::En, subject, parts)
    }

    /// A mail of these parts, as text and as HTML, with whom to ask below. `subject` gets the hospital's name before it.
    pub(super) fn write(&self, to: &str, language: Language, subject: &str, parts: Vec<Part>) -> Message {
        let Self { hospital, portal, support } = self;
        let portal_words = say(language, "mail-portal");
        let questions = say_with(language, "mail-questions", &[("support", support.into())]);
        let mut body = String::new();
        for part in &parts {
            match part {
                Part::Text(text) | Part::Code(text) => body.push_str(text),
                Part::Link { label, url } => {
                    body.push_str(label);
                    body.push_str(":\n");
                    body.push_str(url);
                }
            }
            body.push_str("\n\n");
        }
        for line in [format!("{hospital}, {portal_words}").as_str(), portal, &questions] {
            body.push_str(line);
            body.push('\n');
        }
        let page = LetterPage {
            language,
            subject,
            hospital,
            portal,
            portal_words: &portal_words,
            questions: &questions,
            parts,
        };
        Message {
            to: to.to_owned(),
            subject: format!("{hospital}: {subject}"),
            body,
            // A template of strings does not fail; without it the mail is text alone.
            html: page.render().ok(),
        }
    }
}

/// A part of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// A code to type.
    Code(String),
    /// The one thing to do, as a button.
    Link {
        /// What the button says.
        label: String,
        /// Where it leads, within the portal.
        url: String,
    },
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct LetterPage<'a> {
    language: Language,
    subject: &'a str,
    hospital: &'a str,
    portal: &'a str,
    portal_words: &'a str,
    questions: &'a str,
    parts: Vec<Part>,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The particulars of an installation.
    pub fn letters() -> Letters {
        Letters {
            hospital: "Harbor Children's".to_owned(),
            portal: "https://portal.example/".to_owned(),
            support: "help@hospital.example".to_owned(),
        }
    }

    #[test]
    fn s27_every_letter_says_whom_to_ask() {
        let letter = letters().password_changed("ana@kids.example");
        assert_eq!(letter.to, "ana@kids.example");
        assert!(
            letter.body.contains("help@hospital.example") && letter.body.contains("https://portal.example/")
        );
        assert!(!letter.subject.contains('\n'));
        let html = letter.html.unwrap();
        assert!(html.contains("lang=\"en\"") && html.contains("help@hospital.example"));
    }
}
