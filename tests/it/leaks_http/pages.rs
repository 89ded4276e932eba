//! Handles of pages, and what comes along with a page.

use std::time::Duration;

use crate::oracle_server::judge::Grant;
use crate::oracle_server::server::NOW;

use super::{House, asker, names, next};

#[tokio::test]
async fn leak_a_page_handle_is_let_through_unchecked() {
    let grant = Grant {
        provider: "ben",
        patient: "kim",
        kinds: vec!["labs"],
        restricted: false,
        until: None,
        revoked: false,
    };
    let house = House::with(Vec::new(), vec![grant]).await;
    let search = "/Observation?patient=kim&_count=1";
    let (ana, ben) = (house.ana().await, house.token("ben", &["user/*.rs"], None).await);
    let handle = next(&house.get(search, &ana).await).expect("a further page");
    let theirs = next(&house.get(search, &ben).await).expect("a further page");
    assert_eq!(house.names(&handle, &ana).await, ["Observation/kim-lab2"]);
    assert_eq!(house.names(&theirs, &ben).await, ["Observation/kim-lab2"]);

    // Another person, another app of the same person, another launch, a practice's system, staff, a guardian.
    let other_app =
        crate::oracle_server::judge::Asker { client: "other", ..asker("ana", &["user/*.rs"], None) };
    for token in [
        ben.clone(),
        house.node.token(&other_app).await.0,
        house.token("ana", &["patient/*.rs"], Some("kim")).await,
        house.token("system:north", &["system/*.rs"], None).await,
        house.token("nia", &["user/*.rs"], None).await,
        house.token("sue", &["user/*.rs"], None).await,
        house.token("gus", &["user/*.rs"], None).await,
    ] {
        let answer = house.get(&handle, &token).await;
        house.is_not_there(&answer, "somebody else's handle").await;
    }
    // The same person and app with scopes that cover less.
    let narrow = house.token("ana", &["user/Patient.rs"], None).await;
    assert_eq!(house.get(&handle, &narrow).await.status, 403);
    let vital =
        "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs";
    let vital = house.token("ana", &[vital], None).await;
    assert!(names(&house.get(&handle, &vital).await).iter().all(|name| name == "Observation/kim-vital"));
    // No token, or one that does not count any more.
    assert_eq!(house.node.send("GET", &format!("/fhir/r4{handle}"), &[], None).await.status, 401);
    let (token, authorization) = house.node.token(&asker("ana", &["user/*.rs"], None)).await;
    assert_eq!(house.get(&handle, &token).await.status, 200);
    house.node.store.revoke_authorization(&authorization).await.unwrap();
    assert_eq!(house.get(&handle, &token).await.status, 401);

    // Changed in any place, cut, lengthened, doubled, or for another type.
    let begin = handle.find("_page=").unwrap() + 6;
    for at in (begin..handle.len()).step_by(37) {
        let mut changed = handle.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let answer = house.get(&String::from_utf8(changed).unwrap(), &ana).await;
        house.is_not_there(&answer, "a changed handle").await;
    }
    for changed in [
        handle[..handle.len() - 1].to_owned(),
        format!("{handle}A"),
        format!("{}{}", handle, &handle[begin..]),
        handle.replace("/Observation", "/Condition"),
        format!("/Observation?_page={}", "A".repeat(handle.len() - begin)),
        "/Observation?_page=".to_owned(),
    ] {
        assert_eq!(house.get(&changed, &ana).await.status, 404, "{changed}");
    }
    // A handle of a whole record is none of a search, and the reverse.
    let whole =
        next(&house.get("/Patient/kim/$everything?_count=1", &ana).await).expect("more of the record");
    let (_, sealed) = whole.split_once("_page=").unwrap();
    assert_eq!(house.get(&whole, &ana).await.status, 200);
    assert_eq!(house.get(&format!("/Patient?_page={sealed}"), &ana).await.status, 404);
    assert_eq!(house.get(&whole.replace("/kim/", "/lee/"), &ana).await.status, 404);
    assert_eq!(
        house.get(&format!("/Patient/kim/$everything?{}", &handle[begin - 6..]), &ana).await.status,
        404
    );

    // On another node, too; and wherever it is used, after the grant has ended it leads nowhere.
    let second = house.node.beside(NOW).await;
    let there = second.get(&theirs, &ben).await;
    assert_eq!(names(&there), ["Observation/kim-lab2"]);
    house.node.revoke_grant(0).await;
    second.store.refresh().await.unwrap();
    for node in [&house.node, &second] {
        let answer = node.get(&theirs, &ben).await;
        house.is_not_there(&answer, "a handle from before the revocation").await;
    }
    // Too late; and a PCP who changed before it was too late.
    house.node.clock.advance(Duration::from_mins(6));
    house.revise("Patient/kim", |kim| kim["generalPractitioner"][0]["reference"] = "Practitioner/d1".into());
    house.node.clock.advance(Duration::from_mins(6));
    let answer = house.get(&handle, &ana).await;
    house.is_not_there(&answer, "a handle from before the PCP changed").await;
    house.node.clock.advance(Duration::from_hours(1));
    let late = house.get(&handle, &ana).await;
    assert_eq!((late.status.as_u16(), late.text().contains('~')), (410, false));
}

#[tokio::test]
async fn leak_includes_lie_outside_the_compartment() {
    let house = House::new().await;
    let ana = house.ana().await;
    // The EHR sends everybody's along with everything.
    for (path, right) in [
        (
            "/DiagnosticReport?patient=kim&_include=DiagnosticReport:result",
            vec!["DiagnosticReport/kim-report", "Observation/kim-lab1"],
        ),
        (
            "/MedicationRequest?patient=kim&_include=MedicationRequest:medication",
            vec!["Medication/kim-drug", "MedicationRequest/kim-rx"],
        ),
        (
            "/Observation?_id=kim-lab1&_revinclude=Provenance:target",
            vec!["Observation/kim-lab1", "Provenance/kim-prov"],
        ),
        // Who is named by nothing but what is withheld stays away. So does the patient, who performed what is withheld: what is
        // shown names them as its subject, and that was not asked for.
        (
            "/Observation?_id=kim-lab1,kim-psy&_include=Observation:performer",
            vec!["Observation/kim-lab1", "Practitioner/d0"],
        ),
        (
            "/Observation?_id=kim-lab1,lee-lab1&_include=Observation:encounter",
            vec!["Encounter/kim-visit", "Observation/kim-lab1"],
        ),
        (
            "/Observation?_id=lee-lab1,kim-psy&_include=Observation:encounter&_revinclude=Provenance:target",
            vec![],
        ),
    ] {
        for _ in 0..2 {
            let answer = house.get(path, &ana).await;
            assert_eq!(names(&answer), right, "{path}");
            let kind = path[1..].split('?').next();
            let matches = right.iter().filter(|name| name.split('/').next() == kind).count();
            assert_eq!(answer.json()["total"], matches, "{path}");
            assert!(!answer.text().contains("lee-lab1~") && !answer.text().contains("psy~"), "{path}");
        }
    }
    // What comes along needs a scope of its own, to search.
    let narrow = house.token("ana", &["user/Observation.rs", "user/Encounter.r"], None).await;
    let path = "/Observation?_id=kim-lab1&_include=Observation:encounter&_revinclude=Provenance:target";
    assert_eq!(house.names(path, &narrow).await, ["Observation/kim-lab1"]);
    assert_eq!(house.get("/Encounter/kim-visit", &narrow).await.status, 200);
}
