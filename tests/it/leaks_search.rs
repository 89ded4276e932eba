//! The portal's exact patient search (S-31): the one place that says "not authorized", and all that it must not say.

use std::sync::Arc;

use chartgate::access::authorizer::{NotAuthorized, PatientMatches, PatientSought};
use chartgate::access::refusal::{DenyReason, Refusal};
use chartgate::access::subject::Subject;
use chartgate::domain::ids::Mrn;
use chartgate::fhir::interaction::Interaction;
use chartgate::fhir::resource_type::ResourceType as T;
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::oracle_world::*;

fn world() -> World {
    World {
        people: [
            ("ana", Person::Provider { npi: "1234567893" }),
            ("sam", Person::Provider { npi: "1245319599" }),
            ("nia", Person::Sponsored { sponsors: vec!["ana"] }),
            ("sue", Person::Staff),
            ("gus", Person::Guardian),
        ]
        .into(),
        practices: [("north", (vec!["1234567893"], None))].into(),
        pcps: [("kim", (vec!["1234567893"], vec![])), ("lee", (vec!["1003000126"], vec![]))].into(),
        ..World::default()
    }
}

/// The portal's own subject: no client.
fn portal(name: &str) -> Arc<Subject> {
    Arc::new(Subject { client: None, ..(*subject(name, "user/*.rs", None)).clone() })
}

fn patient(name: &str, mrn: &str) -> Value {
    json!({"resourceType": "Patient", "id": name, "birthDate": "2015-03-02", "telecom": [{"value": "555-0100"}],
        "identifier": [{"system": "urn:mrn", "value": mrn}], "name": [{"family": "Okafor", "given": ["Ada"]}]})
}

fn mrn(value: &str) -> PatientSought {
    PatientSought::Mrn { system: Some("urn:mrn".into()), value: Mrn::parse(value).unwrap() }
}

fn person(family: &str, given: &str, birth_date: &str) -> PatientSought {
    PatientSought::Person { family: family.into(), given: given.into(), birth_date: birth_date.into() }
}

fn find(
    gate: &Gate,
    subject: &Arc<Subject>,
    sought: PatientSought,
    found: &[Value],
) -> Result<PatientMatches, Refusal> {
    let asked = search(T::Patient, None);
    let permit = gate.authorizer.authorize_patient_search(subject, Arc::new(asked.clone()), sought);
    let permit = permit.now_or_never().unwrap()?;
    gate.authorizer.identify(permit, sealed(&asked, &searchset(found))).now_or_never().unwrap()
}

fn reachable(matches: &PatientMatches) -> Vec<Value> {
    let bodies = matches.reachable.iter().map(|released| released.chunks().concat());
    bodies.map(|body| serde_json::from_slice(&body).unwrap()).collect()
}

#[test]
fn s31_a_patient_within_reach_is_found_whole() {
    for who in ["ana", "nia"] {
        for sought in [mrn("M-1"), person("okafor", "ada", "2015-03-02")] {
            let matches = find(&world().gate(), &portal(who), sought, &[patient("kim", "M-1")]).unwrap();
            assert_eq!(reachable(&matches), [patient("kim", "M-1")]);
            assert_eq!(matches.reachable[0].patients(), [id("kim")], "for the audit log");
            assert!(matches.not_authorized.is_empty());
        }
    }
}

#[test]
fn s31_another_patient_is_not_authorized_and_nothing_else_is_told() {
    let not = |patient: &str, has_primary_care| {
        let (initials, portal_account) = ("A. O.".to_owned(), None);
        [NotAuthorized { patient: id(patient), has_primary_care, initials, portal_account }]
    };
    let gate = world().gate();
    let matches = find(&gate, &portal("ana"), mrn("M-2"), &[patient("lee", "M-2")]).unwrap();
    assert!(matches.reachable.is_empty());
    assert_eq!(matches.not_authorized, not("lee", true));
    let matches = find(&gate, &portal("sam"), mrn("M-3"), &[patient("max", "M-3")]).unwrap();
    assert_eq!(matches.not_authorized, not("max", false), "nobody is PCP: another next step");
    let twins = [patient("kim", "M-1"), patient("lee", "M-2")];
    let matches = find(&gate, &portal("ana"), person("Okafor", "Ada", "2015-03-02"), &twins).unwrap();
    assert_eq!((reachable(&matches).len(), matches.not_authorized.len()), (1, 1));
}

#[test]
fn s31_only_what_was_typed_exactly_counts_whatever_the_ehr_matched() {
    let gate = world().gate();
    let everyone = [patient("kim", "M-1"), patient("lee", "M-2")];
    for sought in [
        mrn("M"),
        mrn("M-10"),
        person("Oka", "Ada", "2015-03-02"),
        person("Okafor", "Ada", "2015-03-01"),
        person("Okafor", "", "2015-03-02"),
    ] {
        let matches = find(&gate, &portal("ana"), sought, &everyone).unwrap();
        assert!(matches.reachable.is_empty() && matches.not_authorized.is_empty());
    }
    let matches = find(&gate, &portal("ana"), mrn("M-2"), &everyone).unwrap();
    assert_eq!(
        (matches.reachable.len(), matches.not_authorized.len()),
        (0, 1),
        "not kim, who was not sought"
    );
}

#[test]
fn d11_a_restricted_patient_is_not_even_confirmed() {
    let mut secret = patient("lee", "M-2");
    secret["meta"] = json!({"security": [{"code": "V"}]});
    let matches = find(&world().gate(), &portal("ana"), mrn("M-2"), &[secret]).unwrap();
    assert!(matches.reachable.is_empty() && matches.not_authorized.is_empty());
}

#[test]
fn s31_the_door_is_for_the_portals_clinicians_alone() {
    let gate = world().gate();
    let refused =
        |subject: &Arc<Subject>| find(&gate, subject, mrn("M-2"), &[patient("lee", "M-2")]).unwrap_err();
    let closed = Refusal::NotFound(DenyReason::NoRelationship);
    assert_eq!(refused(&subject("ana", "user/*.rs", None)), closed, "an app");
    assert_eq!(refused(&portal("sue")), closed);
    assert_eq!(refused(&portal("gus")), closed);
    assert_eq!(
        refused(&Arc::new(Subject {
            client: None,
            ..(*subject("system:north", "system/*.rs", None)).clone()
        })),
        closed
    );
    assert_eq!(refused(&portal("nobody")), Refusal::Unauthenticated(DenyReason::Inactive));
    // Not for another search, and not with a permit of another kind.
    let ana = portal("ana");
    let other =
        gate.authorizer.authorize_patient_search(&ana, Arc::new(search(T::Observation, None)), mrn("M-2"));
    assert!(other.now_or_never().unwrap().is_err());
    let asked: Interaction = search(T::Patient, None);
    let permit = gate.authorize(&portal("ana"), &asked).unwrap();
    let found = gate.authorizer.identify(permit, sealed(&asked, &searchset(&[patient("lee", "M-2")])));
    assert_eq!(found.now_or_never().unwrap().unwrap_err(), Refusal::NotFound(DenyReason::NotAsked));
    // Outside that door an ordinary search leaves the other patient out.
    assert!(
        gate.ask(&portal("ana"), &asked, &searchset(&[patient("lee", "M-2")])).unwrap().names().is_empty()
    );
}

#[test]
fn pickers_offer_reachable_patients_alone() {
    let gate = world().gate();
    let reaches = |name: &str, patient: &str| {
        gate.authorizer.reaches(&portal(name), &id(patient)).now_or_never().unwrap()
    };
    assert_eq!(reaches("ana", "kim"), Ok(true));
    assert_eq!(reaches("nia", "kim"), Ok(true));
    assert_eq!(reaches("ana", "lee"), Ok(false));
    assert_eq!(reaches("gus", "kim"), Ok(false));
    assert_eq!(reaches("nobody", "kim"), Err(Refusal::Unauthenticated(DenyReason::Inactive)));
}
