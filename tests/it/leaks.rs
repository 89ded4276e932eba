//! The published ways in which other FHIR products leaked, one test each, against the policy, the index and the release
//! filter. Each starts with what a correct reader gets, so that a gate that lets nothing through fails too.

use chartgate::access::refusal::{DenyReason, Refusal};
use chartgate::domain::grant::{DataKind, DataKinds};
use chartgate::fhir::resource_type::ResourceType as T;
use serde_json::{Value, json};

use crate::oracle_world::*;

/// Ana and Ben practise together and are PCPs of `kim`; Eve, elsewhere, is PCP of `lee`. Ana has a grant for `lee`'s
/// laboratory results in none of these tests unless it says so.
fn world() -> World {
    World {
        people: [
            ("ana", Person::Provider { npi: "1234567893" }),
            ("eve", Person::Provider { npi: "1245319599" }),
            ("gus", Person::Guardian),
            ("sue", Person::Staff),
        ]
        .into(),
        practices: [("north", (vec!["1234567893"], None)), ("south", (vec!["1245319599"], None))].into(),
        pcps: [("kim", (vec!["1234567893"], vec![])), ("lee", (vec!["1245319599"], vec![]))].into(),
        ..World::default()
    }
}

fn both(world: &mut World) {
    world.pcps.insert("lee", (vec!["1234567893", "1245319599"], vec![]));
}

fn of(kind: &str, name: &str, patient: &str) -> Value {
    json!({"resourceType": kind, "id": name, owner_of(kind): {"reference": format!("Patient/{patient}")}})
}

fn lab(name: &str, patient: &str, category: &str) -> Value {
    let mut observation = of("Observation", name, patient);
    observation["category"] = json!([{"coding": [{"system": "c", "code": category}]}]);
    observation
}

fn reason(refusal: Refusal) -> DenyReason {
    match refusal {
        Refusal::Unauthenticated(reason) | Refusal::InsufficientScope(reason) | Refusal::NotFound(reason) => {
            reason
        }
        Refusal::FactsUnavailable | Refusal::AuditUnavailable => panic!("{refusal:?}"),
    }
}

#[test]
fn leak_a_patient_scope_without_its_patient_skips_the_filter() {
    let gate = world().gate();
    let body = searchset(&[of("Observation", "1", "kim"), of("Observation", "2", "lee")]);
    let launched = subject("ana", "patient/*.rs", Some("kim"));
    assert_eq!(gate.ask(&launched, &search(T::Observation, None), &body).unwrap().names(), ["Observation/1"]);
    let not = subject("ana", "patient/*.rs launch/patient", None);
    for asked in [
        search(T::Observation, None),
        search(T::Observation, Some("kim")),
        read(T::Patient, "kim"),
        read(T::Location, "l"),
    ] {
        assert_eq!(
            gate.authorize(&not, &asked).unwrap_err(),
            Refusal::InsufficientScope(DenyReason::NoLaunchPatient)
        );
    }
}

#[test]
fn leak_a_wider_scope_lifts_a_narrower_one() {
    let mut world = world();
    both(&mut world);
    let gate = world.gate();
    let body = searchset(&[
        lab("kim-lab", "kim", "laboratory"),
        lab("kim-vital", "kim", "vital-signs"),
        lab("lee-lab", "lee", "laboratory"),
        lab("lee-vital", "lee", "vital-signs"),
    ]);
    let names = |scopes| {
        let subject = subject("ana", scopes, Some("kim"));
        gate.ask(&subject, &search(T::Observation, None), &body).map(|answer| answer.names())
    };
    // The user scope is on another type: it says nothing about Observation.
    assert_eq!(
        names("patient/Observation.rs user/Patient.rs").unwrap(),
        ["Observation/kim-lab", "Observation/kim-vital"]
    );
    // The category holds for the other patient, although the patient scope has none.
    assert_eq!(
        names("patient/Observation.rs user/Observation.rs?category=c|laboratory").unwrap(),
        ["Observation/kim-lab", "Observation/kim-vital", "Observation/lee-lab"]
    );
    assert_eq!(names("patient/Observation.rs?category=c|laboratory").unwrap(), ["Observation/kim-lab"]);
    // A system scope in a person's token, or read without search, is no scope on this request.
    for scopes in ["system/*.rs", "patient/*.r"] {
        assert_eq!(names(scopes).unwrap_err(), Refusal::InsufficientScope(DenyReason::InsufficientScope));
    }
    // Patient scope and launch patient do not reach the other patient by naming them.
    let subject = subject("ana", "patient/Observation.rs user/Patient.rs", Some("kim"));
    let refusal = gate.ask(&subject, &search(T::Observation, Some("lee")), &body).unwrap_err();
    assert_eq!(refusal, Refusal::NotFound(DenyReason::OutsideLaunchContext));
    assert!(
        gate.ask(
            &subject,
            &read(T::Patient, "lee"),
            &json!({"resourceType": "Patient", "id": "lee"}).to_string()
        )
        .is_ok()
    );
}

#[test]
fn leak_a_persons_scope_in_a_systems_token() {
    let gate = world().gate();
    let body = searchset(&[of("Condition", "1", "kim"), of("Condition", "2", "lee")]);
    let system = subject("system:north", "system/*.rs", None);
    assert_eq!(gate.ask(&system, &search(T::Condition, None), &body).unwrap().names(), ["Condition/1"]);
    for scopes in ["user/*.rs", "patient/*.rs"] {
        let wrong = subject("system:north", scopes, Some("kim"));
        assert!(matches!(
            gate.authorize(&wrong, &search(T::Condition, Some("kim"))),
            Err(Refusal::InsufficientScope(_))
        ));
    }
}

#[test]
fn leak_reads_by_id_go_unfiltered() {
    let gate = world().gate();
    let ana = subject("ana", "user/*.rs", None);
    for kind in T::ALL {
        use chartgate::fhir::resource_type::Judgement;
        if kind.judgement() != Judgement::Patient || *kind == T::Patient {
            continue;
        }
        let own = of(kind.as_str(), "1", "kim").to_string();
        assert_eq!(gate.ask(&ana, &read(*kind, "1"), &own).unwrap().names(), [format!("{kind}/1")]);
        let other = of(kind.as_str(), "1", "lee").to_string();
        let refusal = gate.ask(&ana, &read(*kind, "1"), &other).unwrap_err();
        assert_eq!(refusal, Refusal::NotFound(DenyReason::NoRelationship), "{kind}");
        // The EHR answers with another resource than the one that was asked for.
        assert_eq!(
            reason(gate.ask(&ana, &read(*kind, "2"), &own).unwrap_err()),
            DenyReason::NotAsked,
            "{kind}"
        );
    }
    // Category and read permission hold for reads by id.
    let narrow = subject("ana", "user/Observation.r?category=c|laboratory", None);
    let asked = read(T::Observation, "1");
    assert!(gate.ask(&narrow, &asked, &lab("1", "kim", "laboratory").to_string()).is_ok());
    assert!(gate.ask(&narrow, &asked, &lab("1", "kim", "vital-signs").to_string()).is_err());
    assert!(gate.authorize(&subject("ana", "user/Observation.s", None), &asked).is_err());
}

#[test]
fn leak_a_page_handle_is_let_through_unchecked() {
    let world = world();
    let page = |patient: Option<&str>| {
        let chartgate::fhir::interaction::Interaction::Search(search) = search(T::Observation, patient)
        else {
            panic!()
        };
        chartgate::fhir::interaction::Interaction::Page { search, upstream: "?_getpages=1".into() }
    };
    let body = searchset(&[of("Observation", "1", "kim"), of("Observation", "2", "lee")]);
    let ana = subject("ana", "user/*.rs", None);
    assert_eq!(world.clone().gate().ask(&ana, &page(None), &body).unwrap().names(), ["Observation/1"]);
    // The PCP changed since the handle was sealed.
    let mut changed = world.clone();
    changed.pcps.remove("kim");
    assert!(changed.clone().gate().ask(&ana, &page(None), &body).unwrap().names().is_empty());
    assert_eq!(
        reason(changed.gate().authorize(&ana, &page(Some("kim"))).unwrap_err()),
        DenyReason::NoRelationship
    );
    let narrow = subject("ana", "user/Patient.rs", None);
    assert!(matches!(world.gate().authorize(&narrow, &page(None)), Err(Refusal::InsufficientScope(_))));
}

#[test]
fn leak_includes_outside_the_compartment() {
    let gate = world().gate();
    let mut matched = of("Observation", "1", "kim");
    matched["encounter"] = json!({"reference": "Encounter/kim-visit"});
    matched["partOf"] = json!([{"reference": "Encounter/lee-visit"}, {"reference": "Patient/lee"}]);
    matched["performer"] = json!([{"reference": "Practitioner/doc"}]);
    let mut body: Value = serde_json::from_str(&searchset(&[
        matched, of("Encounter", "kim-visit", "kim"), of("Encounter", "lee-visit", "lee"),
        json!({"resourceType": "Patient", "id": "lee"}), json!({"resourceType": "Practitioner", "id": "doc"}),
        json!({"resourceType": "Provenance", "id": "of-1", "target": [{"reference": "Observation/1"}]}),
        json!({"resourceType": "Provenance", "id": "of-both", "target": [{"reference": "Observation/1"}, {"reference": "Encounter/lee-visit"}]}),
        json!({"resourceType": "Provenance", "id": "of-nothing-here", "target": [{"reference": "Observation/2"}]}),
        json!({"resourceType": "Medication", "id": "prescribed-to-nobody"}),
        json!({"resourceType": "Practitioner", "id": "of-a-hidden-match"}), json!({"resourceType": "Practitioner", "id": "of-none"}),
    ])).unwrap();
    let mut hidden = of("Observation", "secret", "lee");
    hidden["performer"] = json!([{"reference": "Practitioner/of-a-hidden-match"}]);
    body["entry"].as_array_mut().unwrap().insert(0, json!({"resource": hidden}));
    for entry in body["entry"].as_array_mut().unwrap().iter_mut().skip(2) {
        entry["search"] = json!({"mode": "include"});
    }
    let names = |scopes| {
        let answer =
            gate.ask(&subject("ana", scopes, None), &search(T::Observation, Some("kim")), &body.to_string());
        let answer = answer.unwrap();
        assert_eq!(answer.body["total"], 1, "only the match counts");
        answer.names()
    };
    assert_eq!(
        names("user/*.rs"),
        ["Encounter/kim-visit", "Observation/1", "Practitioner/doc", "Provenance/of-1"]
    );
    // Each included entry needs a scope of its own, with the permission to search.
    assert_eq!(
        names("user/Observation.rs user/Encounter.r user/Practitioner.s"),
        ["Observation/1", "Practitioner/doc"]
    );
}

#[test]
fn leak_the_ehr_ignores_the_patient_parameter() {
    let mut world = world();
    both(&mut world);
    let gate = world.gate();
    let ana = subject("ana", "user/*.rs", None);
    let body =
        searchset(&[of("CareTeam", "1", "kim"), of("CareTeam", "2", "lee"), of("CareTeam", "3", "max")]);
    // Even what Ana could see of `lee` has no place among `kim`'s care teams.
    assert_eq!(gate.ask(&ana, &search(T::CareTeam, Some("kim")), &body).unwrap().names(), ["CareTeam/1"]);
    assert_eq!(
        gate.ask(&ana, &search(T::CareTeam, None), &body).unwrap().names(),
        ["CareTeam/1", "CareTeam/2"]
    );
}

#[test]
fn leak_binary_ignores_the_criteria() {
    let mut world = world();
    let mut labs_only = grant("lee", "ana");
    labs_only.kinds = DataKinds::of(&[DataKind::Labs]);
    world.grants.push(labs_only);
    let gate = world.gate();
    let ana = subject("ana", "user/*.rs", None);
    let note = |name: &str, patient: &str, binary: &str| {
        let mut note = of("DocumentReference", name, patient);
        note["content"] = json!([{"attachment": {"url": format!("{EHR}/Binary/{binary}")}}]);
        note
    };
    let seen =
        gate.ask(&ana, &read(T::DocumentReference, "n"), &note("n", "kim", "pdf").to_string()).unwrap();
    let asked = read(T::Binary, "pdf");
    for body in [json!({"resourceType": "Binary", "id": "pdf"}).to_string(), "%PDF-1.7".to_owned()] {
        let released = gate.ask_through(&ana, &asked, &body, &[&seen.released]).unwrap();
        assert_eq!(released.chunks().concat(), body.as_bytes());
        assert_eq!(released.patients(), [id("kim")]);
        // Never without a referrer, by whatever door.
        assert_eq!(reason(gate.ask(&ana, &asked, &body).unwrap_err()), DenyReason::NoVisibleReferrer);
        assert_eq!(
            reason(gate.ask_through(&ana, &asked, &body, &[]).unwrap_err()),
            DenyReason::NoVisibleReferrer
        );
        // Not another Binary than the one that the note points to.
        let body = body.replace("\"pdf\"", "\"other\"");
        let other = gate.ask_through(&ana, &read(T::Binary, "other"), &body, &[&seen.released]);
        assert_eq!(reason(other.unwrap_err()), DenyReason::NoVisibleReferrer);
    }
    // A reader to whom the note was not released cannot use one that was released to Ana.
    let eve = subject("eve", "user/*.rs", None);
    assert!(gate.ask_through(&eve, &asked, "%PDF", &[&seen.released]).is_err());
    // The scope on Binary is judged in its own context: the launch patient is `max`, the note is `kim`'s.
    let mixed = subject("ana", "user/DocumentReference.rs patient/Binary.rs", Some("max"));
    let seen =
        gate.ask(&mixed, &read(T::DocumentReference, "n"), &note("n", "kim", "pdf").to_string()).unwrap();
    assert!(gate.ask_through(&mixed, &asked, "%PDF", &[&seen.released]).is_err());
    // A grant that leaves notes out leaves their content out.
    assert!(gate.ask(&ana, &read(T::DocumentReference, "n"), &note("n", "lee", "pdf").to_string()).is_err());
    // A restricted Binary needs a referrer seen on cover for restricted labels.
    let secret =
        json!({"resourceType": "Binary", "id": "pdf", "meta": {"security": [{"code": "R"}]}}).to_string();
    let seen =
        gate.ask(&ana, &read(T::DocumentReference, "n"), &note("n", "kim", "pdf").to_string()).unwrap();
    assert!(gate.ask_through(&ana, &asked, &secret, &[&seen.released]).is_err());
}

#[test]
fn leak_totals_and_links_betray_what_was_withheld() {
    let gate = world().gate();
    let ana = subject("ana", "user/*.rs", None);
    let asked = search(T::Condition, None);
    let with = searchset(&[
        of("Condition", "1", "kim"),
        of("Condition", "2", "lee"),
        json!({"resourceType": "OperationOutcome"}),
    ]);
    let without = searchset(&[of("Condition", "1", "kim")]);
    let (with, without) = (gate.ask(&ana, &asked, &with).unwrap(), gate.ask(&ana, &asked, &without).unwrap());
    assert_eq!(with.released.chunks().concat(), without.released.chunks().concat(), "byte for byte");
    assert_eq!(with.body["total"], 1);
    let nothing = searchset(&[of("Condition", "2", "lee")]);
    let empty = gate.ask(&ana, &asked, &nothing).unwrap();
    let none = gate.ask(&ana, &asked, &searchset(&[])).unwrap();
    assert_eq!(empty.released.chunks().concat(), none.released.chunks().concat());
    assert_eq!((&empty.body["total"], empty.body.get("entry")), (&json!(0), None));
}

#[test]
fn leak_a_refusal_confirms_what_exists() {
    let gate = world().gate();
    let ana = subject("ana", "user/*.rs", None);
    let told = |refusal: Refusal| (std::mem::discriminant(&refusal), refusal.to_string());
    let absent = told(DenyReason::NotFound.into());
    for (asked, body) in [
        (read(T::Patient, "lee"), json!({"resourceType": "Patient", "id": "lee"})),
        (read(T::Patient, "nobody"), json!({})),
        (read(T::Observation, "1"), of("Observation", "1", "lee")),
        (read(T::Observation, "1"), json!({"resourceType": "OperationOutcome"})),
        (read(T::Observation, "1"), json!({"resourceType": "Observation", "id": "1"})),
        (read(T::Medication, "1"), json!({"resourceType": "Medication", "id": "1"})),
        (search(T::Observation, Some("lee")), json!({"resourceType": "Bundle", "type": "searchset"})),
        (search(T::Observation, Some("nobody")), json!({"resourceType": "Bundle", "type": "searchset"})),
    ] {
        assert_eq!(told(gate.ask(&ana, &asked, &body.to_string()).unwrap_err()), absent, "{asked:?}");
    }
    // A category that the scope leaves out is no more told than that there is such a resource.
    let labs = subject("ana", "user/Observation.rs?category=laboratory", None);
    let vital = lab("1", "kim", "vital-signs").to_string();
    assert_eq!(told(gate.ask(&labs, &read(T::Observation, "1"), &vital).unwrap_err()), absent);
    // 403 depends on the token alone.
    let narrow = subject("ana", "user/Patient.rs", None);
    for patient in ["kim", "lee", "nobody"] {
        let refusal = gate.authorize(&narrow, &search(T::Observation, Some(patient))).unwrap_err();
        assert_eq!(refusal, Refusal::InsufficientScope(DenyReason::InsufficientScope));
    }
}

#[test]
fn leak_a_filter_error_sends_the_unfiltered_body() {
    let mut world = world();
    world.silent.insert("max");
    let gate = world.gate();
    let ana = subject("ana", "user/*.rs", None);
    let asked = search(T::Observation, None);
    // Facts that cannot be had stop the whole answer.
    let body = searchset(&[of("Observation", "1", "kim"), of("Observation", "2", "max")]);
    assert_eq!(gate.ask(&ana, &asked, &body).unwrap_err(), Refusal::FactsUnavailable);
    assert_eq!(
        gate.authorize(&ana, &search(T::Observation, Some("max"))).unwrap_err(),
        Refusal::FactsUnavailable
    );
    // Entries that cannot be judged are left out one by one.
    let mut odd = vec![of("Observation", "1", "kim")];
    for subject in [
        json!(null),
        json!("Patient/kim"),
        json!({}),
        json!({"reference": 7}),
        json!({"identifier": {"value": "kim"}}),
        json!({"reference": "urn:uuid:kim"}),
    ] {
        odd.push(json!({"resourceType": "Observation", "id": "odd", "subject": subject}));
    }
    assert_eq!(gate.ask(&ana, &asked, &searchset(&odd)).unwrap().names(), ["Observation/1"]);
    // Two subjects, of which the filter sees one and the client the other.
    let twice = r#"{"resourceType":"Observation","id":"1","subject":{"reference":"Patient/kim"},"subject":{"reference":"Patient/lee"}}"#;
    assert_eq!(
        reason(gate.ask(&ana, &read(T::Observation, "1"), twice).unwrap_err()),
        DenyReason::Unjudgeable
    );
    // A searchset where one resource was asked for, and the other way round.
    let permit = gate.authorize(&ana, &read(T::Observation, "1")).unwrap();
    let release = gate.authorizer.release(permit, sealed(&asked, &searchset(&odd)), frame());
    let refusal = futures_util::FutureExt::now_or_never(release).unwrap().unwrap_err();
    assert_eq!(reason(refusal), DenyReason::Unjudgeable);
}

#[test]
fn leak_a_cached_body_outlives_the_permission() {
    let mut world = world();
    let mut ending = grant("lee", "ana");
    ending.ends_at = Some(NOW.plus(std::time::Duration::from_mins(1)));
    world.grants.push(ending);
    let gate = world.gate();
    let ana = subject("ana", "user/*.rs", None);
    let asked = search(T::Observation, Some("lee"));
    let body = searchset(&[of("Observation", "2", "lee")]);
    assert_eq!(gate.ask(&ana, &asked, &body).unwrap().names(), ["Observation/2"]);
    gate.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(reason(gate.ask(&ana, &asked, &body).unwrap_err()), DenyReason::NoRelationship);
}

#[test]
fn s06_staff_and_guardians_reach_nothing_through_the_facade() {
    let gate = world().gate();
    let asked = [
        read(T::Patient, "kim"),
        search(T::Observation, Some("kim")),
        search(T::Observation, None),
        read(T::Observation, "1"),
        read(T::Practitioner, "doc"),
        read(T::Binary, "pdf"),
    ];
    for asked in &asked {
        assert!(gate.authorize(&subject("ana", "user/*.rs", None), asked).is_ok(), "a provider may ask");
        for nobody in ["gus", "sue"] {
            let subject = subject(nobody, "user/*.rs patient/*.rs", Some("kim"));
            assert_eq!(reason(gate.authorize(&subject, asked).unwrap_err()), DenyReason::NoRelationship);
        }
        let stranger = subject("stranger", "user/*.rs", None);
        assert_eq!(
            gate.authorize(&stranger, asked).unwrap_err(),
            Refusal::Unauthenticated(DenyReason::Inactive)
        );
    }
}

#[test]
fn d11_restricted_resources_are_withheld_unless_covered() {
    let mut world = world();
    let mut open = grant("lee", "ana");
    open.covers_restricted = true;
    open.kinds = DataKinds::of(&[DataKind::Notes]);
    world.grants.push(open);
    let gate = world.gate();
    let ana = subject("ana", "user/*.rs", None);
    let labelled = |kind: &str, patient: &str| {
        let mut resource = of(kind, "1", patient);
        resource["meta"] = json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SEX"}]});
        resource.to_string()
    };
    let asked = read(T::DocumentReference, "1");
    assert_eq!(
        reason(gate.ask(&ana, &asked, &labelled("DocumentReference", "kim")).unwrap_err()),
        DenyReason::Restricted,
        "PCP"
    );
    assert!(gate.ask(&ana, &asked, &labelled("DocumentReference", "lee")).is_ok(), "granted");
    assert_eq!(
        reason(gate.ask(&ana, &read(T::Observation, "1"), &labelled("Observation", "lee")).unwrap_err()),
        DenyReason::NotInGrant
    );
}
