//! Totals, errors and failures that say what they should not, and bodies that outlive a permission.

use std::time::Duration;

use serde_json::json;

use crate::oracle_server::asks::told;
use crate::oracle_server::judge::Grant;
use crate::oracle_server::server::NOW;

use super::{House, LABS, names};

#[tokio::test]
async fn leak_totals_and_error_texts_confirm_what_exists() {
    let house = House::new().await;
    let ana = house.ana().await;
    let vital: &'static str =
        "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs";
    let vital = house.token("ana", &[vital, "user/Patient.rs"], None).await;
    // With what is hidden the answer is that without it.
    for (token, with, without) in [
        (&ana, "/Observation?_id=kim-lab1,lee-lab1,kim-psy", "/Observation?_id=kim-lab1,none,other"),
        (&ana, "/Observation?_id=lee-lab1", "/Observation?_id=none"),
        (&ana, "/Observation?_id=kim-psy&_summary=count", "/Observation?_id=none&_summary=count"),
        (
            &ana,
            "/Observation?_id=kim-psy,kim-vital&_total=accurate&_count=1",
            "/Observation?_id=none,kim-vital&_total=accurate&_count=1",
        ),
        (&ana, "/Patient?identifier=urn:mrn|MRN-lee", "/Patient?identifier=urn:mrn|MRN-none"),
        (&ana, "/Patient?_id=lee", "/Patient?_id=none"),
        (&ana, "/Observation?patient=lee", "/Observation?patient=none"),
        (&ana, "/Patient/lee/$everything", "/Patient/none/$everything"),
        (&ana, "/DocumentReference/$docref?patient=lee", "/DocumentReference/$docref?patient=none"),
        (&ana, "/Group/south", "/Group/none"),
        (&ana, "/Medication/lee-drug?patient=lee", "/Medication/none?patient=lee"),
        (&ana, "/Provenance/kim-both", "/Provenance/none"),
        (&ana, "/Observation/kim-psy/_history", "/Observation/none/_history"),
        (&vital, "/Observation?_id=kim-lab1", "/Observation?_id=none"),
        (&vital, "/Observation/kim-lab1", "/Observation/none"),
        (&vital, "/Observation?patient=kim&_summary=count", "/Observation?_id=kim-vital&_summary=count"),
    ] {
        for time in 0..2 {
            let (one, other) = (house.get(with, token).await, house.get(without, token).await);
            // Its own address says what was asked for.
            let text = |answer: &crate::oracle_server::server::Answer| {
                let mut body = answer.json();
                body["link"] = json!([]);
                format!("{} {body}", answer.status)
            };
            assert_eq!(text(&one), text(&other), "{with}, time {time}");
            assert!(!one.text().contains("lee-lab1~") && !one.text().contains("psy~"), "{with}");
        }
    }
    // 403 depends on the token alone.
    let narrow = house.token("ana", &["user/Patient.rs"], None).await;
    let refused: Vec<_> = [
        "/Observation/kim-lab1",
        "/Observation/lee-lab1",
        "/Observation/none",
        "/Observation?patient=lee",
        "/Condition/none",
    ]
    .iter()
    .map(|path| house.get(path, &narrow))
    .collect();
    let refused = futures_util::future::join_all(refused).await;
    assert!(refused.iter().all(|answer| answer.status == 403 && told(answer) == told(&refused[0])));
    // Nor do conditional reads tell, or methods.
    let bearer = format!("Bearer {ana}");
    for header in [
        ("if-none-match", "*"),
        ("if-none-match", "W/\"1\""),
        ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ] {
        let headers = [("authorization", bearer.as_str()), header];
        let hidden = house.node.send("GET", "/fhir/r4/Observation/lee-lab1", &headers, None).await;
        house.is_not_there(&hidden, "a condition").await;
    }
    let head = |path: &'static str| {
        let headers = [("authorization", bearer.as_str())];
        let node = &house.node;
        async move { node.send("HEAD", path, &headers, None).await }
    };
    assert_eq!(
        told(&head("/fhir/r4/Observation/lee-lab1").await),
        told(&head("/fhir/r4/Observation/none").await)
    );
}

#[tokio::test]
async fn leak_a_filter_error_sends_the_unfiltered_body() {
    // Entries that the filter cannot read, each with something to lose.
    let odd = |id: &str, subject: serde_json::Value| json!({"resourceType": "Condition", "id": id, "subject": subject});
    let extra = vec![
        odd("none", json!(null)),
        odd("text", json!("Patient/kim")),
        odd("number", json!({"reference": 7})),
        odd("identifier", json!({"identifier": {"value": "kim"}})),
        odd("urn", json!({"reference": "urn:uuid:kim"})),
        odd("list", json!([{"reference": "Patient/kim"}, {"reference": "Patient/lee"}])),
        odd("contained", json!({"reference": "#kim"})),
        json!({"resourceType": "Condition", "id": "meta", "subject": {"reference": "Patient/kim"}, "meta": {"security": "R"}}),
        json!({"resourceType": "Condition", "id": "labels", "subject": {"reference": "Patient/kim"}, "meta": {"security": [7]}}),
        json!({"resourceType": "Condition", "id": "asserter", "subject": {"reference": "Patient/kim"}, "asserter": {"reference": ["Patient/lee"]}}),
        json!({"resourceType": "Claim", "id": "claim", "patient": {"reference": "Patient/kim"}}),
    ];
    let house = House::with(extra, Vec::new()).await;
    let ana = house.ana().await;
    for _ in 0..2 {
        assert_eq!(house.names("/Condition?patient=kim", &ana).await, ["Condition/kim-problem"]);
        for id in
            ["none", "text", "number", "identifier", "urn", "list", "contained", "meta", "labels", "asserter"]
        {
            let answer = house.get(&format!("/Condition/{id}"), &ana).await;
            house.is_not_there(&answer, id).await;
        }
    }
    assert_eq!(house.get("/Claim/claim", &ana).await.status, 404);
    // An EHR that answers with something else than was asked for.
    house.revise("Condition/kim-problem", |problem| problem["id"] = json!("other"));
    house.node.clock.advance(Duration::from_mins(2));
    let answer = house.get("/Condition/kim-problem", &ana).await;
    assert!(answer.status == 404 && !answer.text().contains('~'));
    // Who the PCP is cannot be learnt: nothing, not everything.
    house.node.clock.advance(Duration::from_hours(2));
    house.revise("Patient/kim", |kim| kim["generalPractitioner"] = json!("Practitioner/d0"));
    for path in [
        "/Observation?patient=kim",
        "/Observation/kim-lab1",
        "/Patient/kim",
        "/Patient/kim/$everything",
        "/Observation?_id=kim-lab1",
    ] {
        let answer = house.get(path, &ana).await;
        assert!(answer.status != 200 || names(&answer).is_empty(), "{path}: {}", answer.text());
        assert!(!answer.text().contains('~'), "{path}");
    }
}

#[tokio::test]
async fn leak_a_cached_body_outlives_the_permission() {
    let until = NOW.plus(Duration::from_secs(30));
    let grant = |patient, until| Grant {
        provider: "ana",
        patient,
        kinds: vec!["labs"],
        restricted: false,
        until,
        revoked: false,
    };
    let house = House::with(Vec::new(), vec![grant("lee", Some(until)), grant("lee", None)]).await;
    let ana = house.ana().await;
    let (labs, paths) =
        (LABS, ["/Observation/lee-lab1", "/Observation?patient=lee", "/Observation?_id=lee-lab1"]);
    let seen = async |is: bool, when: &str| {
        for path in paths {
            let answer = house.get(path, &ana).await;
            assert_eq!(answer.text().contains("lee-lab1~"), is, "{when}: {path} {}", answer.text());
        }
    };
    seen(true, "at first").await;
    let again = house.get(paths[0], &ana).await;
    assert_eq!(again.headers["cache-status"], "chartgate; hit; ttl=60", "it lies in the cache");
    house.node.revoke_grant(1).await;
    seen(true, "by the other grant").await;
    house.node.clock.advance(Duration::from_secs(31));
    seen(false, "after the day on which the other ends").await;
    // A label that the EHR put on counts as soon as the body is asked for again.
    let kim = format!("/Observation?patient=kim&category={labs}");
    assert!(house.get(&kim, &ana).await.text().contains("kim-lab1~"));
    house.revise("Observation/kim-lab1", |lab| {
        lab["meta"]["security"] =
            json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]);
    });
    house.node.clock.advance(Duration::from_secs(61));
    assert!(!house.get(&kim, &ana).await.text().contains("kim-lab1~"));
    assert_eq!(house.get("/Observation/kim-lab1", &ana).await.status, 404);
    // A suspended account, and a suspended app, at once.
    assert_eq!(house.get("/Observation/kim-lab2", &ana).await.status, 200);
    for name in ["ana", "app"] {
        house.node.suspend(name, true).await;
        assert_eq!(house.get("/Observation/kim-lab2", &ana).await.status, 401, "{name}");
        house.node.suspend(name, false).await;
        assert_eq!(house.get("/Observation/kim-lab2", &ana).await.status, 200, "{name}");
    }
}
