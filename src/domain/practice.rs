//! Clinics and groups outside the hospital, and who stands behind whom in them.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FhirId, Npi, PracticeId, SponsorshipId};

/// A clinic or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    /// Identifier.
    pub id: PracticeId,
    /// Name as printed.
    pub name: String,
    /// Postal address, one line.
    pub address: String,
    /// Main telephone.
    pub phone: String,
    /// Its Organization in the EHR, where known: `generalPractitioner` may name it (D-09).
    pub organization: Option<FhirId>,
    /// NPIs of its providers, whether or not they have an account.
    pub roster: Vec<Npi>,
}

/// One sponsor's standing behind one sponsored user (S-71, D-08). One user may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sponsorship {
    /// Identifier.
    pub id: SponsorshipId,
    /// The provider who sponsors.
    pub sponsor: AccountId,
    /// The user who is sponsored.
    pub sponsored: AccountId,
    /// Whether it holds.
    pub state: SponsorshipState,
    /// When it began.
    pub created_at: Timestamp,
}

/// Whether a sponsorship holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SponsorshipState {
    /// Gives the sponsored user the sponsor's reach.
    Active,
    /// Paused; gives nothing.
    Suspended,
    /// Over; gives nothing and does not come back.
    Ended,
}
