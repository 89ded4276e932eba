//! SMART scopes, v1 and v2 (SMART App Launch 2.2, "Scopes for requesting FHIR Resources").

use super::resource_type::ResourceType;

/// The context of a scope. A wider one never lifts a narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeContext {
    /// `patient/`: the patient of the launch context.
    Patient,
    /// `user/`: what the user may reach.
    User,
    /// `system/`: what the client's practice may reach.
    System,
}

/// One resource scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceScope {
    /// Context.
    pub context: ScopeContext,
    /// Type; `None` for `*`.
    pub resource_type: Option<ResourceType>,
    /// Whether reading by id is covered (`r`, v1 `read`).
    pub read: bool,
    /// Whether searching is covered (`s`, v1 `read`).
    pub search: bool,
    /// The query of a granular scope as pairs of parameter and `system|code`; all must hold. Empty: the whole type.
    pub filter: Vec<(String, String)>,
    /// As the client wrote it, to answer it in the same spelling (v1 as v1).
    pub text: String,
}

/// The granted scopes of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet {
    /// Scopes on resources.
    pub resources: Vec<ResourceScope>,
    /// Every other scope word that was understood: `openid`, `fhirUser`, `launch`, `launch/patient`, `offline_access`, ...
    pub words: Vec<String>,
}
