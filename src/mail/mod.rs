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
    /// It will never be: the address is not one.
    #[error("the address is not one")]
    Address,
    /// Perhaps later: the mail server is busy.
    #[error("the mail server cannot take the mail now: {0}")]
    Busy(String),
    /// Perhaps later: the mail server cannot be reached, or the connection broke. It may have taken the mail nevertheless, when it
    /// broke between the mail's end and the server's answer.
    #[error("the mail server cannot be reached")]
    Unreachable,
}

impl MailError {
    /// The class of the reason, as the outbox keeps it.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Address => "address",
            Self::Busy(_) => "busy",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether it is worth another attempt.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable)
    }
}

/// What sends mails.
pub trait MailSender: Send + Sync {
    /// Completes when the mail server has taken the mail over. `key` is the same at each attempt and becomes part of the
    /// `Message-ID`, by which mail systems know a mail that comes twice (RFC 5322 3.6.4).
    fn send<'a>(&'a self, message: &'a Message, key: &'a str) -> BoxFuture<'a, Result<(), MailError>>;
}
