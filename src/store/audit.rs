//! The audit log: numbered without gaps and hash-chained (DESIGN.md 9).

use crate::domain::audit::AuditEvent;
use crate::domain::ids::FhirId;

use super::{Store, StoreError};

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last event; 0: there is none.
    pub number: u64,
    /// Its hash; zeros: there is none.
    pub hash: [u8; 32],
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// 1, 2, 3, ...
    pub number: u64,
    /// SHA-256 over the hash before it, the number and the event as stored.
    pub hash: [u8; 32],
    /// The event.
    pub event: AuditEvent,
}

impl Store {
    /// Appends events in order, in one transaction. When it returns they are durable.
    pub async fn append_audit(&self, _batch: &[AuditEvent]) -> Result<AuditHead, StoreError> {
        todo!()
    }

    /// The end of the chain.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        todo!()
    }

    /// Events from number `from` on, at most `limit`.
    pub async fn read_audit(&self, _from: u64, _limit: u32) -> Result<Vec<StoredAudit>, StoreError> {
        todo!()
    }

    /// Events about this patient before number `before` (`None`: from the end), latest first, at most `limit`.
    pub async fn audit_of_patient(
        &self,
        _patient: &FhirId,
        _before: Option<u64>,
        _limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        todo!()
    }

    /// Recomputes the whole chain; the number of the first event that does not fit, or `None` when all is well.
    pub async fn verify_audit(&self) -> Result<Option<u64>, StoreError> {
        todo!()
    }
}
