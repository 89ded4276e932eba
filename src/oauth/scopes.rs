//! What of the requested scopes can be granted: never more than the client is registered for, and only what makes sense in
//! the launch at hand.

use crate::domain::client::{Client, LaunchContext};
use crate::fhir::scope::{ScopeContext, ScopeSet};

/// The most that a user could grant `client` of `requested`, in the client's spelling.
pub fn for_user(requested: &str, client: &Client) -> ScopeSet {
    let mut set = ScopeSet::parse(requested).restrict_to(&ScopeSet::parse(&client.scope));
    set.resources.retain(|scope| scope.context != ScopeContext::System);
    if !set.has_word("openid") {
        // Both are claims of the id_token, which only `openid` asks for.
        set.words.retain(|word| word != "fhirUser" && word != "profile");
    }
    set
}

/// What a practice's system gets of `requested`: `system/` scopes alone (row 250).
pub fn for_backend(requested: &str, client: &Client) -> ScopeSet {
    let mut set = ScopeSet::parse(requested).restrict_to(&ScopeSet::parse(&client.scope));
    set.resources.retain(|scope| scope.context == ScopeContext::System);
    set.words.clear();
    set
}

/// What is true of a launch once user and context are settled.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// Patient and encounter.
    pub context: &'a LaunchContext,
    /// Whether the portal launched the app.
    pub ehr_launch: bool,
    /// Whether the user is represented by a FHIR resource here (row 197).
    pub has_fhir_user: bool,
}

/// Leaves out the words that would promise what the token response cannot hold: context that does not exist, an identity
/// that has no resource. A `patient/` scope does not survive without a patient (row 164).
#[must_use]
pub fn settle(mut set: ScopeSet, settled: Settled<'_>) -> ScopeSet {
    let has_patient = settled.context.patient.is_some();
    set.resources.retain(|scope| has_patient || scope.context != ScopeContext::Patient);
    set.words.retain(|word| match word.as_str() {
        "launch" => settled.ehr_launch,
        "launch/patient" => has_patient,
        "launch/encounter" => settled.context.encounter.is_some(),
        "fhirUser" => settled.has_fhir_user,
        _ => true,
    });
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::FhirId;
    use crate::oauth::testing;

    #[test]
    fn rows_127_128_v1_is_answered_as_v1() {
        let set = for_user("patient/Observation.read user/Patient.rs", &testing::client("app"));
        assert_eq!(set.to_string(), "patient/Observation.read user/Patient.rs");
    }

    #[test]
    fn row_142_a_user_never_grants_system_scopes_nor_a_system_user_scopes() {
        let client =
            Client { scope: "system/*.rs patient/*.rs offline_access".to_owned(), ..testing::client("app") };
        let asked = "system/Patient.rs patient/Patient.rs offline_access";
        assert_eq!(for_user(asked, &client).to_string(), "offline_access patient/Patient.rs");
        assert_eq!(for_backend(asked, &client).to_string(), "system/Patient.rs");
    }

    #[test]
    fn row_250_no_more_than_registered() {
        let client = Client { scope: "patient/Observation.rs".to_owned(), ..testing::client("app") };
        assert_eq!(
            for_user("patient/*.rs patient/Condition.rs", &client).to_string(),
            "patient/Observation.rs"
        );
    }

    #[test]
    fn row_164_patient_scopes_need_a_patient() {
        let set = || {
            ScopeSet::parse("launch launch/patient launch/encounter openid fhirUser patient/*.rs user/*.rs")
        };
        let nothing = LaunchContext::default();
        let settled = settle(set(), Settled { context: &nothing, ehr_launch: false, has_fhir_user: false });
        assert_eq!(settled.to_string(), "openid user/*.rs");
        let full = LaunchContext {
            patient: FhirId::parse("p").ok(),
            encounter: FhirId::parse("e").ok(),
            ..LaunchContext::default()
        };
        let settled = settle(set(), Settled { context: &full, ehr_launch: true, has_fhir_user: true });
        assert_eq!(settled, set());
    }

    #[test]
    fn identity_words_need_openid() {
        assert_eq!(
            for_user("fhirUser profile patient/*.rs", &testing::client("app")).to_string(),
            "patient/*.rs"
        );
    }
}
