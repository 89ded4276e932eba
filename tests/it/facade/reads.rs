//! Reads by id, and what is readable only through something else.

use serde_json::json;

use super::world::{BASE, World, subject};

#[tokio::test]
async fn s30_a_provider_reads_the_patient_of_their_practice_and_no_other() {
    let world = World::new().await;
    let ana = world.ana();
    let answer = world.get("/Patient/seen", &ana).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["id"], "seen");
    assert_eq!(answer.header("content-type"), "application/fhir+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("cache-status"), "chartgate; fwd=uri-miss");
    assert!(!answer.header("age").is_empty() && !answer.header("x-request-id").is_empty());
    for beyond in ["/Patient/other", "/Observation/other-o1", "/Encounter/other-e1"] {
        assert_eq!(world.get(beyond, &ana).await.status, 404, "{beyond}");
    }
}

#[tokio::test]
async fn beyond_reach_and_not_there_are_one_answer_byte_for_byte() {
    let world = World::new().await;
    let ana = world.ana();
    let absent = world.get("/Observation/nowhere", &ana).await;
    assert_eq!(absent.status, 404);
    for beyond in [
        "/Observation/other-o1",
        "/Patient/other",
        "/Patient/nowhere",
        "/Binary/other-note",
        "/Binary/nowhere",
        "/Medication/other-drug",
        "/Medication/nowhere",
        "/Provenance/other-p1",
        "/Provenance/nowhere",
        "/Claim/1",
        "/Observation/not!an!id",
        "/Observation?_page=forged",
    ] {
        let answer = world.get(beyond, &ana).await;
        assert_eq!(answer.status, 404, "{beyond}");
        assert_eq!(answer.text(), absent.text(), "{beyond}");
        let names = |answer: &super::world::Answer| {
            let mut names: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "x-request-id")
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&answer), names(&absent), "{beyond}");
    }
}

#[tokio::test]
async fn d10_a_disclosure_and_the_true_reason_of_a_refusal_are_recorded_first() {
    let world = World::new().await;
    let ana = world.ana();
    let read = world.get("/Observation/seen-o1", &ana).await;
    let event = world.audit.last();
    assert_eq!(event.what, "Observation read");
    assert_eq!((event.patients[0].as_str(), event.resources), ("seen", 1));
    assert_eq!(event.reason.as_deref(), Some("pcp"));
    assert_eq!(event.request.unwrap().as_str(), read.header("x-request-id"));
    assert!(event.address.is_some());
    for (path, reason) in [
        ("/Patient/other", "no_relationship"),
        ("/Observation/other-o1", "no_relationship"),
        ("/Observation/nowhere", "not_found"),
        ("/Binary/other-note", "no_visible_referrer"),
    ] {
        world.get(path, &ana).await;
        assert_eq!(world.audit.last().reason.as_deref(), Some(reason), "{path}");
    }
    world.get("/Observation/other-o1", &ana).await;
    assert_eq!(
        world.audit.last().patients[0].as_str(),
        "other",
        "whose record it was, though the caller is not told"
    );
    world.audit.full.store(true, std::sync::atomic::Ordering::Relaxed);
    let answer = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("secret"), "what cannot be recorded is not disclosed");
}

#[tokio::test]
async fn a_category_scope_holds_for_reads_by_id() {
    let world = World::new().await;
    let labs = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let token = world.token(subject("ana", &format!("user/Observation.rs?category={labs}"), None));
    assert_eq!(world.get("/Observation/seen-o2", &token).await.status, 200);
    assert_eq!(world.get("/Observation/seen-o1", &token).await.status, 404, "a vital sign");
    assert_eq!(world.get("/Encounter/seen-e1", &token).await.status, 403, "the token alone says so");
}

#[tokio::test]
async fn row_136_a_patient_scope_is_about_the_launch_patient_alone() {
    let world = World::new().await;
    let token = world.token(subject("ana", "patient/*.rs", Some("seen")));
    assert_eq!(world.get("/Observation/seen-o1", &token).await.status, 200);
    assert_eq!(world.get("/Observation/other-o1", &token).await.status, 404);
    let stranger = world.token(subject("ana", "patient/*.rs", Some("other")));
    assert_eq!(world.get("/Observation/other-o1", &stranger).await.status, 404, "a launch is no permission");
}

#[tokio::test]
async fn a_note_is_readable_through_what_refers_to_it() {
    let world = World::new().await;
    let ana = world.ana();
    assert_eq!(
        world.get("/Binary/seen-note", &ana).await.status,
        404,
        "nothing has been seen to refer to it"
    );
    let reference = world.get("/DocumentReference/seen-d1", &ana).await;
    let report = world.get("/DiagnosticReport/seen-r1", &ana).await;
    let url = reference.json()["content"][0]["attachment"]["url"].clone();
    assert_eq!(
        url,
        report.json()["presentedForm"][0]["url"],
        "the same attachment has the same URL from both"
    );
    let path = url.as_str().unwrap().trim_start_matches(BASE).to_owned();
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let note = world.get(&path, &ana).await;
    assert_eq!((note.status.as_u16(), note.text().as_str()), (200, "<p>note of seen</p>"));
    assert_eq!(note.header("content-type"), "text/html");
    assert_eq!(note.header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(note.header("content-disposition"), "attachment; filename=\"seen-note.html\"");
    assert_eq!(note.header("x-content-type-options"), "nosniff");
    assert_eq!(world.audit.last().patients[0].as_str(), "seen");

    // Another reader gains nothing by what Ana saw.
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get(&path, &ben).await.status, 404);
    // Nor does a token that may not read documents.
    let narrow = world.token(subject("ana", "user/Binary.rs user/Observation.rs", None));
    assert_eq!(world.get(&path, &narrow).await.status, 404);
}

#[tokio::test]
async fn with_a_launch_patient_the_referrer_is_searched_for() {
    let world = World::new().await;
    let token = world.token(subject("ana", "patient/*.rs", Some("seen")));
    assert_eq!(world.get("/Binary/seen-note", &token).await.status, 200);
    assert_eq!(world.get("/Medication/seen-drug", &token).await.status, 200);
    assert_eq!(world.get("/Binary/other-note", &token).await.status, 404);
    assert_eq!(world.get("/Medication/other-drug", &token).await.status, 404);
}

#[tokio::test]
async fn a_provenance_is_readable_through_its_targets() {
    let world = World::new().await;
    let ana = world.ana();
    assert_eq!(world.get("/Provenance/seen-p1", &ana).await.status, 200);
    assert_eq!(world.get("/Provenance/other-p1", &ana).await.status, 404);
}

#[tokio::test]
async fn a_binary_comes_as_content_or_as_fhir() {
    let world = World::new().await;
    let token = world.token(subject("ana", "patient/*.rs", Some("seen")));
    let fhir = [("accept", "application/fhir+json")];
    let raw_as_fhir = world.call("GET", "/Binary/seen-note", Some(&token), &fhir).await;
    assert_eq!(
        raw_as_fhir.json(),
        json!({"resourceType": "Binary", "id": "seen-note", "contentType": "text/html", "data": "PHA+bm90ZSBvZiBzZWVuPC9wPg=="})
    );
    let etag = raw_as_fhir.header("etag").to_owned();
    let raw = [("accept", "*/*"), ("if-none-match", etag.as_str())];
    let content = world.call("GET", "/Binary/seen-note", Some(&token), &raw).await;
    assert_eq!(content.status, 200, "another representation than the one that the client has");
    assert_ne!(content.header("etag"), etag);
    let as_fhir = world.call("GET", "/Binary/seen-pdf", Some(&token), &fhir).await;
    assert_eq!(as_fhir.json()["data"], "JVBERi0x");
    for accept in ["*/*", "application/pdf", "text/html,*/*;q=0.8"] {
        let content = world.call("GET", "/Binary/seen-pdf", Some(&token), &[("accept", accept)]).await;
        assert_eq!((content.text().as_str(), content.header("content-type")), ("%PDF-1", "application/pdf"));
        assert_eq!(content.header("content-disposition"), "attachment; filename=\"seen-pdf.pdf\"");
    }
}

#[tokio::test]
async fn etags_spare_what_the_client_has() {
    let world = World::new().await;
    let ana = world.ana();
    let first = world.get("/Observation/seen-o1", &ana).await;
    let etag = first.header("etag").to_owned();
    assert!(!etag.is_empty());
    let again = world.call("GET", "/Observation/seen-o1", Some(&ana), &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    let beyond = world.call("GET", "/Observation/other-o1", Some(&ana), &[("if-none-match", &etag)]).await;
    assert_eq!(beyond.status, 404, "an ETag is no permission");
    let head = world.call("HEAD", "/Observation/seen-o1", Some(&ana), &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), first.body.len().to_string());
}
