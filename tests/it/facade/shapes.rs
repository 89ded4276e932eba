//! How much of a resource comes back, and whether it has to come again: `_elements`, `_summary`, `_pretty`, conditional reads; and
//! where a search goes that names nobody.

use super::hospital::Hospital;
use super::world::{World, subject};

#[tokio::test]
async fn a_part_of_a_resource_is_cut_from_what_may_be_seen() {
    let world = World::new().await;
    let ana = world.ana();
    let whole = world.get("/Observation/seen-o1", &ana).await;
    assert!(whole.text().contains("secret of seen"));
    let part = world.get("/Observation/seen-o1?_elements=category", &ana).await;
    assert_eq!(part.status, 200, "{}", part.text());
    let json = part.json();
    assert_eq!(json["meta"]["tag"][0]["code"], "SUBSETTED");
    assert_eq!((json["id"].as_str(), json["status"].as_str()), (Some("seen-o1"), Some("final")));
    assert!(
        json["category"].is_array() && json.get("valueString").is_none() && json.get("subject").is_none()
    );
    assert_ne!(part.header("etag"), whole.header("etag"), "another representation");
    // The EHR was asked for whole resources, by which the policy judges.
    assert!(!world.hospital.asked().iter().any(|url| url.contains("_elements") || url.contains("_summary")));
    for part in ["_elements=status", "_summary=true", "_summary=text", "_summary=data"] {
        let answer = world.get(&format!("/Observation?patient=seen&_count=2&{part}"), &ana).await;
        assert_eq!(answer.ids(), ["seen-o1", "seen-o2"], "{part}");
        assert!(
            answer.json()["entry"]
                .as_array()
                .unwrap()
                .iter()
                .all(|e| e["resource"]["meta"]["tag"].is_array())
        );
        assert!(answer.link("self").unwrap().ends_with(&format!("&{part}")), "{part}");
        let next = answer.link("next").unwrap();
        let further = world.get(&next, &ana).await;
        assert_eq!(further.ids(), ["seen-o3", "seen-o4"], "{part}");
        assert!(further.text().contains("SUBSETTED"), "the further pages are cut as the first: {part}");
        assert_eq!(world.get(&format!("/Observation/other-o1?{part}"), &ana).await.status, 404);
    }
    for bad in [
        "_elements=",
        "_elements=a.b",
        "_summary=count",
        "_summary=most",
        "_pretty=1",
        "_elements=id&_summary=true",
    ] {
        let answer = world.get(&format!("/Observation/seen-o1?{bad}"), &ana).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["issue"][0]["code"].as_str()),
            (400, Some("value")),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn pretty_is_the_same_in_more_lines() {
    let world = World::new().await;
    let ana = world.ana();
    let plain = world.get("/Observation?patient=seen&_total=none", &ana).await;
    let pretty = world.get("/Observation?patient=seen&_total=none&_pretty=true", &ana).await;
    assert_eq!(pretty.json(), plain.json());
    assert!(pretty.text().lines().count() > 50);
}

#[tokio::test]
async fn what_the_client_has_does_not_come_again() {
    let world = World::cached().await;
    let ana = world.ana();
    let first = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!(first.header("last-modified"), "Thu, 01 Jan 2026 00:00:00 GMT");
    let ask = async |path: &str, name: &str, value: &str| {
        world.call("GET", path, Some(&ana), &[(name, value)]).await.status.as_u16()
    };
    let path = "/Observation/seen-o1";
    assert_eq!(ask(path, "if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT").await, 304);
    assert_eq!(ask(path, "if-modified-since", "Fri, 02 Jan 2026 00:00:00 GMT").await, 304);
    assert_eq!(ask(path, "if-modified-since", "Wed, 31 Dec 2025 23:59:59 GMT").await, 200);
    assert_eq!(ask(path, "if-modified-since", "yesterday").await, 200);
    let both = [("if-none-match", "\"another\""), ("if-modified-since", "Fri, 02 Jan 2026 00:00:00 GMT")];
    assert_eq!(world.call("GET", path, Some(&ana), &both).await.status, 200, "a tag counts more than a date");
    // A date is no permission, and a searchset has neither.
    assert_eq!(ask("/Observation/other-o1", "if-modified-since", "Fri, 02 Jan 2026 00:00:00 GMT").await, 404);
    let search = world.call("GET", "/Observation?patient=seen", Some(&ana), &both[1..]).await;
    assert_eq!(
        (search.status.as_u16(), search.header("last-modified"), search.header("etag")),
        (200, "", "")
    );
}

#[tokio::test]
async fn a_reader_of_one_patient_has_the_ehr_asked_for_that_one_alone() {
    let world = World::new().await;
    let launched = world.token(subject("ana", "patient/*.rs", Some("seen")));
    let answer = world.get("/Observation?code=1", &launched).await;
    assert_eq!(answer.ids().len(), 7, "{}", answer.text());
    assert_eq!(world.get("/Patient?name=fox", &launched).await.ids(), ["seen"]);
    let asked = world.hospital.asked();
    assert_eq!(
        asked,
        ["/fhir/Observation?_count=50&code=1&patient=seen", "/fhir/Patient?_count=50&_id=seen&name=fox"]
    );
    // With a scope on others too, a search names somebody, and is not narrowed.
    let wider = world.token(subject("ana", "patient/Observation.rs user/*.rs", Some("seen")));
    assert_eq!(world.get("/Observation?code=1", &wider).await.status, 400);
    assert_eq!(world.get("/Patient?name=fox", &wider).await.ids(), ["seen"]);
    assert_eq!(world.hospital.asked().last().unwrap(), "/fhir/Patient?_count=50&name=fox");
}

/// A second node over the same hospital, which has seen nothing yet.
async fn beside(hospital: &std::sync::Arc<Hospital>) -> World {
    World::beside(hospital).await
}

#[tokio::test]
async fn a_node_that_has_seen_nothing_opens_what_another_one_showed() {
    let world = World::new().await;
    let ana = world.ana();
    let note = world.get("/DocumentReference/seen-d1", &ana).await.json();
    let report = world.get("/DiagnosticReport?patient=seen", &ana).await.json();
    let url = note["content"][0]["attachment"]["url"].as_str().unwrap();
    assert_eq!(url, report["entry"][0]["resource"]["presentedForm"][0]["url"], "one URL from both");
    assert_eq!(url, "https://gate.example/fhir/r4/Binary/seen-note?patient=seen");
    let path = url.strip_prefix(super::world::BASE).unwrap();

    let cold = beside(&world.hospital).await;
    let ana = cold.ana();
    let content = cold.get(path, &ana).await;
    assert_eq!((content.status.as_u16(), content.text().as_str()), (200, "<p>note of seen</p>"));
    // Where to look is no permission: whatever patient is named, it is the document that opens the content.
    let absent = cold.get("/Binary/nowhere", &ana).await;
    for path in [
        "/Binary/other-note?patient=other",
        "/Binary/other-note?patient=seen",
        "/Binary/other-note?patient=nowhere",
        "/Binary/nowhere?patient=seen",
        "/Binary/other-note?patient=!",
    ] {
        let answer = cold.get(path, &ana).await;
        assert_eq!((answer.status, answer.text()), (absent.status, absent.text()), "{path}");
    }
    assert!(!cold.hospital.asked().iter().any(|url| url.contains("patient=other")), "not even asked");
    let ben = cold.token(subject("ben", "user/*.rs", None));
    assert_eq!(cold.get(path, &ben).await.status, 404);
    let narrow = cold.token(subject("ana", "user/Binary.rs user/DocumentReference.r", None));
    assert_eq!(beside(&world.hospital).await.get(path, &narrow).await.status, 401, "tokens are of their own");
    assert_eq!(cold.get(path, &narrow).await.status, 200, "what was seen by then may be read again");

    // A Medication is found by what prescribes it.
    let cold = beside(&world.hospital).await;
    let ana = cold.ana();
    assert_eq!(cold.get("/Medication/seen-drug", &ana).await.status, 200);
    let cold = beside(&world.hospital).await;
    let ana = cold.ana();
    assert_eq!(cold.get("/Medication/other-drug", &ana).await.status, 404);
}
