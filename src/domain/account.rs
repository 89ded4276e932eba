//! People who sign in.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FhirId, Npi};

/// What kind of person an account is for (S-01 to S-06).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccountKind {
    /// MD, DO, NP or PA outside the hospital (S-01, S-03).
    Provider {
        /// National Provider Identifier; what the EHR's PCP facts are matched with.
        npi: Npi,
    },
    /// Practice staff behind one or more sponsoring providers (S-04).
    Sponsored,
    /// A patient or guardian, known through the patient portal (S-05).
    Guardian {
        /// The patients this person decides for, as the EHR says.
        patients: Vec<FhirId>,
    },
    /// Hospital staff (S-06).
    Staff {
        /// Which of the two separate roles.
        role: StaffRole,
    },
}

impl AccountKind {
    /// Whether this is a patient or guardian, whose pages are in each language.
    pub const fn is_family(&self) -> bool {
        matches!(self, Self::Guardian { .. })
    }

    /// The word used in storage, in `chartgate demo --json` and in audit events.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Provider { .. } => "provider",
            Self::Sponsored => "sponsored",
            Self::Guardian { .. } => "guardian",
            Self::Staff { .. } => "staff",
        }
    }
}

/// The two staff roles (S-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Approves registrations and clients.
    Provisioning,
    /// Answers requests.
    Support,
}

/// Whether an account may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// May sign in and act.
    Active,
    /// Neither signs in nor reads; sessions and tokens are dead from the next request on.
    Suspended,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Identifier.
    pub id: AccountId,
    /// What kind of person.
    pub kind: AccountKind,
    /// Sign-in name (S-18), lower case.
    pub email: String,
    /// As printed: "Dr. Ana Ellis", "Jo Park, RN".
    pub name: String,
    /// Contact number.
    pub phone: Option<String>,
    /// Whether the account may act.
    pub state: AccountState,
    /// When it was made.
    pub created_at: Timestamp,
}
