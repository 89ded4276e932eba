//! The audit log: numbered without gaps and hash-chained (DESIGN.md 9).

use std::sync::LazyLock;

use aws_lc_rs::digest;

use crate::domain::audit::AuditEvent;
use crate::domain::ids::FhirId;
use crate::domain::secret::TokenHash;

use super::db::{Arg, Fields, Row, Sql, json_of};
use super::{Store, StoreError, Transaction};

statements! {
    // The row lock makes every other appender wait for this transaction: one chain, without gaps.
    NEXT = "UPDATE audit_head SET number = number + $1 WHERE id = 1 RETURNING number, hash";
    HEAD = "SELECT number, hash FROM audit_head WHERE id = 1";
    SET_HEAD = "UPDATE audit_head SET hash = $1 WHERE id = 1";
    INSERT = "INSERT INTO audit_events (number, at, event, hash) VALUES ($1, $2, $3, $4)";
    INSERT_PATIENT = "INSERT INTO audit_patients (patient, number) VALUES ($1, $2) ON CONFLICT (patient, number) DO NOTHING";
    RANGE = "SELECT number, event, hash FROM audit_events WHERE number >= $1 ORDER BY number LIMIT $2";
    OF_PATIENT = "SELECT e.number, e.event, e.hash FROM audit_patients p JOIN audit_events e ON e.number = p.number
                  WHERE p.patient = $1 AND p.number < $2 ORDER BY p.number DESC LIMIT $3";
}

/// Rows written by one statement: as many as fit, then as many as fit of the rest. What a statement costs by itself, a journey
/// to the database's thread and back, is then shared, at whatever rate requests come.
const MANY: [usize; 3] = [64, 16, 4];
static INSERT_MANY: LazyLock<[Sql; 3]> = LazyLock::new(|| MANY.map(|rows| INSERT.with_rows(4, rows)));
static INSERT_MANY_PATIENTS: LazyLock<[Sql; 3]> =
    LazyLock::new(|| MANY.map(|rows| INSERT_PATIENT.with_rows(2, rows)));

/// The statements that are not written out.
pub(super) fn generated() -> impl Iterator<Item = Sql> {
    INSERT_MANY.iter().chain(INSERT_MANY_PATIENTS.iter()).copied()
}

/// Events verified at a time.
const PAGE: u32 = 1000;

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

fn read(row: Row) -> Result<(StoredAudit, String), StoreError> {
    let mut fields = Fields::new("audit_events", row);
    let number = fields.number("number")?;
    let json = fields.text("event")?;
    let event = serde_json::from_str(&json).map_err(|_| fields.corrupt("event"))?;
    Ok((StoredAudit { number, hash: fields.hash("hash")?, event }, json))
}

impl Store {
    /// Appends events in order, in one transaction; the number and hash of the last. When it returns they are durable.
    pub async fn append_audit(&self, batch: &[AuditEvent]) -> Result<AuditHead, StoreError> {
        let count = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let texts =
            batch.iter().map(|event| json_of("audit_events", event)).collect::<Result<Vec<_>, _>>()?;
        let mut transaction = self.begin().await?;
        let taken = head(transaction.one(NEXT, args![count]).await?)?;
        let mut last = AuditHead { number: taken.number - batch.len() as u64, hash: taken.hash };
        let (mut events, mut patients) = (Vec::new(), Vec::new());
        for (event, json) in batch.iter().zip(texts) {
            let number = last.number + 1;
            last = AuditHead { number, hash: link(last.hash, number, &json) };
            events.push(args![stored(number), event.at, json, &last.hash]);
            patients.extend(event.patients.iter().map(|patient| args![patient, stored(number)]));
        }
        transaction.insert_rows(events, INSERT, &INSERT_MANY).await?;
        transaction.insert_rows(patients, INSERT_PATIENT, &INSERT_MANY_PATIENTS).await?;
        transaction.run(SET_HEAD, args![&last.hash]).await?;
        transaction.commit().await?;
        Ok(last)
    }

    /// The end of the chain.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        head(self.read_one(HEAD, args![]).await?)
    }

    /// Events from number `from` on, at most `limit`.
    pub async fn read_audit(&self, from: u64, limit: u32) -> Result<Vec<StoredAudit>, StoreError> {
        self.list(RANGE, args![stored(from), limit], |row| Ok(read(row)?.0)).await
    }

    /// Events about this patient before number `before` (`None`: from the end), latest first, at most `limit`.
    pub async fn audit_of_patient(
        &self,
        patient: &FhirId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let before = before.map_or(i64::MAX, stored);
        self.list(OF_PATIENT, args![patient, before, limit], |row| Ok(read(row)?.0)).await
    }

    /// Recomputes the whole chain; the number of the first event that is missing or does not fit, or `None` when all is well.
    pub async fn verify_audit(&self) -> Result<Option<u64>, StoreError> {
        let end = self.audit_head().await?;
        let mut last = AuditHead { number: 0, hash: TokenHash::from_bytes([0; 32]) };
        while last.number < end.number {
            let page = self.list(RANGE, args![stored(last.number + 1), PAGE], read).await?;
            if page.is_empty() {
                return Ok(Some(last.number + 1));
            }
            for (event, json) in page {
                let number = last.number + 1;
                if event.number != number || event.hash != link(last.hash, number, &json) {
                    return Ok(Some(number));
                }
                last = AuditHead { number, hash: event.hash };
                if number == end.number && event.hash != end.hash {
                    return Ok(Some(number));
                }
            }
        }
        Ok(None)
    }
}

impl Transaction {
    /// Inserts rows, many at a time with `many` (for [`MANY`] rows) and the rest one by one with `one`.
    async fn insert_rows(
        &mut self,
        rows: Vec<Vec<Arg>>,
        one: Sql,
        many: &[Sql; 3],
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter();
        for (count, sql) in MANY.into_iter().zip(many) {
            while rows.len() >= count {
                self.run(*sql, rows.by_ref().take(count).flatten().collect()).await?;
            }
        }
        for row in rows {
            self.run(one, row).await?;
        }
        Ok(())
    }
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
