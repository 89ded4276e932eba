//! A synthetic children's hospital: a population of any size, made from a seed.
//!
//! [`Hospital::generate`] decides who everybody is; a child's record is written when it is first read and kept in a
//! cache bounded in bytes, so that 100,000 children cost little until they are looked at. The same seed and the same
//! `as_of` give the same bytes, and a child does not depend on how many others there are. Nothing in a record lies
//! after `as_of`.
//!
//! Every population begins with the stories: children written by hand, with fixed MRNs and ids, that scripts and
//! tests may rely on ([`Hospital::stories`]). No real person, practice or telephone number is meant.

pub mod chart;
pub mod codes;
pub mod contract;
pub mod demographics;
pub mod directory;
pub mod draw;
pub mod entry;
pub mod episodes;
pub mod facts;
pub mod growth;
pub mod json;
pub use json::MRN as MRN_SYSTEM;
pub mod kind;
pub mod meta;
pub mod moment;
pub mod names;
pub mod params;
pub mod person;
pub mod staff;
pub mod stories;
pub mod time;
pub mod write;

use std::collections::HashMap;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::domain::clock::Timestamp;
use chart::Chart;
use entry::{Draft, Entry};
use kind::Kind;
use person::Child;

/// How many bytes of records stay in memory.
const RECORD_BYTES: u64 = 768 * 1024 * 1024;

/// What a hospital is made from.
#[derive(Clone, Copy, Debug)]
pub struct HospitalSpec {
    /// The same seed gives the same hospital.
    pub seed: u64,
    /// How many children, stories included; never fewer than there are stories.
    pub patients: usize,
    /// The present of the records.
    pub as_of: Timestamp,
}

/// A child's resources.
#[derive(Debug)]
pub struct Record {
    /// All of them, in the order in which they were written: the Patient first.
    pub entries: Vec<Arc<Entry>>,
    by_id: HashMap<String, usize>,
    bytes: u64,
}

impl Record {
    fn new(entries: Vec<Entry>) -> Self {
        let bytes = entries.iter().map(|e| e.body.len() as u64 + 600).sum();
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(Arc::new).collect();
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
        Self { entries, by_id, bytes }
    }

    /// The resource of that type and id.
    pub fn get(&self, kind: Kind, id: &str) -> Option<&Arc<Entry>> {
        self.by_id.get(id).and_then(|at| self.entries.get(*at)).filter(|entry| entry.kind == kind)
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<usize, Arc<Record>> for ByBytes {
    fn weight(&self, _index: &usize, record: &Arc<Record>) -> u64 {
        record.bytes.max(1)
    }
}

/// A population and the hospital that looks after it.
pub struct Hospital {
    spec: HospitalSpec,
    children: Vec<Child>,
    directory: Record,
    records: Cache<usize, Arc<Record>, ByBytes>,
}

impl std::fmt::Debug for Hospital {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hospital").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Hospital {
    /// Decides who everybody is. Records are written when they are read.
    pub fn generate(spec: &HospitalSpec) -> Self {
        let count = spec.patients.max(stories::CAST.len());
        let children = person::population(spec.seed, count, time::day_of(spec.as_of));
        let opened = time::after(spec.as_of, -400 * 1440);
        let directory = directory::resources()
            .into_iter()
            .map(|(kind, id, profile, body)| {
                Draft { kind, id, updated: opened, profiles: vec![profile], labels: Vec::new(), body }
                    .finish()
            })
            .collect();
        Self {
            spec: *spec,
            children,
            directory: Record::new(directory),
            records: Cache::with_weighter(count.clamp(64, 20_000), RECORD_BYTES, ByBytes),
        }
    }

    /// What it was made from.
    pub fn spec(&self) -> &HospitalSpec {
        &self.spec
    }

    /// Everybody, stories first.
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// Practitioners, roles, organizations, locations and medications.
    pub fn directory(&self) -> &Record {
        &self.directory
    }

    /// The record of the child at `index`, written now if it is not in memory.
    pub fn record(&self, index: usize) -> Option<Arc<Record>> {
        let child = self.children.get(index)?;
        let made: Result<Arc<Record>, std::convert::Infallible> =
            self.records.get_or_insert_with(&index, || Ok(Arc::new(self.write(child))));
        made.ok()
    }

    /// The Patient at `index` alone, without writing the record.
    pub fn patient(&self, index: usize) -> Option<Arc<Entry>> {
        let child = self.children.get(index)?;
        if let Some(record) = self.records.get(&index) {
            return record.entries.first().cloned();
        }
        Some(Arc::new(demographics::patient(child, self.spec.as_of).finish()))
    }

    /// The resource of that type and id.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Arc<Entry>> {
        if kind.is_directory() {
            return self.directory.get(kind, id).cloned();
        }
        let index = person::index_of_id(id)?;
        if kind == Kind::Patient {
            return self.patient(index).filter(|entry| entry.id == id);
        }
        self.record(index)?.get(kind, id).cloned()
    }

    fn write(&self, child: &Child) -> Record {
        let mut chart = Chart::new(self.spec.seed, child, self.spec.as_of);
        demographics::write(&mut chart);
        match stories::CAST.get(child.index) {
            Some(cast) => (cast.write)(&mut chart),
            None => episodes::write(&mut chart),
        }
        Record::new(chart.finish())
    }
}

#[cfg(test)]
mod tests;
