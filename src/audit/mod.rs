//! Rank 4: the audit log (D-10, DESIGN.md 9). Events are numbered and hash-chained in the store; here they are gathered into
//! batches, so that a durable record costs a request little, rendered as FHIR AuditEvent, and shown as "who looked".

mod fhir;
mod log;
#[cfg(test)]
mod log_tests;
mod looks;

pub use self::fhir::as_audit_event;
pub use self::log::{AuditLog, AuditWriter, Chain};
pub use self::looks::{Look, who_looked};
