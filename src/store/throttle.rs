//! Counters of failed attempts: they slow down, they never lock (D-04).

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::secret::TokenHash;

use super::db::Fields;
use super::{Store, StoreError, Transaction};

/// Failures are forgotten this long after the last one.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

statements! {
    FIND = "SELECT failures, blocked_until FROM throttles WHERE kind = $1 AND key_hash = $2 AND last_at > $3";
    // Refuses by itself while blocked, on the row's own state: attempts at once are counted one after another.
    COUNT = "INSERT INTO throttles (kind, key_hash, failures, last_at, blocked_until) VALUES ($1, $2, 1, $3, $3)
             ON CONFLICT (kind, key_hash) DO UPDATE SET
                 failures = CASE WHEN throttles.last_at > $4 THEN throttles.failures + 1 ELSE 1 END,
                 last_at = excluded.last_at
             WHERE throttles.blocked_until <= excluded.last_at
             RETURNING failures";
    BLOCK = "UPDATE throttles SET blocked_until = $3 WHERE kind = $1 AND key_hash = $2";
    UNDO = "UPDATE throttles SET failures = failures - 1, blocked_until = last_at
            WHERE kind = $1 AND key_hash = $2 AND failures > 0";
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
    /// Registrations without a token from one network address, each of them.
    Registration,
    /// Providers' registrations begun or sent from one network address, each of them.
    Applicant,
    /// Documents uploaded from one network address, each of them.
    ApplicantUpload,
    /// Codes from an app, recovery codes and passwords typed by one account that is half or wholly signed in.
    SecondFactor,
    /// Pass codes asked for one sign-in name, whether or not the account exists.
    PassCodeAccount,
    /// Pass codes asked for, or typed, from one network address.
    PassCodeAddress,
    /// Answers to secure questions of one account.
    SecureAnswers,
    /// Wrong invitation tokens by one account (D-05).
    Invitation,
}

impl ThrottleKind {
    /// The word used in storage.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignInAccount => "sign_in_account",
            Self::SignInAddress => "sign_in_address",
            Self::PatientSearch => "patient_search",
            Self::ClientAuth => "client_auth",
            Self::Registration => "registration",
            Self::Applicant => "applicant",
            Self::ApplicantUpload => "applicant_upload",
            Self::SecondFactor => "second_factor",
            Self::PassCodeAccount => "pass_code_account",
            Self::PassCodeAddress => "pass_code_address",
            Self::SecureAnswers => "secure_answers",
            Self::Invitation => "invitation",
        }
    }

    /// Failures that cost nothing.
    pub const fn free(self) -> u32 {
        match self {
            Self::SignInAccount
            | Self::ClientAuth
            | Self::SecondFactor
            | Self::PassCodeAccount
            | Self::SecureAnswers => 5,
            Self::SignInAddress | Self::PatientSearch | Self::PassCodeAddress | Self::Applicant => 20,
            // The fifth pauses.
            Self::Invitation => 4,
            Self::Registration => 10,
            Self::ApplicantUpload => 60,
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

impl ThrottleKind {
    /// The longest wait. A name's is short: whoever guesses at it must not keep its owner out (D-04).
    const fn longest(self) -> Duration {
        match self {
            Self::SignInAccount | Self::ClientAuth => Duration::from_mins(1),
            Self::SignInAddress
            | Self::PatientSearch
            | Self::Registration
            | Self::Applicant
            | Self::ApplicantUpload
            | Self::SecondFactor
            | Self::PassCodeAccount
            | Self::PassCodeAddress
            | Self::SecureAnswers => Duration::from_mins(15),
            Self::Invitation => Duration::from_hours(1),
        }
    }
}

impl Throttle {
    /// How long after `failures` failures the next attempt must wait: nothing for the first few, then 1 s, doubling up to
    /// the longest. Forgotten after an hour without failure.
    pub fn delay(kind: ThrottleKind, failures: u32) -> Duration {
        let over = failures.saturating_sub(kind.free());
        if over == 0 {
            return Duration::ZERO;
        }
        // D-05: a pause of an hour at once.
        if kind == ThrottleKind::Invitation {
            return kind.longest();
        }
        Duration::from_secs(1_u64 << (over - 1).min(10)).min(kind.longest())
    }
}

impl Store {
    /// The counter, without changing it. `key` is hashed before it is stored.
    pub async fn throttle(&self, kind: ThrottleKind, key: &str) -> Result<Throttle, StoreError> {
        let now = self.now();
        let row = self.read_one(FIND, args![kind.word(), &TokenHash::of(key), now.minus(FORGOTTEN_AFTER)]);
        let Some(row) = row.await? else { return Ok(Throttle { failures: 0, blocked_until: None }) };
        let mut fields = Fields::new("throttles", row);
        let failures = fields.number("failures")?;
        let until = fields.time("blocked_until")?;
        Ok(Throttle { failures, blocked_until: (until > now).then_some(until) })
    }
}

impl Transaction {
    /// Counts an attempt as failed, to be taken back with [`Transaction::throttle_undo`] or [`Transaction::throttle_reset`] if
    /// it succeeds: so attempts at once cannot slip past the counter. `None` when attempts are refused for now; that attempt
    /// is not counted.
    pub async fn throttle_attempt(
        &mut self,
        kind: ThrottleKind,
        key: &str,
    ) -> Result<Option<Throttle>, StoreError> {
        let now = self.now();
        let key = TokenHash::of(key);
        let args = args![kind.word(), &key, now, now.minus(FORGOTTEN_AFTER)];
        let Some(row) = self.one(COUNT, args).await? else { return Ok(None) };
        let failures = Fields::new("throttles", row).number("failures")?;
        let until = now.plus(Throttle::delay(kind, failures));
        self.run(BLOCK, args![kind.word(), &key, until]).await?;
        Ok(Some(Throttle { failures, blocked_until: (until > now).then_some(until) }))
    }

    /// Counts a failure and returns the counter after it, whether or not attempts are refused for now.
    pub async fn throttle_failure(&mut self, kind: ThrottleKind, key: &str) -> Result<Throttle, StoreError> {
        match self.throttle_attempt(kind, key).await? {
            Some(throttle) => Ok(throttle),
            None => self.store.throttle(kind, key).await,
        }
    }

    /// Takes one attempt back that was counted and succeeded.
    pub async fn throttle_undo(&mut self, kind: ThrottleKind, key: &str) -> Result<(), StoreError> {
        self.run(UNDO, args![kind.word(), &TokenHash::of(key)]).await?;
        Ok(())
    }

    /// Forgets the failures after a success.
    pub async fn throttle_reset(&mut self, kind: ThrottleKind, key: &str) -> Result<(), StoreError> {
        self.run(RESET, args![kind.word(), &TokenHash::of(key)]).await?;
        Ok(())
    }
}

alone! {
    /// Counts an attempt as failed; `None` when attempts are refused for now.
    fn throttle_attempt(kind: ThrottleKind, key: &str) -> Option<Throttle>;
    /// Counts a failure.
    fn throttle_failure(kind: ThrottleKind, key: &str) -> Throttle;
    /// Takes one attempt back.
    fn throttle_undo(kind: ThrottleKind, key: &str) -> ();
    /// Forgets the failures.
    fn throttle_reset(kind: ThrottleKind, key: &str) -> ();
}
