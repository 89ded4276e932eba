//! Scopes that do not narrow as they say.

use crate::oracle_server::asks::told;
use crate::oracle_server::judge::{ALL_KINDS, Grant};

use super::{House, LABS, names};

#[tokio::test]
async fn leak_a_scope_without_its_patient_skips_the_filter() {
    let house = House::new().await;
    let launched = house.token("ana", &["patient/*.rs"], Some("kim")).await;
    assert_eq!(house.names("/Condition?patient=kim", &launched).await, ["Condition/kim-problem"]);
    let without = house.token("ana", &["patient/*.rs", "launch/patient"], None).await;
    let narrow = house.token("ana", &["user/Practitioner.rs"], None).await;
    for path in [
        "/Condition?patient=kim",
        "/Condition?_id=kim-problem",
        "/Patient?family=Fox",
        "/Patient/kim",
        "/Observation/kim-lab1",
        "/Binary/kim-note?patient=kim",
        "/Patient/kim/$everything",
        "/DocumentReference/$docref?patient=kim",
        "/Group/north",
    ] {
        let answer = house.get(path, &without).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(!answer.text().contains('~'), "{path}");
        // As a token without any such scope.
        assert_eq!(told(&house.get(path, &narrow).await), told(&answer), "{path}");
    }
    // A search that names no patient is about the one of the launch.
    let family = house.get("/Patient?family=Fox", &launched).await;
    assert_eq!(names(&family), ["Patient/kim"]);
}

#[tokio::test]
async fn leak_a_wider_scope_lifts_a_narrower_one() {
    let grant = Grant {
        provider: "ana",
        patient: "lee",
        kinds: ALL_KINDS.to_vec(),
        restricted: false,
        until: None,
        revoked: false,
    };
    let house = House::with(Vec::new(), vec![grant]).await;
    let both = "/Observation?_id=kim-lab1,kim-vital,lee-lab1,lee-vital";
    let all =
        ["Observation/kim-lab1", "Observation/kim-vital", "Observation/lee-lab1", "Observation/lee-vital"];
    assert_eq!(house.names(both, &house.ana().await).await, all);
    // A scope of the user's on another type says nothing of this one.
    let other_type = house.token("ana", &["patient/Observation.rs", "user/Patient.rs"], Some("kim")).await;
    assert_eq!(house.names(both, &other_type).await, all[..2]);
    assert_eq!(house.get("/Observation/lee-lab1", &other_type).await.status, 404);
    assert_eq!(house.get("/Patient/lee", &other_type).await.status, 200);
    // A category holds where the wider scope has it, and is not filled in from the other.
    let labs: &'static str = format!("user/Observation.rs?category={LABS}").leak();
    let labs = house.token("ana", &["patient/Observation.rs", labs], Some("kim")).await;
    assert_eq!(house.names(both, &labs).await, all[..3]);
    assert_eq!(house.get("/Observation/lee-vital", &labs).await.status, 404);
    // Permission to read is none to search, whoever else may be read.
    let reading = house.token("ana", &["user/Observation.r", "patient/Observation.s"], Some("kim")).await;
    assert_eq!(house.names(both, &reading).await, all[..2]);
    assert_eq!(house.get("/Observation/lee-lab1", &reading).await.status, 200);
    // A scope of systems is none of a person's, and the reverse.
    for (actor, scope) in
        [("ana", "system/*.rs"), ("system:north", "user/*.rs"), ("system:north", "patient/*.rs")]
    {
        let token = house.token(actor, &[scope], None).await;
        assert_eq!(house.get(both, &token).await.status, 403, "{actor} {scope}");
    }
}

#[tokio::test]
async fn leak_reads_by_id_are_unfiltered_while_searches_are_filtered() {
    let house = House::new().await;
    let labs: &'static str = format!("user/Observation.rs?category={LABS}").leak();
    for (token, seen, hidden) in [
        (house.ana().await, "kim-lab1", vec!["lee-lab1", "kim-psy"]),
        (house.token("ana", &[labs], None).await, "kim-lab1", vec!["kim-vital", "lee-vital", "kim-psy"]),
        (house.token("ana", &["patient/*.rs"], Some("lee")).await, "", vec!["kim-lab1", "lee-lab1"]),
        (house.token("nia", &["user/*.read"], None).await, "kim-vital", vec!["lee-vital", "kim-psy"]),
        (
            house.token("system:north", &["system/*.rs"], None).await,
            "kim-vital",
            vec!["lee-vital", "kim-psy"],
        ),
    ] {
        if !seen.is_empty() {
            assert_eq!(house.get(&format!("/Observation/{seen}"), &token).await.status, 200, "{seen}");
        }
        for id in hidden {
            // Twice: from the EHR, and from the cache.
            for _ in 0..2 {
                for path in [
                    format!("/Observation/{id}"),
                    format!("/Observation/{id}?_elements=status"),
                    format!("/Observation/{id}/_history/1"),
                    format!("/Observation/{id}/_history"),
                ] {
                    let answer = house.get(&path, &token).await;
                    house.is_not_there(&answer, &path).await;
                }
            }
        }
    }
}
