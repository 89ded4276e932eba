//! The daily mail: what an account was told since the last one, in one mail.

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::accounts::{Accounts, AccountsError};
use crate::domain::clock::Timestamp;
use crate::store::Store;

/// Accounts in one go.
const AT_ONCE: u32 = 100;

/// From when on the daily mail is sent.
#[derive(Clone, Debug)]
pub struct DigestHour {
    /// The hour, 0 to 23.
    pub hour: i8,
    /// Of which clock.
    pub zone: TimeZone,
}

impl DigestHour {
    /// The last moment at which daily mails fell due, at or before `now`. Where the clocks jump over the hour, the moment after
    /// the jump.
    pub fn last_due(&self, now: Timestamp) -> Timestamp {
        let Ok(instant) = jiff::Timestamp::from_millisecond(now.as_millis()) else { return now };
        let today = self.zone.to_datetime(instant).date();
        let due = |date: jiff::civil::Date| {
            let local = date.at(self.hour, 0, 0, 0);
            let moment = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
            Some(Timestamp::from_millis(moment.as_millisecond()))
        };
        let yesterday = || today.checked_sub(1.day()).ok().and_then(due);
        due(today).filter(|due| *due <= now).or_else(yesterday).unwrap_or(now)
    }
}

/// Queues the daily mails that are due; returns how many. What a mail says is taken and the mail queued in one transaction, so that
/// of several nodes one sends it, once. What is told after the hour waits for the next day.
pub async fn send_digests(
    store: &Store,
    accounts: &Accounts,
    hour: &DigestHour,
) -> Result<usize, AccountsError> {
    let moment = hour.last_due(accounts.now());
    let mut sent = 0;
    loop {
        let due = store.digests_due(moment, AT_ONCE).await?;
        if due.is_empty() {
            return Ok(sent);
        }
        for account in due {
            sent += usize::from(accounts.send_digest(&account, moment).await?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(moment.as_millisecond())
    }

    #[test]
    fn the_hour_is_the_hospitals_own() {
        let hour = DigestHour { hour: 7, zone: TimeZone::get("America/Chicago").unwrap() };
        for (now, due) in [
            ("2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z"),
            ("2026-11-24T12:59:59Z", "2026-11-23T13:00:00Z"),
            ("2026-11-25T05:30:00Z", "2026-11-24T13:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        ] {
            assert_eq!(hour.last_due(at(now)), at(due), "{now}");
        }
        let skipped = DigestHour { hour: 2, ..hour };
        assert_eq!(skipped.last_due(at("2026-03-08T09:00:00Z")), at("2026-03-08T08:00:00Z"));
    }
}
