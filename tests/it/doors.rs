//! The narrow doors for people who reach no record: what a guardian is told (S-05, D-10), and whose an MRN is (D-10).

use std::sync::Arc;

use chartgate::access::authorizer::PatientSought;
use chartgate::access::refusal::{DenyReason, Refusal};
use chartgate::access::subject::Subject;
use chartgate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use chartgate::domain::clock::Timestamp;
use chartgate::domain::ids::{Mrn, PracticeId};
use chartgate::fhir::resource_type::ResourceType as T;
use futures_util::FutureExt as _;
use serde_json::json;

use crate::oracle_world::*;

fn world() -> Gate {
    let world = World {
        people: [("gus", Person::Guardian), ("sue", Person::Staff)].into(),
        practices: [("north", (vec!["1234567893"], None)), ("south", (vec!["1245319599"], None))].into(),
        pcps: [("kim", (vec!["1234567893"], vec![]))].into(),
        ..World::default()
    };
    world.gate()
}

fn person(name: &str, kind: AccountKind) -> Account {
    Account {
        id: account(name),
        kind,
        email: format!("{name}@example.org"),
        name: name.to_owned(),
        phone: None,
        state: AccountState::Active,
        created_at: Timestamp::from_millis(0),
    }
}

fn gus() -> Account {
    person("gus", AccountKind::Guardian { patients: vec![id("kim")] })
}

fn sue() -> Account {
    person("sue", AccountKind::Staff { role: StaffRole::Support })
}

/// The portal's own subject: no client.
fn portal(name: &str) -> Arc<Subject> {
    Arc::new(Subject { client: None, ..(*subject(name, "user/Patient.rs", None)).clone() })
}

fn kim() -> String {
    json!({"resourceType": "Patient", "id": "kim", "birthDate": "2015-03-02",
        "identifier": [{"system": "urn:mrn", "value": "CG-1"}],
        "name": [{"family": "Okafor", "given": ["Kim", "Rose"]}]})
    .to_string()
}

#[test]
fn d10_a_guardian_is_told_the_childs_given_name_and_the_practices_that_see() {
    let gate = world();
    let permit = gate.authorizer.authorize_family(&gus(), &portal("gus"), &id("kim")).unwrap();
    let body = sealed(&read(T::Patient, "kim"), &kim());
    let view = gate.authorizer.family_view(permit, body, Some("urn:mrn")).now_or_never().unwrap().unwrap();
    assert_eq!(view.given_name.as_deref(), Some("Kim"));
    assert_eq!((view.initials.as_str(), view.mrn.as_deref()), ("K. O.", Some("CG-1")));
    assert_eq!(view.birth_date, "2015-03-02");
    assert_eq!(view.practices.iter().map(PracticeId::as_str).collect::<Vec<_>>(), ["north"]);
}

#[test]
fn d10_nobody_but_the_childs_own_guardian_is_told() {
    let gate = world();
    let refused = |account: &Account, asks: &Arc<Subject>, patient: &str| {
        gate.authorizer.authorize_family(account, asks, &id(patient)).unwrap_err()
    };
    assert_eq!(refused(&gus(), &portal("gus"), "lee"), Refusal::NotFound(DenyReason::NoRelationship));
    assert_eq!(refused(&sue(), &portal("sue"), "kim"), Refusal::NotFound(DenyReason::NoRelationship));
    // A guardian's account in somebody else's name, suspended, or through an app.
    let inactive = Refusal::Unauthenticated(DenyReason::Inactive);
    assert_eq!(refused(&gus(), &portal("sue"), "kim"), inactive);
    let suspended = Account { state: AccountState::Suspended, ..gus() };
    assert_eq!(refused(&suspended, &portal("gus"), "kim"), inactive);
    assert_eq!(refused(&gus(), &subject("gus", "user/Patient.rs", None), "kim"), inactive);
}

#[test]
fn d10_what_the_family_door_opens_is_not_released_as_a_record() {
    let gate = world();
    let permit = gate.authorizer.authorize_family(&gus(), &portal("gus"), &id("kim")).unwrap();
    let body = sealed(&read(T::Patient, "kim"), &kim());
    let frame = chartgate::access::authorizer::Frame {
        self_url: "",
        seal: &|_| String::new(),
        after_all: None,
        total: chartgate::access::authorizer::Total::Omit,
        count_only: false,
    };
    assert!(gate.authorizer.release(permit, body, frame).now_or_never().unwrap().is_err());
    // Another child's record that the EHR sent instead tells nothing.
    let permit = gate.authorizer.authorize_family(&gus(), &portal("gus"), &id("kim")).unwrap();
    let other = sealed(&read(T::Patient, "lee"), &kim().replace("\"kim\"", "\"lee\""));
    assert!(gate.authorizer.family_view(permit, other, Some("urn:mrn")).now_or_never().unwrap().is_err());
}

#[test]
fn d10_staff_learn_whose_an_mrn_is_and_nothing_of_the_record() {
    let gate = world();
    let sought = PatientSought::Mrn { system: None, value: Mrn::parse("CG-1").unwrap() };
    let ask = |account: &Account, name: &str, sought| {
        gate.authorizer.authorize_audit_search(account, &portal(name), search(T::Patient, None), sought)
    };
    let permit = ask(&sue(), "sue", sought.clone()).unwrap();
    let body = sealed(&search(T::Patient, None), &searchset(&[serde_json::from_str(&kim()).unwrap()]));
    let found = gate.authorizer.identify(permit, body).now_or_never().unwrap().unwrap();
    assert!(found.reachable.is_empty());
    assert_eq!(found.not_authorized.iter().map(|one| one.patient.as_str()).collect::<Vec<_>>(), ["kim"]);

    let by_name = PatientSought::Person {
        family: "Okafor".to_owned(),
        given: "Kim".to_owned(),
        birth_date: "2015-03-02".to_owned(),
    };
    assert!(ask(&sue(), "sue", by_name).is_err(), "by MRN alone");
    assert!(ask(&gus(), "gus", sought).is_err(), "staff alone");
}

/// What staff are told of access is what the decision says, for everybody and every patient.
#[test]
fn staff_are_told_of_access_what_the_decision_says() {
    let world = World {
        people: [
            ("ana", Person::Provider { npi: "1234567893" }),
            ("ben", Person::Provider { npi: "1245319599" }),
            ("nia", Person::Sponsored { sponsors: vec!["ana"] }),
            ("eve", Person::Sponsored { sponsors: vec![] }),
            ("gus", Person::Guardian),
            ("sue", Person::Staff),
        ]
        .into(),
        practices: [("north", (vec!["1234567893"], None)), ("south", (vec!["1245319599"], Some("org-s")))]
            .into(),
        pcps: [("kim", (vec!["1234567893"], vec![])), ("lee", (vec![], vec!["org-s"]))].into(),
        suspended: ["ben"].into(),
        ..World::default()
    };
    let gate = world.gate();
    let mut seen = 0;
    for person in ["ana", "ben", "nia", "eve", "gus", "sue", "nobody"] {
        for patient in ["kim", "lee", "max"] {
            let (staff, asks, about, patient) = (sue(), portal("sue"), account(person), id(patient));
            let explained = gate.authorizer.explain(&staff, &asks, &about, &patient).now_or_never();
            let explained = explained.unwrap().unwrap();
            let reaches = gate.authorizer.reaches(&portal(person), &patient).now_or_never().unwrap();
            assert_eq!(!explained.reach.is_empty(), reaches == Ok(true), "{person} {patient}");
            seen += usize::from(!explained.reach.is_empty());
        }
    }
    assert_eq!(seen, 2, "Ana and Nia see Kim, nobody anybody else");
}

#[test]
fn only_staff_are_told_of_others_access() {
    let gate = world();
    let ask = |who: &Account, asks: &Arc<Subject>| {
        gate.authorizer.explain(who, asks, &account("gus"), &id("kim")).now_or_never().unwrap().unwrap_err()
    };
    assert_eq!(ask(&gus(), &portal("gus")), Refusal::NotFound(DenyReason::NoRelationship));
    let inactive = Refusal::Unauthenticated(DenyReason::Inactive);
    assert_eq!(ask(&sue(), &portal("gus")), inactive);
    assert_eq!(ask(&sue(), &subject("sue", "user/Patient.rs", None)), inactive);
    let suspended = Account { state: AccountState::Suspended, ..sue() };
    assert_eq!(ask(&suspended, &portal("sue")), inactive);
}
