//! Mails to be sent: queued in the transaction that causes them, sent by a job (DESIGN.md 7).

use std::time::Duration;

use crate::domain::clock::Timestamp;

use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

/// How long a claim holds: far longer than sending takes, so that only a node that died loses it.
const CLAIM: Duration = Duration::from_mins(5);

statements! {
    NUMBER = "UPDATE counters SET value = value + 1 WHERE name = 'outbox' RETURNING value";
    INSERT = "INSERT INTO outbox (number, recipient, subject, body, attempts, queued_at, due_at, html)
              VALUES ($1, $2, $3, $4, 0, $5, $5, $6)";
    LATEST = "SELECT number, recipient, subject, body, html, attempts, queued_at, sent_at FROM outbox
              ORDER BY number DESC LIMIT $1";
    DEPTH = "SELECT COUNT(*) AS waiting, MIN(queued_at) AS oldest FROM outbox WHERE due_at IS NOT NULL";
    CLAIM_DUE = "UPDATE outbox SET due_at = $2, attempts = attempts + 1
                 WHERE number IN (SELECT number FROM outbox WHERE due_at <= $1 ORDER BY number LIMIT $3) AND due_at <= $1
                 RETURNING number, recipient, subject, body, html, attempts, queued_at, sent_at";
    SENT = "UPDATE outbox SET sent_at = $2, due_at = NULL WHERE number = $1";
    FAILED = "UPDATE outbox SET due_at = $2, failure = $3, given_up_at = $4 WHERE number = $1 AND sent_at IS NULL";
    SWEEP = "DELETE FROM outbox WHERE sent_at < $1 OR given_up_at < $1";
    GIVEN_UP = "SELECT COUNT(*) FROM outbox WHERE given_up_at IS NOT NULL";
    FAILURES = "SELECT number, recipient, subject, body, html, attempts, queued_at, sent_at, failure, given_up_at FROM outbox
                WHERE sent_at IS NULL AND failure IS NOT NULL ORDER BY number DESC LIMIT $1";
    RETRY = "UPDATE outbox SET due_at = $2, attempts = 0, given_up_at = NULL
             WHERE number = $1 AND sent_at IS NULL AND failure IS NOT NULL";
}

fn read(row: Row) -> Result<QueuedMail, StoreError> {
    take(&mut Fields::new("outbox", row))
}

fn take(fields: &mut Fields) -> Result<QueuedMail, StoreError> {
    Ok(QueuedMail {
        number: fields.number("number")?,
        mail: NewMail {
            to: fields.text("recipient")?,
            subject: fields.text("subject")?,
            body: fields.text("body")?,
            html: fields.maybe_text("html")?,
        },
        attempts: fields.number("attempts")?,
        queued_at: fields.time("queued_at")?,
        sent_at: fields.maybe_time("sent_at")?,
    })
}

/// A mail to queue. Holds no clinical data and no full patient name (D-13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same as HTML.
    pub html: Option<String>,
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

/// Mails that are to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxDepth {
    /// How many.
    pub waiting: u64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// What waits to be sent.
    pub async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError> {
        let depth = self
            .list(DEPTH, args![], |row| {
                let mut fields = Fields::new("outbox", row);
                Ok(OutboxDepth { waiting: fields.number("waiting")?, oldest: fields.maybe_time("oldest")? })
            })
            .await?;
        depth.into_iter().next().ok_or(StoreError::Corrupt { noun: "outbox", field: "waiting" })
    }
}

/// A mail that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The mail.
    pub mail: QueuedMail,
    /// The class of the last failure: `address`, `refused`, `busy`, `unreachable`.
    pub reason: String,
    /// Whether it is not tried again.
    pub given_up: bool,
}

impl Store {
    /// How many mails were given up, of the last 30 days.
    pub async fn mails_given_up(&self) -> Result<u64, StoreError> {
        match self.read_one(GIVEN_UP, args![]).await? {
            Some(row) => Fields::new("outbox", row).number("count"),
            None => Ok(0),
        }
    }

    /// The mails that failed and are not sent since, latest first.
    pub async fn failed_mails(&self, limit: u32) -> Result<Vec<Failed>, StoreError> {
        self.list(FAILURES, args![limit], |row| {
            let mut fields = Fields::new("outbox", row);
            let mail = take(&mut fields)?;
            let reason = fields.text("failure")?;
            Ok(Failed { mail, reason, given_up: fields.maybe_time("given_up_at")?.is_some() })
        })
        .await
    }

    /// The latest mails, sent or not, latest first: what the demo's mailbox shows.
    pub async fn mails(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        self.list(LATEST, args![limit], read).await
    }
}

impl Transaction {
    /// Queues a mail.
    pub async fn queue_mail(&mut self, mail: &NewMail) -> Result<(), StoreError> {
        let Some(row) = self.one(NUMBER, args![]).await? else {
            return Err(StoreError::Corrupt { noun: "counters", field: "value" });
        };
        let number = Fields::new("counters", row).int("value")?;
        let now = self.now();
        self.run(INSERT, args![number, &mail.to, &mail.subject, &mail.body, now, mail.html.as_deref()])
            .await?;
        Ok(())
    }

    /// Claims mails that are due, for five minutes; another node does not get them meanwhile.
    pub async fn claim_mails(&mut self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        let now = self.now();
        let rows = self.rows(CLAIM_DUE, args![now, now.plus(CLAIM), limit]).await?;
        let mut mails = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        mails.sort_by_key(|mail| mail.number);
        Ok(mails)
    }

    /// Notes that a mail was sent.
    pub async fn mail_sent(&mut self, number: u64) -> Result<(), StoreError> {
        let now = self.now();
        self.run(SENT, args![stored(number), now]).await?;
        Ok(())
    }

    /// Notes that sending failed, with the class of the reason; tried again at `retry_at`, or never.
    pub async fn mail_failed(
        &mut self,
        number: u64,
        retry_at: Option<Timestamp>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let given_up = retry_at.is_none().then(|| self.now());
        self.run(FAILED, args![stored(number), retry_at, reason, given_up]).await?;
        Ok(())
    }

    /// Sends a mail that failed again at once. False when it did not fail or was sent since.
    pub async fn retry_mail(&mut self, number: u64) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(RETRY, args![stored(number), now]).await? > 0)
    }

    /// Removes mails sent before `before`; returns how many.
    pub(super) async fn sweep_mails(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.run(SWEEP, args![before]).await
    }
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

alone! {
    /// Queues a mail.
    fn queue_mail(mail: &NewMail) -> ();
    /// Claims mails that are due.
    fn claim_mails(limit: u32) -> Vec<QueuedMail>;
    /// Notes that a mail was sent.
    fn mail_sent(number: u64) -> ();
    /// Notes that sending failed.
    fn mail_failed(number: u64, retry_at: Option<Timestamp>, reason: &str) -> ();
    /// Sends a mail that failed again at once.
    fn retry_mail(number: u64) -> bool;
}
