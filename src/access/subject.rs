//! Who asks.

use std::sync::Arc;

use crate::domain::ids::{AccountId, ClientId, FhirId, PracticeId};

/// On whose behalf a request is made. What the actor may reach is looked up afresh for each request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person with an account: provider, sponsored user, guardian or staff.
    Account(AccountId),
    /// A practice's own system (SMART Backend Services).
    Practice(PracticeId),
}

/// Who asks, through which client, with which granted scopes and launch context. A claim about the caller, not a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// On whose behalf.
    pub actor: Actor,
    /// Through which client; `None` for the portal itself.
    pub client: Option<ClientId>,
    /// Granted SMART scopes, space-separated, parsed once when the token was issued or first seen.
    pub scopes: Arc<crate::fhir::scope::ScopeSet>,
    /// Patient in launch context: what `patient/` scopes are about.
    pub patient: Option<FhirId>,
}
