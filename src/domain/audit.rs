//! What the audit log says (D-10). Identifiers only: never a name, a number from a record or a search term.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, ClientId, FhirId, PracticeId, RequestId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Clinical data left the process.
    Disclosure,
    /// Clinical data was asked for and refused.
    Refusal,
    /// A patient was looked up in the portal (S-31).
    PatientSearch,
    /// Sign-in, successful or not; sign-out.
    SignIn,
    /// A user authorized a client, or took that back.
    Consent,
    /// A token was issued, refreshed, revoked or found reused.
    Token,
    /// A grant or sponsorship came, changed or ended.
    Access,
    /// Staff or command line changed accounts, practices, clients or keys.
    Administration,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// As asked.
    Success,
    /// Refused by policy or wrong credentials.
    Refused,
    /// Could not be done.
    Failure,
}

/// One entry, before it is numbered and chained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Who, if a person.
    pub account: Option<AccountId>,
    /// Which practice's system, if none.
    pub practice: Option<PracticeId>,
    /// Through which client; `None` for the portal itself.
    pub client: Option<ClientId>,
    /// Whose records.
    pub patients: Vec<FhirId>,
    /// What was asked, without values: `Observation search`, `Patient read`, `sign_in`.
    pub what: String,
    /// The true reason of a refusal, or the basis of a disclosure: `pcp`, `grant`, `sponsor`.
    pub reason: Option<String>,
    /// How many resources were disclosed.
    pub resources: u32,
    /// The HTTP request.
    pub request: Option<RequestId>,
    /// The caller's network address.
    pub address: Option<String>,
}
