//! Grants in little memory: about 42 bytes each, looked up by provider and patient in one probe whatever their number.

use ahash::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::domain::clock::Timestamp;
use crate::domain::grant::{DataKinds, Grant, GrantedBy};
use crate::domain::ids::{AccountId, FhirId, GrantId};

const CHUNK: usize = 1024;
const RESTRICTED: u8 = 1 << 4;
const BY_GUARDIAN: u8 = 1 << 5;
/// The identifier is not 32 hexadecimal digits and lies in `other_ids`.
const OTHER_ID: u8 = 1 << 6;

/// A grant that was not revoked, in 33 bytes without padding. Times in whole seconds, rounded down: a grant begins and ends
/// less than a second early.
#[derive(Clone, Copy)]
struct Packed {
    provider: [u8; 4],
    patient: [u8; 4],
    created: [u8; 4],
    /// Zero: it has no end.
    ends: [u8; 4],
    id: [u8; 16],
    bits: u8,
}

#[derive(Default)]
pub(super) struct GrantTable {
    /// In chunks, so that growing neither copies nor doubles.
    chunks: Vec<Box<[Packed]>>,
    len: u32,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
    other_ids: Vec<GrantId>,
}

impl GrantTable {
    pub(super) fn insert(&mut self, provider: u32, patient: u32, grant: &Grant) {
        let packed = self.pack(provider, patient, grant);
        let at = self.free.pop().unwrap_or_else(|| {
            let at = self.len;
            if at as usize / CHUNK == self.chunks.len() {
                self.chunks.push(vec![packed; CHUNK].into_boxed_slice());
            }
            self.len += 1;
            at
        });
        if let Some(slot) =
            self.chunks.get_mut(at as usize / CHUNK).and_then(|chunk| chunk.get_mut(at as usize % CHUNK))
        {
            *slot = packed;
        }
        let (chunks, hasher) = (&self.chunks, &self.hasher);
        self.index.insert_unique(hash_of(hasher, packed.key()), at, |at| {
            slot(chunks, *at).map_or(0, |packed| hash_of(hasher, packed.key()))
        });
    }

    pub(super) fn remove(&mut self, provider: u32, patient: u32, id: &GrantId) {
        let key = key(provider, patient);
        let found = {
            let (chunks, others) = (&self.chunks, &self.other_ids);
            self.index.find_entry(hash_of(&self.hasher, key), |at| {
                slot(chunks, *at).is_some_and(|p| p.key() == key && p.grant_id(others).as_ref() == Some(id))
            })
        };
        if let Ok(entry) = found {
            let (at, _) = entry.remove();
            self.free.push(at);
        }
    }

    pub(super) fn get(&self, provider: (u32, &AccountId), patient: (u32, &FhirId)) -> SmallVec<[Grant; 1]> {
        let key = key(provider.0, patient.0);
        self.index
            .iter_hash(hash_of(&self.hasher, key))
            .filter_map(|at| slot(&self.chunks, *at))
            .filter(|packed| packed.key() == key)
            .filter_map(|packed| packed.unpack(provider.1, patient.1, &self.other_ids))
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    fn pack(&mut self, provider: u32, patient: u32, grant: &Grant) -> Packed {
        let mut bits = grant.kinds.bits();
        if grant.covers_restricted {
            bits |= RESTRICTED;
        }
        if grant.granted_by == GrantedBy::Guardian {
            bits |= BY_GUARDIAN;
        }
        let id = u128::from_str_radix(grant.id.as_str(), 16)
            .ok()
            .filter(|value| format!("{value:032x}") == grant.id.as_str())
            .map(u128::to_le_bytes);
        let id = id.unwrap_or_else(|| {
            bits |= OTHER_ID;
            self.other_ids.push(grant.id.clone());
            (self.other_ids.len() as u128 - 1).to_le_bytes()
        });
        Packed {
            provider: provider.to_le_bytes(),
            patient: patient.to_le_bytes(),
            created: seconds(grant.created_at).to_le_bytes(),
            // A grant that ended before 1970 would look like one without end.
            ends: grant.ends_at.map_or(0, |end| seconds(end).max(1)).to_le_bytes(),
            id,
            bits,
        }
    }
}

impl Packed {
    fn key(&self) -> [u8; 8] {
        key(u32::from_le_bytes(self.provider), u32::from_le_bytes(self.patient))
    }

    fn grant_id(&self, others: &[GrantId]) -> Option<GrantId> {
        let value = u128::from_le_bytes(self.id);
        if self.bits & OTHER_ID == 0 {
            GrantId::parse(&format!("{value:032x}")).ok()
        } else {
            others.get(usize::try_from(value).ok()?).cloned()
        }
    }

    fn unpack(&self, provider: &AccountId, patient: &FhirId, others: &[GrantId]) -> Option<Grant> {
        let time = |bytes| Timestamp::from_millis(i64::from(u32::from_le_bytes(bytes)) * 1000);
        Some(Grant {
            id: self.grant_id(others)?,
            patient: patient.clone(),
            provider: provider.clone(),
            granted_by: if self.bits & BY_GUARDIAN == 0 { GrantedBy::Patient } else { GrantedBy::Guardian },
            kinds: DataKinds::from_bits(self.bits),
            covers_restricted: self.bits & RESTRICTED != 0,
            created_at: time(self.created),
            ends_at: (self.ends != [0; 4]).then(|| time(self.ends)),
            revoked_at: None,
        })
    }
}

fn slot(chunks: &[Box<[Packed]>], at: u32) -> Option<&Packed> {
    chunks.get(at as usize / CHUNK)?.get(at as usize % CHUNK)
}

fn key(provider: u32, patient: u32) -> [u8; 8] {
    (u64::from(provider) << 32 | u64::from(patient)).to_le_bytes()
}

fn hash_of(hasher: &RandomState, key: [u8; 8]) -> u64 {
    hasher.hash_one(key)
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_seconds()).unwrap_or(if at.as_seconds() < 0 { 0 } else { u32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(id: &str, kinds: DataKinds) -> Grant {
        Grant {
            id: GrantId::parse(id).unwrap(),
            patient: FhirId::parse("p1").unwrap(),
            provider: AccountId::parse("ana").unwrap(),
            granted_by: GrantedBy::Guardian,
            kinds,
            covers_restricted: true,
            created_at: Timestamp::from_millis(1_700_000_000_000),
            ends_at: Some(Timestamp::from_millis(1_800_000_000_000)),
            revoked_at: None,
        }
    }

    #[test]
    fn grants_come_back_as_they_went_in() {
        let mut table = GrantTable::default();
        let (ana, p1) = (AccountId::parse("ana").unwrap(), FhirId::parse("p1").unwrap());
        let random = grant("0123456789abcdef0123456789abcdef", DataKinds::ALL);
        let named = grant("grant-1", DataKinds::NONE);
        let short = grant("ff", DataKinds::ALL);
        for grant in [&random, &named, &short] {
            table.insert(7, 9, grant);
        }
        let mut found = table.get((7, &ana), (9, &p1));
        found.sort_by_key(|grant| grant.id.clone());
        assert_eq!(found.as_slice(), [random.clone(), short.clone(), named.clone()]);
        assert!(table.get((9, &ana), (7, &p1)).is_empty());
        table.remove(7, 9, &named.id);
        table.remove(7, 9, &named.id);
        assert_eq!(table.len(), 2);
        table.insert(7, 9, &named);
        assert_eq!(table.get((7, &ana), (9, &p1)).len(), 3);
    }

    #[test]
    fn a_grant_costs_little_and_many_are_told_apart() {
        assert_eq!(size_of::<Packed>(), 33);
        let mut table = GrantTable::default();
        let (ana, p1) = (AccountId::parse("ana").unwrap(), FhirId::parse("p1").unwrap());
        for n in 0..20_000_u32 {
            let mut one = grant(&format!("{n:032x}"), DataKinds::ALL);
            one.ends_at = None;
            table.insert(n / 100, n, &one);
        }
        for n in [0, 1, 999, 19_999_u32] {
            let found = table.get((n / 100, &ana), (n, &p1));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].id.as_str(), format!("{n:032x}"));
            assert_eq!(found[0].ends_at, None);
        }
    }
}
