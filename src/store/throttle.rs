//! Counters of failed attempts: they slow down, they never lock (D-04).

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row};
use super::{Store, StoreError, Transaction};

/// Failures are forgotten this long after the last one.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

statements! {
    FIND = "SELECT failures, last_at FROM throttles WHERE kind = $1 AND key_hash = $2 AND last_at > $3";
    FAIL = "INSERT INTO throttles (kind, key_hash, failures, last_at) VALUES ($1, $2, 1, $3)
            ON CONFLICT (kind, key_hash) DO UPDATE SET
                failures = CASE WHEN throttles.last_at > $4 THEN throttles.failures + 1 ELSE 1 END,
                last_at = excluded.last_at
            RETURNING failures, last_at";
    RESET = "DELETE FROM throttles WHERE kind = $1 AND key_hash = $2";
}

/// What is counted: the key says of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleKind {
    /// Failed sign-ins to one sign-in name, whether or not the account exists.
    SignInAccount,
    /// Failed sign-ins from one network address.
    SignInAddress,
    /// Patient searches without a match by one account (S-31).
    PatientSearch,
    /// Failed client authentication, by client id.
    ClientAuth,
}

impl ThrottleKind {
    /// The word used in storage.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignInAccount => "sign_in_account",
            Self::SignInAddress => "sign_in_address",
            Self::PatientSearch => "patient_search",
            Self::ClientAuth => "client_auth",
        }
    }

    /// Failures that cost nothing.
    pub const fn free(self) -> u32 {
        match self {
            Self::SignInAccount | Self::ClientAuth => 5,
            Self::SignInAddress | Self::PatientSearch => 20,
        }
    }
}

/// A counter as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Failures since the last success or since they were forgotten.
    pub failures: u32,
    /// The next attempt is refused until then; `None`: at once.
    pub blocked_until: Option<Timestamp>,
}

impl Throttle {
    /// How long after `failures` failures the next attempt must wait: nothing for the first few, then 1 s, doubling,
    /// at most 15 minutes. Forgotten after an hour without failure.
    pub fn delay(kind: ThrottleKind, failures: u32) -> Duration {
        let over = failures.saturating_sub(kind.free());
        if over == 0 {
            return Duration::ZERO;
        }
        Duration::from_secs(1_u64 << (over - 1).min(10)).min(Duration::from_mins(15))
    }
}

impl Store {
    /// The counter, without changing it. `key` is hashed before it is stored.
    pub async fn throttle(&self, kind: ThrottleKind, key: &str) -> Result<Throttle, StoreError> {
        let since = self.now().minus(FORGOTTEN_AFTER);
        match self.read_one(FIND, args![kind.word(), &TokenHash::of(key), since]).await? {
            Some(row) => read(kind, row, self.now()),
            None => Ok(Throttle { failures: 0, blocked_until: None }),
        }
    }
}

impl Transaction {
    /// Counts a failure and returns the counter after it.
    pub async fn throttle_failure(&mut self, kind: ThrottleKind, key: &str) -> Result<Throttle, StoreError> {
        let now = self.now();
        let args = args![kind.word(), &TokenHash::of(key), now, now.minus(FORGOTTEN_AFTER)];
        match self.one(FAIL, args).await? {
            Some(row) => read(kind, row, now),
            None => Err(StoreError::Corrupt { noun: "throttles", field: "failures" }),
        }
    }

    /// Forgets the failures after a success.
    pub async fn throttle_reset(&mut self, kind: ThrottleKind, key: &str) -> Result<(), StoreError> {
        self.run(RESET, args![kind.word(), &TokenHash::of(key)]).await?;
        Ok(())
    }
}

fn read(kind: ThrottleKind, row: Row, now: Timestamp) -> Result<Throttle, StoreError> {
    let mut fields = Fields::new("throttles", row);
    let failures = fields.number("failures")?;
    let until = fields.time("last_at")?.plus(Throttle::delay(kind, failures));
    Ok(Throttle { failures, blocked_until: (until > now).then_some(until) })
}

alone! {
    /// Counts a failure.
    fn throttle_failure(kind: ThrottleKind, key: &str) -> Throttle;
    /// Forgets the failures.
    fn throttle_reset(kind: ThrottleKind, key: &str) -> ();
}
