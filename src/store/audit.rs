//! The audit log: numbered without gaps and hash-chained (DESIGN.md 9).

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::domain::audit::AuditEvent;
use crate::domain::ids::FhirId;
use crate::domain::secret::TokenHash;

use super::db::{Fields, Row, json_of};
use super::{Backend, Store, StoreError, Transaction};

statements! {
    HEAD = "SELECT number, hash FROM audit_head WHERE id = 1";
    // The row's lock makes every other appender wait for this transaction: one chain, without gaps.
    LOCK_HEAD = "UPDATE audit_head SET number = number WHERE id = 1 RETURNING number, hash";
    MOVE_HEAD = "UPDATE audit_head SET number = $1, hash = $2 WHERE id = 1";
    INSERT = "INSERT INTO audit_batches (first, events) VALUES ($1, $2)";
    INSERT_ABOUT = "INSERT INTO audit_about (patient, first) VALUES ($1, $2)";
    // The batch that holds the event number $1, or the first after it, and those that follow.
    RANGE = "SELECT first, events FROM audit_batches
             WHERE first >= COALESCE((SELECT MAX(first) FROM audit_batches WHERE first <= $1), 0) ORDER BY first LIMIT $2";
    OF_PATIENT = "SELECT b.first, b.events FROM audit_about a JOIN audit_batches b ON b.first = a.first
                  WHERE a.patient = $1 AND a.first < $2 ORDER BY a.first DESC LIMIT $3";
}

/// Batches read at a time: each holds up to some hundred events.
const BATCHES: u32 = 16;

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last event; 0: there is none.
    pub number: u64,
    /// Its hash; zeros: there is none.
    pub hash: TokenHash,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// 1, 2, 3, ...
    pub number: u64,
    /// SHA-256 over the hash before it, the number and the event as stored.
    pub hash: TokenHash,
    /// The event.
    pub event: AuditEvent,
}

/// The hash of an event: SHA-256 over the hash before it (32 bytes), its number (8 bytes, big-endian) and its JSON as stored.
fn link(before: TokenHash, number: u64, json: &str) -> TokenHash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before.as_bytes());
    context.update(&number.to_be_bytes());
    context.update(json.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    TokenHash::from_bytes(hash)
}

fn head(row: Option<Row>) -> Result<AuditHead, StoreError> {
    let Some(row) = row else {
        return Err(StoreError::Corrupt { noun: "audit_head", field: "number" });
    };
    let mut fields = Fields::new("audit_head", row);
    Ok(AuditHead { number: fields.number("number")?, hash: fields.hash("hash")? })
}

/// One event as it lies in a batch.
struct Line<'a> {
    number: u64,
    hash: Option<TokenHash>,
    json: &'a str,
}

impl Line<'_> {
    fn event(&self) -> Option<StoredAudit> {
        let event = serde_json::from_str(self.json).ok()?;
        Some(StoredAudit { number: self.number, hash: self.hash?, event })
    }
}

/// A batch as stored.
struct Batch {
    first: u64,
    events: String,
}

impl Batch {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut fields = Fields::new("audit_batches", row);
        Ok(Self { first: fields.number("first")?, events: fields.text("events")? })
    }

    fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> {
        let lines: Vec<&str> = self.events.lines().collect();
        lines
            .into_iter()
            .zip(self.first..)
            .map(|(line, number)| {
                let (hash, json) = line.split_once(' ').unwrap_or((line, ""));
                Line { number, hash: TokenHash::from_hex(hash), json }
            })
            .collect::<Vec<_>>()
            .into_iter()
    }
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { noun: "audit_batches", field: "events" }
}

/// A batch made ready: everything that the database need not be waited for.
struct Prepared {
    events: String,
    last: AuditHead,
}

impl Prepared {
    fn after(head: AuditHead, texts: &[String]) -> Self {
        let mut events = String::with_capacity(texts.iter().map(|text| text.len() + 66).sum());
        let mut last = head;
        for json in texts {
            let number = last.number + 1;
            last = AuditHead { number, hash: link(last.hash, number, json) };
            // Writing to a string does not fail. JSON as serde writes it holds no line break.
            let _ = writeln!(events, "{} {json}", last.hash.to_hex());
        }
        Self { events, last }
    }
}

impl Store {
    /// Appends events in order, in one transaction; the number and hash of the last. When it returns they are durable.
    pub async fn append_audit(&self, batch: &[AuditEvent]) -> Result<AuditHead, StoreError> {
        let texts =
            batch.iter().map(|event| json_of("audit_events", event)).collect::<Result<Vec<_>, _>>()?;
        let mut about: Vec<&FhirId> = batch.iter().flat_map(|event| &event.patients).collect();
        about.sort_unstable();
        about.dedup();
        // Where this process appended last is where the chain ends, unless another node appended meanwhile.
        let known = *self.inner.audit_head.lock();
        let appended = match known.filter(|_| !texts.is_empty()) {
            Some(before) => self.append_after(before, &texts, &about).await,
            None => Ok(None),
        };
        let last = match appended {
            Ok(Some(last)) => Ok(last),
            Ok(None) => self.append_under_lock(&texts, &about).await,
            Err(error) => Err(error),
        };
        *self.inner.audit_head.lock() = last.as_ref().ok().copied();
        last
    }

    /// Appends in one statement if the chain ends at `before`; `None` and nothing written if it does not. Each statement is a journey
    /// to the database, and costs more than what it does there.
    async fn append_after(
        &self,
        before: AuditHead,
        texts: &[String],
        about: &[&FhirId],
    ) -> Result<Option<AuditHead>, StoreError> {
        let Prepared { events, last } = Prepared::after(before, texts);
        let about = json_of("audit_about", &about.iter().map(|id| id.as_str()).collect::<Vec<_>>())?;
        let first = stored(before.number + 1);
        let head = args![stored(last.number), &last.hash, stored(before.number), &before.hash];
        let args = head.into_iter().chain(args![first, events, about]).collect();
        let moved = match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.append_audit(args).await?,
            Backend::Postgres(postgres) => postgres.append_audit(args).await?,
        };
        Ok(moved.then_some(last))
    }

    /// Appends wherever the chain ends, with everybody else kept off.
    async fn append_under_lock(&self, texts: &[String], about: &[&FhirId]) -> Result<AuditHead, StoreError> {
        let mut transaction = self.begin().await?;
        let last = transaction.append_audit(texts, about).await?;
        transaction.commit().await?;
        Ok(last)
    }

    /// The end of the chain.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        head(self.read_one(HEAD, args![]).await?)
    }

    /// Events from number `from` on, at most `limit`.
    pub async fn read_audit(&self, from: u64, limit: u32) -> Result<Vec<StoredAudit>, StoreError> {
        let (mut found, mut next) = (Vec::new(), from);
        loop {
            let batches = self.list(RANGE, args![stored(next), BATCHES], Batch::read).await?;
            let ended = batches.len() < BATCHES as usize;
            for batch in batches {
                for line in batch.lines().filter(|line| line.number >= next) {
                    if found.len() >= limit as usize {
                        return Ok(found);
                    }
                    found.push(line.event().ok_or_else(corrupt)?);
                }
            }
            match found.last() {
                Some(last) if !ended => next = last.number + 1,
                _ => return Ok(found),
            }
        }
    }

    /// Events about this patient before number `before` (`None`: from the end), latest first, at most `limit`.
    pub async fn audit_of_patient(
        &self,
        patient: &FhirId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let before = before.unwrap_or(u64::MAX);
        let (mut found, mut end) = (Vec::new(), before);
        loop {
            let batches = self.list(OF_PATIENT, args![patient, stored(end), BATCHES], Batch::read).await?;
            let ended = batches.len() < BATCHES as usize;
            for batch in batches {
                end = batch.first;
                for line in batch.lines().rev().filter(|line| line.number < before) {
                    let event = line.event().ok_or_else(corrupt)?;
                    if !event.event.patients.contains(patient) {
                        continue;
                    }
                    found.push(event);
                    if found.len() >= limit as usize {
                        return Ok(found);
                    }
                }
            }
            if ended {
                return Ok(found);
            }
        }
    }

    /// Recomputes the whole chain; the number of the first event that is missing or does not fit, or `None` when all is well.
    pub async fn verify_audit(&self) -> Result<Option<u64>, StoreError> {
        let end = self.audit_head().await?;
        let mut last = AuditHead { number: 0, hash: TokenHash::from_bytes([0; 32]) };
        while last.number < end.number {
            let batches = self.list(RANGE, args![stored(last.number + 1), BATCHES], Batch::read).await?;
            let began = last.number;
            for batch in batches {
                // The batch before the one that is missing comes back whole.
                for line in batch.lines().filter(|line| line.number > began) {
                    let number = last.number + 1;
                    let hash = link(last.hash, number, line.json);
                    if line.number != number || line.hash != Some(hash) {
                        return Ok(Some(number));
                    }
                    last = AuditHead { number, hash };
                    if number == end.number {
                        return Ok((hash != end.hash).then_some(number));
                    }
                }
            }
            if last.number == began {
                return Ok(Some(last.number + 1));
            }
        }
        Ok(None)
    }
}

impl Transaction {
    async fn append_audit(&mut self, texts: &[String], about: &[&FhirId]) -> Result<AuditHead, StoreError> {
        let before = head(self.one(LOCK_HEAD, args![]).await?)?;
        let prepared = Prepared::after(before, texts);
        if texts.is_empty() {
            return Ok(prepared.last);
        }
        let first = stored(before.number + 1);
        self.run(INSERT, args![first, prepared.events]).await?;
        for patient in about {
            self.run(INSERT_ABOUT, args![*patient, first]).await?;
        }
        self.run(MOVE_HEAD, args![stored(prepared.last.number), &prepared.last.hash]).await?;
        Ok(prepared.last)
    }
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
