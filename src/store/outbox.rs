//! Mails to be sent: queued in the transaction that causes them, sent by a job (DESIGN.md 7).

use crate::domain::clock::Timestamp;

use super::{Store, StoreError, Transaction};

/// A mail to queue. Holds no clinical data and no full patient name (D-13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// A mail in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMail {
    /// 1, 2, 3, ...
    pub number: u64,
    /// What it says.
    pub mail: NewMail,
    /// How often sending was tried.
    pub attempts: u32,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

impl Store {
    /// The latest mails, sent or not, latest first: what the demo's mailbox shows.
    pub async fn mails(&self, _limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Queues a mail.
    pub async fn queue_mail(&mut self, _mail: &NewMail) -> Result<(), StoreError> {
        todo!()
    }

    /// Claims mails that are due, for five minutes; another node does not get them meanwhile.
    pub async fn claim_mails(&mut self, _limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        todo!()
    }

    /// Notes that a mail was sent.
    pub async fn mail_sent(&mut self, _number: u64) -> Result<(), StoreError> {
        todo!()
    }

    /// Notes that sending failed; tried again at `retry_at`, or never.
    pub async fn mail_failed(
        &mut self,
        _number: u64,
        _retry_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        todo!()
    }
}

alone! {
    /// Queues a mail.
    fn queue_mail(mail: &NewMail) -> ();
    /// Claims mails that are due.
    fn claim_mails(limit: u32) -> Vec<QueuedMail>;
    /// Notes that a mail was sent.
    fn mail_sent(number: u64) -> ();
    /// Notes that sending failed.
    fn mail_failed(number: u64, retry_at: Option<Timestamp>) -> ();
}
