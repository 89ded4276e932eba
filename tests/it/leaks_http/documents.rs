//! Notes and what they are made of.

use serde_json::json;

use crate::oracle_server::judge::Grant;

use super::House;

#[tokio::test]
async fn leak_binary_ignores_the_criteria() {
    // Ben has a grant for kim's results, and none for notes.
    let grant = Grant {
        provider: "ben",
        patient: "kim",
        kinds: vec!["labs", "visits"],
        restricted: true,
        until: None,
        revoked: false,
    };
    // A note of lee's points at the content of one of kim's.
    let lure = json!({"resourceType": "DocumentReference", "id": "lee-lure", "status": "current", "subject": {"reference": "Patient/lee"},
        "content": [{"attachment": {"url": "Binary/kim-other"}}]});
    let other =
        json!({"resourceType": "Binary", "id": "kim-other", "contentType": "text/plain", "x-raw": ""});
    let house = House::with(vec![lure, other], vec![grant]).await;
    let ana = house.ana().await;
    let note = house.get("/Binary/kim-note?patient=kim", &ana).await;
    assert_eq!((note.status.as_u16(), note.text()), (200, "~Binary/kim-note~1~".to_owned()));
    for _ in 0..2 {
        for near in ["", "?patient=kim", "?patient=lee"] {
            // Restricted by its note; another patient's; nobody's.
            for id in ["kim-secret", "lee-note", "lee-secret", "kim-other", "nothing"] {
                let path = format!("/Binary/{id}{near}");
                let answer = house.get(&path, &ana).await;
                house.is_not_there(&answer, &path).await;
            }
            let ben = house.token("ben", &["user/*.rs"], None).await;
            for id in ["kim-note", "kim-secret"] {
                let path = format!("/Binary/{id}{near}");
                let answer = house.get(&path, &ben).await;
                house.is_not_there(&answer, &path).await;
            }
        }
    }
    // A scope on Binary in the context of another patient, without notes, or without any scope on what refers to it.
    for (scopes, launch) in [
        (vec!["user/DocumentReference.rs", "patient/Binary.rs"], Some("lee")),
        (vec!["user/Binary.rs"], None),
        (vec!["user/Binary.rs", "user/DocumentReference.rs?category=discharge"], None),
        (vec!["user/Binary.rs?category=note", "user/DocumentReference.rs"], None),
    ] {
        let token = house.token("ana", &scopes, launch).await;
        let answer = house.get("/Binary/kim-note?patient=kim", &token).await;
        house.is_not_there(&answer, &scopes.join(" ")).await;
    }
    // As FHIR, with a range, in a batch.
    let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Binary/kim-secret?patient=kim"}}]});
    let bearer = format!("Bearer {ana}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/fhir+json")];
    let answer = house.node.send("POST", "/fhir/r4/", &headers, Some(&batch.to_string())).await;
    assert_eq!(answer.json()["entry"][0]["response"]["status"], "404");
    for more in [("accept", "application/fhir+json"), ("range", "bytes=0-3"), ("if-none-match", "*")] {
        let answer =
            house.node.send("GET", "/fhir/r4/Binary/kim-secret?patient=kim", &[headers[0], more], None).await;
        assert_eq!(answer.status, 404, "{more:?}");
    }
}
