//! What the people who run the product are told of the cache: numbers alone.

use crate::fhir::resource_type::ResourceType;

/// The state of the cache and what it did since the process began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Answers held.
    pub entries: u64,
    /// Of these, the knowledge that something is not there.
    pub absent: u64,
    /// Memory that they take.
    pub bytes: u64,
    /// Memory that they may take.
    pub most_bytes: u64,
    /// Entries that made room for others.
    pub evicted: u64,
    /// Purges.
    pub purges: u64,
    /// Entries that went by purges.
    pub purged: u64,
    /// Answers that were refreshed before they expired.
    pub refreshed: u64,
    /// By type, alphabetically.
    pub types: Vec<TypeReport>,
    /// By how answers were obtained and why.
    pub reasons: Vec<Reason>,
}

/// Answers about one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeReport {
    /// Which.
    pub resource_type: ResourceType,
    /// Answers in all.
    pub answers: u64,
    /// Of these, from memory.
    pub hits: u64,
}

/// Answers that were obtained in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `hit`, `miss`, `revalidated`, `stale`, `bypass`, `error`.
    pub how: &'static str,
    /// Why so.
    pub reason: &'static str,
    /// How many.
    pub answers: u64,
}
