use rstest::rstest;

use super::*;

#[rstest]
#[case::v1_stays_v1("patient/Observation.read", "patient/Observation.read")]
#[case::v1_star_is_read("user/*.*", "user/*.read")]
#[case::v1_write_grants_nothing("patient/Observation.write", "")]
#[case::v2("patient/Observation.rs", "patient/Observation.rs")]
#[case::v2_writes_vanish("patient/Observation.cruds", "patient/Observation.rs")]
#[case::v2_write_only("patient/Observation.cud", "")]
#[case::v2_out_of_order("patient/Observation.sr", "")]
#[case::v2_repeated("patient/Observation.rr", "")]
#[case::v2_empty("patient/Observation.", "")]
#[case::unknown_type("patient/Appointment.rs", "")]
#[case::unknown_context("everyone/Observation.rs", "")]
#[case::unknown_word("openid fhirUser admin", "openid fhirUser")]
#[case::words("launch/patient offline_access launch", "launch/patient offline_access launch")]
#[case::twice("openid openid user/*.rs user/*.rs", "openid user/*.rs")]
#[case::any_space("  openid \t user/*.rs\n", "openid user/*.rs")]
#[case::constraint_that_cannot_be_judged("patient/Observation.rs?code=1234-5", "")]
#[case::empty_constraint("patient/Observation.rs?category=", "")]
#[case::half_a_constraint("patient/Observation.rs?", "")]
#[case::granular(
    "patient/Observation.rs?category=http://x|laboratory",
    "patient/Observation.rs?category=http://x|laboratory"
)]
fn scopes_are_parsed_to_what_can_be_granted(#[case] asked: &str, #[case] granted: &str) {
    assert_eq!(ScopeSet::parse(asked).to_string(), granted);
}

#[rstest]
#[case("user/*.rs", "user/Observation.r", "user/Observation.r")]
#[case("user/Observation.rs", "user/*.read", "user/Observation.rs")]
#[case("user/Observation.read", "user/*.r", "user/Observation.r")]
#[case("user/*.read", "user/Patient.rs user/Condition.r", "user/Patient.read user/Condition.r")]
#[case("user/*.rs", "patient/*.rs system/*.rs", "")]
#[case("user/Observation.r", "user/Observation.s", "")]
#[case("openid launch", "openid user/*.rs", "openid")]
#[case("user/Observation.rs", "user/Observation.rs?category=a|b", "user/Observation.rs?category=a|b")]
#[case("user/Observation.rs?category=a|b", "user/Observation.rs", "user/Observation.rs?category=a|b")]
#[case("user/*.rs?category=a|b", "user/Condition.rs?category=c", "user/Condition.rs?category=a|b&category=c")]
fn restriction_is_the_part_that_both_permit(#[case] asked: &str, #[case] allowed: &str, #[case] both: &str) {
    assert_eq!(ScopeSet::parse(asked).restrict_to(&ScopeSet::parse(allowed)).to_string(), both);
}

#[test]
fn a_refresh_may_not_widen() {
    let granted = ScopeSet::parse("openid patient/*.rs");
    assert!(granted.covers_all(&ScopeSet::parse("patient/Observation.read")));
    assert!(!granted.covers_all(&ScopeSet::parse("user/Observation.read")));
    assert!(!granted.covers_all(&ScopeSet::parse("fhirUser")));
    assert!(!ScopeSet::parse("patient/Observation.rs?category=a|b").covers_all(&granted));
}

#[test]
fn the_user_takes_scopes_away() {
    let asked = ScopeSet::parse("openid offline_access patient/Patient.r patient/Observation.rs");
    let left = asked.without(&["offline_access", "patient/Observation.rs"]);
    assert_eq!(left.to_string(), "openid patient/Patient.r");
}

#[test]
fn rows_159_160_a_role_that_is_not_known_here_asks_for_the_open_patient_or_encounter() {
    let asked =
        "launch/patient?role=https://vendor.example/sibling launch/encounter?role=launch launch/patient";
    assert_eq!(ScopeSet::parse(asked).to_string(), "launch/patient launch/encounter");
    for nothing in ["launch/patient?role=", "launch/patient?rol=x", "launch?role=x", "openid?role=x"] {
        assert!(ScopeSet::parse(nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn a_patient_scope_needs_a_patient() {
    assert!(ScopeSet::parse("patient/Patient.r").has_patient_context());
    assert!(ScopeSet::parse("launch/patient").has_patient_context());
    assert!(!ScopeSet::parse("launch openid user/*.rs").has_patient_context());
}

#[rstest]
#[case("category=s|c", true)]
#[case("category=c", true)]
#[case("category=s|", true)]
#[case("category=x,s%7Cc", true)]
#[case("category=|c", false)]
#[case("category=t|c", false)]
#[case("category=s|d", false)]
#[case("category=s|c&category=other", false)]
fn a_granular_scope_admits_by_token(#[case] query: &str, #[case] admitted: bool) {
    let scope = ResourceScope::parse(&format!("patient/Observation.rs?{query}")).unwrap();
    let laboratory = Coding { system: "s".into(), code: "c".into() };
    assert_eq!(scope.admits(&[laboratory]), admitted);
    assert!(!scope.admits(&[]), "nothing without a category passes");
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics_and_is_stable(text in ".{0,80}") {
        let once = ScopeSet::parse(&text).to_string();
        proptest::prop_assert_eq!(ScopeSet::parse(&once).to_string(), once);
    }

    #[test]
    fn restriction_never_widens(
        asked in "((patient|user)/(\\*|Observation|Patient)\\.(r|s|rs|read)(\\?category=[ab])? ?){0,4}",
        allowed in "((patient|user)/(\\*|Observation|Patient)\\.(r|s|rs|read)(\\?category=[ab])? ?){0,4}",
    ) {
        let (asked, allowed) = (ScopeSet::parse(&asked), ScopeSet::parse(&allowed));
        let both = asked.restrict_to(&allowed);
        proptest::prop_assert!(asked.covers_all(&both), "{} in {}", both, asked);
        proptest::prop_assert!(allowed.covers_all(&both), "{} in {}", both, allowed);
        proptest::prop_assert_eq!(&ScopeSet::parse(&both.to_string()), &both);
    }
}

#[test]
fn row_370_both_spellings_of_social_history_mean_the_same_and_each_is_answered_as_asked() {
    let right = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|social-history";
    let wrong = "patient/Observation.rs?category=http://terminology.hl7.org//CodeSystem-observation-category|social-history";
    let coding = Coding {
        system: "http://terminology.hl7.org/CodeSystem/observation-category".into(),
        code: "social-history".into(),
    };
    let other = Coding { code: "laboratory".into(), ..coding.clone() };
    for text in [right, wrong] {
        let scope = ResourceScope::parse(text).unwrap();
        assert_eq!(scope.text, text);
        assert!(scope.admits(std::slice::from_ref(&coding)) && !scope.admits(std::slice::from_ref(&other)));
        assert_eq!(ScopeSet::parse(text).restrict_to(&ScopeSet::parse(right)).to_string(), text);
        assert_eq!(ScopeSet::parse(text).restrict_to(&ScopeSet::parse(wrong)).to_string(), text);
    }
}
