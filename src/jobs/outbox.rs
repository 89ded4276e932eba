//! Sends what waits in the outbox. Several nodes may do so at once: each mail is claimed first.

use std::time::Duration;

use crate::domain::clock::Clock;
use crate::mail::{MailSender, Message};
use crate::store::outbox::QueuedMail;
use crate::store::{Store, StoreError};

/// Mails sent in one go.
const AT_ONCE: u32 = 20;
/// After so many attempts (two days or so) a mail is given up.
const ATTEMPTS: u32 = 14;

/// Sends the mails that are due; returns how many were claimed, so that the caller goes on while there are more.
pub async fn send_due(
    store: &Store,
    sender: &dyn MailSender,
    clock: &dyn Clock,
) -> Result<usize, StoreError> {
    let mails = store.claim_mails(AT_ONCE).await?;
    let count = mails.len();
    for QueuedMail { number, mail, attempts, queued_at, .. } in mails {
        let key = format!("{number}.{}", queued_at.as_millis());
        let message = Message { to: mail.to, subject: mail.subject, body: mail.body, html: mail.html };
        match sender.send(&message, &key).await {
            Ok(()) => store.mail_sent(number).await?,
            Err(error) if error.may_pass() && attempts < ATTEMPTS => {
                tracing::warn!(number, attempts, %error, "a mail could not be sent; it is tried again");
                store.mail_failed(number, Some(clock.now().plus(wait(attempts))), error.class()).await?;
            }
            Err(error) => {
                tracing::error!(number, attempts, %error, "a mail is given up");
                store.mail_failed(number, None, error.class()).await?;
            }
        }
    }
    Ok(count)
}

/// A minute after the first attempt, doubling, at most six hours.
fn wait(attempts: u32) -> Duration {
    Duration::from_mins(1_u64 << attempts.saturating_sub(1).min(10)).min(Duration::from_hours(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_spread_over_two_days() {
        assert_eq!(wait(1), Duration::from_mins(1));
        assert_eq!(wait(2), Duration::from_mins(2));
        assert_eq!(wait(20), Duration::from_hours(6));
        let all: Duration = (1..ATTEMPTS).map(wait).sum();
        assert!((Duration::from_hours(24)..Duration::from_hours(72)).contains(&all), "{all:?}");
    }
}
