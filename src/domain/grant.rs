//! A patient's or guardian's permission for one provider (S-40, D-06, D-07).

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FhirId, GrantId};

/// Kinds of data a guardian can leave out (D-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Encounters, procedures, care teams, conditions.
    Visits,
    /// Notes and reports in documents.
    Notes,
    /// Medications, allergies, immunizations.
    Medications,
    /// Laboratory results and other observations.
    Labs,
}

/// A set of [`DataKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataKinds(u8);

impl DataKinds {
    /// Everything.
    pub const ALL: Self = Self(0b1111);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// The set that holds just these.
    pub fn of(kinds: &[DataKind]) -> Self {
        kinds.iter().fold(Self::NONE, |set, kind| set.with(*kind))
    }

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: DataKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: DataKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// The set as a small number, for storage.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From the stored number; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

/// Who gave a grant; decides what happens at 18 (D-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantedBy {
    /// The patient, of age.
    Patient,
    /// A guardian; ends on the patient's 18th birthday.
    Guardian,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Identifier.
    pub id: GrantId,
    /// Whose record.
    pub patient: FhirId,
    /// Which provider may look.
    pub provider: AccountId,
    /// Whose decision it was.
    pub granted_by: GrantedBy,
    /// What may be seen.
    pub kinds: DataKinds,
    /// Whether resources labelled restricted are covered (D-11).
    pub covers_restricted: bool,
    /// From when.
    pub created_at: Timestamp,
    /// Until when, exclusive: the guardian's end date or the 18th birthday, whichever is earlier.
    pub ends_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Grant {
    /// Whether the grant gives access at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.created_at <= now && self.ends_at.is_none_or(|end| now < end)
    }
}
