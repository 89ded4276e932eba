//! Rank 3: mails as text, and how they are sent. They are queued in `store` by the use-case and sent by a job.

pub mod letters;
pub mod smtp;

use futures_util::future::BoxFuture;

/// A mail. Holds no clinical data and no full patient name (D-13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same as HTML, beside the text.
    pub html: Option<String>,
}

/// Why a mail was not sent. Names neither address nor text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It will never be: not an address, or the mail server refuses it for good.
    #[error("the mail server refused the mail: {0}")]
    Refused(String),
    /// Perhaps later: the mail server cannot be reached or is busy.
    #[error("the mail server cannot take the mail now: {0}")]
    Unavailable(String),
}

/// What sends mails.
pub trait MailSender: Send + Sync {
    /// Completes when the mail server has taken the mail over.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), MailError>>;
}
