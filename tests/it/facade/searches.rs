//! Searches against an EHR that ignores parameters: everyone's comes back, and nobody else's goes out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use chartgate::access::authorizer::PatientSought;
use chartgate::domain::audit::{AuditKind, AuditOutcome};
use chartgate::domain::ids::{FhirId, Mrn};
use chartgate::fhir::scope::ScopeSet;
use chartgate::records::Caller;
use http::Request;

use super::hospital::Knob;
use super::world::{BASE, World, subject};

#[tokio::test]
async fn an_ehr_that_returns_everyones_does_not_leak() {
    let world = World::new().await;
    let ana = world.ana();
    for path in [
        "/Observation?patient=seen",
        "/CareTeam?patient=seen",
        "/Condition?patient=seen",
        "/Encounter?patient=seen",
        "/Observation?_id=other-o1",
        "/Patient?name=fox",
        "/Encounter?_id=seen-e1,other-e1",
        "/Observation?patient=seen&_revinclude=Provenance:target",
        "/MedicationRequest?patient=seen&_include=MedicationRequest:medication",
        "/DiagnosticReport?patient=seen&_include=DiagnosticReport:result",
    ] {
        let answer = world.get(path, &ana).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!answer.ids().is_empty(), "{path}");
        assert!(answer.ids().iter().all(|id| !id.contains("other")), "{path}: {:?}", answer.ids());
        assert!(!answer.text().contains("of other"), "{path}: {}", answer.text());
        assert!(!answer.text().contains("127.0.0.1"), "{path}: the EHR's address shows");
        assert_eq!(
            answer.json()["total"],
            answer.json()["entry"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|e| e["search"]["mode"] == "match")
                .count(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_search_for_a_patient_beyond_reach_finds_nothing() {
    let world = World::new().await;
    let ana = world.ana();
    let beyond = world.get("/Observation?patient=other", &ana).await;
    let absent = world.get("/Observation?patient=nowhere", &ana).await;
    assert_eq!((beyond.status, beyond.text()), (absent.status, absent.text()));
    assert!(!beyond.text().contains("other-o"));
    assert_eq!(world.audit.last().outcome, AuditOutcome::Refused);
    assert!(
        !world.hospital.asked().iter().any(|url| url.contains("patient=other")),
        "the EHR was not even asked"
    );
}

#[tokio::test]
async fn get_and_post_agree() {
    let world = World::new().await;
    let ana = world.ana();
    let post = |path: &str, form: &'static str, media_type: &'static str| {
        Request::post(format!("/fhir/r4{path}"))
            .header("authorization", format!("Bearer {ana}"))
            .header("content-type", media_type)
            .body(Body::from(form))
            .unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    let by_get = world.get("/Observation?patient=seen&code=a,b", &ana).await;
    for (path, body) in [
        ("/Observation/_search", "code=b,a&patient=Patient/seen"),
        ("/Observation/_search?patient=seen", "code=a,b"),
        ("/Observation/_search?patient=seen&code=a,b", ""),
    ] {
        let by_post = world.send(post(path, body, form)).await;
        assert_eq!(by_post.status, 200, "{path} {}", by_post.text());
        assert_eq!(by_post.text(), by_get.text(), "{path}");
    }
    let asked = world.hospital.asked();
    assert!(asked.iter().all(|url| url == &asked[0]), "{asked:?}");
    assert_eq!(world.send(post("/Observation/_search", "{}", "application/json")).await.status, 415);
    let long: &'static str = "x".repeat(20_000).leak();
    assert_eq!(world.send(post("/Observation/_search", long, form)).await.status, 413);
}

#[tokio::test]
async fn pages_are_sealed_for_one_subject_and_expire() {
    let world = World::new().await;
    world.hospital.page.store(5, Ordering::Relaxed);
    let ana = world.ana();
    let mut answer = world.get("/Observation?patient=seen&_sort=date&_count=3", &ana).await;
    assert!(answer.json().get("total").is_none(), "a total would count one page");
    let first_next = answer.link("next").expect("a further page");
    let mut ids = answer.ids();
    let mut pages = 1;
    while let Some(next) = answer.link("next") {
        assert!(!next.contains("_offset"), "the EHR's link shows");
        answer = world.get(&next, &ana).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.text().contains("secret of other"));
        ids.extend(answer.ids());
        pages += 1;
    }
    assert_eq!((ids.len(), pages), (7, 3), "all of the patient's, over all the EHR's pages");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7, "each once");
    assert_eq!(world.audit.last().what, "Observation page");

    let other_app = chartgate::access::subject::Subject {
        client: chartgate::domain::ids::ClientId::parse("another").ok(),
        ..subject("ana", "user/*.rs", None)
    };
    let other_app = world.token(other_app);
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get(&first_next, &other_app).await.status, 404, "bound to the client");
    assert_eq!(world.get(&first_next, &ben).await.status, 404, "bound to the person");
    let narrowed = world.token(subject("ana", "user/Encounter.rs", None));
    assert_eq!(world.get(&first_next, &narrowed).await.status, 403, "judged again");
    assert_eq!(world.get(&first_next.replace("/Observation", "/Condition"), &ana).await.status, 404);
    world.clock.advance(Duration::from_mins(61));
    let late = world.get(&first_next, &ana).await;
    assert_eq!((late.status.as_u16(), late.json()["issue"][0]["code"].as_str().unwrap()), (410, "expired"));
}

#[tokio::test]
async fn totals_count_what_is_released() {
    let world = World::new().await;
    let ana = world.ana();
    assert_eq!(world.get("/Observation?patient=seen", &ana).await.json()["total"], 7);
    assert!(world.get("/Observation?patient=seen&_total=none", &ana).await.json().get("total").is_none());
    world.hospital.page.store(3, Ordering::Relaxed);
    for path in ["/Observation?patient=seen&_summary=count", "/Observation?patient=seen&_count=0"] {
        let count = world.get(path, &ana).await;
        assert_eq!((count.json()["total"].clone(), count.ids().len()), (7.into(), 0), "{}", count.text());
        assert_eq!(world.audit.last().resources, 0);
    }
    let accurate = world.get("/Observation?patient=seen&_total=accurate&_count=2", &ana).await;
    assert_eq!((accurate.json()["total"].clone(), accurate.ids().len()), (7.into(), 2));
    assert!(accurate.link("next").is_some());
    assert_eq!(accurate.link("self").unwrap(), "/Observation?_count=2&patient=seen&_total=accurate");
    world.hospital.page.store(1, Ordering::Relaxed);
    assert_eq!(world.get("/Observation?patient=seen&_summary=count", &ana).await.json()["total"], 7);
    let costly = world.get("/Observation?_id=seen-o1,seen-o2&_summary=count", &ana).await;
    assert_eq!(
        (costly.status.as_u16(), costly.json()["issue"][0]["code"].as_str()),
        (422, Some("too-costly"))
    );
    world.hospital.page.store(3, Ordering::Relaxed);
    let everybody = world.get("/Patient?name=fox&_summary=count", &ana).await;
    assert_eq!(everybody.json()["total"], 1, "the other Fox is not counted");
}

#[tokio::test]
async fn directories_are_open_and_staff_and_guardians_have_none() {
    let world = World::new().await;
    let ben = world.token(subject("ben", "user/*.rs", None));
    let answer = world.get("/Practitioner?identifier=1234567893", &ben).await;
    assert_eq!(answer.ids(), ["dr-ana"]);
    let gus = world.token(subject("gus", "user/*.rs", None));
    for path in ["/Practitioner?name=a", "/Observation?patient=seen", "/Patient/seen", "/Patient?name=fox"] {
        let answer = world.get(path, &gus).await;
        assert!(answer.status == 404 && !answer.text().contains("seen"), "{path}");
    }
}

#[tokio::test]
async fn row_198_fhir_user_is_readable_with_the_same_token_and_nothing_else_is() {
    let world = World::new().await;
    let practitioner = |id: &str, npi: &str| {
        serde_json::json!({"resourceType": "Practitioner", "id": id,
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]})
    };
    world.hospital.resources.lock().push(practitioner("dr-other", "1245319599"));
    let ana = world.token(subject("ana", "openid fhirUser", None));
    let own = world.get("/Practitioner/dr-ana", &ana).await;
    assert_eq!((own.status.as_u16(), own.json()["id"].as_str()), (200, Some("dr-ana")));
    let missing = world.get("/Practitioner/nobody", &ana).await;
    let other = world.get("/Practitioner/dr-other", &ana).await;
    assert_eq!((missing.status.as_u16(), other.status.as_u16()), (403, 403), "there or not, refused alike");
    for path in ["/Practitioner?_id=dr-ana", "/Patient/seen", "/Observation/seen-o1", "/Binary/seen-note"] {
        let answer = world.get(path, &ana).await;
        assert!(answer.status.as_u16() >= 403 && !answer.text().contains("secret"), "{path}");
    }
    let without = world.token(subject("ana", "openid patient/Patient.rs", Some("seen")));
    assert_eq!(
        world.get("/Practitioner/dr-ana", &without).await.status.as_u16(),
        403,
        "no fhirUser, no door"
    );
    for someone in ["ben", "gus"] {
        let token = world.token(subject(someone, "openid fhirUser", None));
        assert_eq!(world.get("/Practitioner/dr-ana", &token).await.status.as_u16(), 403, "{someone}");
    }
}

#[tokio::test]
async fn what_a_search_lacks_is_said_in_plain_words() {
    let world = World::new().await;
    let ana = world.ana();
    for (path, code, words) in [
        ("/Observation?patient=seen&colour=1", "not-supported", "\"colour\""),
        ("/Observation?code=1", "required", "patient, or _id, or encounter"),
        ("/Observation?patient=seen&date=soon", "value", "\"date\" needs a date"),
        ("/Binary?_id=1", "not-supported", "cannot be searched"),
        ("/Observation?patient=seen&access_token=x", "not-supported", "\"access_token\""),
    ] {
        let answer = world.get(path, &ana).await;
        assert_eq!(answer.status, 400, "{path}");
        let issue = answer.json()["issue"][0].clone();
        assert_eq!(issue["code"], code, "{path}");
        assert!(issue["details"]["text"].as_str().unwrap().contains(words), "{issue}");
        assert!(issue["diagnostics"].as_str().unwrap().contains(answer.header("x-request-id")));
    }
    assert!(world.hospital.asked().is_empty());
}

#[tokio::test]
async fn a_next_link_that_leads_away_is_not_followed() {
    let world = World::new().await;
    let ana = world.ana();
    world.hospital.set(Knob::Body(
        r#"{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"https://evil.example/x"}],"entry":[]}"#.into(),
    ));
    let answer = world.get("/Observation?patient=seen", &ana).await;
    assert_eq!(answer.status, 502);
    assert!(!answer.text().contains("evil"));
}

fn portal(account: &str) -> Caller {
    let subject = chartgate::access::subject::Subject { client: None, ..subject(account, "user/*.rs", None) };
    assert!(!subject.scopes.is_empty() && *subject.scopes == ScopeSet::parse("user/*.rs"));
    Caller { subject: subject.into(), request: None, address: None }
}

#[tokio::test]
async fn s31_the_portal_finds_by_exact_match_and_says_not_authorized() {
    let world = World::new().await;
    let mrn = |value: &str| PatientSought::Mrn {
        system: Some("urn:mrn".into()),
        value: Mrn::parse(value).unwrap(),
    };
    let found = world.records.find_patient(&portal("ana"), mrn("MRN-seen")).await.unwrap();
    assert_eq!((found.reachable.len(), found.not_authorized.len()), (1, 0));
    assert_eq!(found.reachable[0].patients()[0].as_str(), "seen");
    assert_eq!(world.audit.last().kind, AuditKind::PatientSearch);

    let refused = world.records.find_patient(&portal("ana"), mrn("MRN-other")).await.unwrap();
    assert_eq!((refused.reachable.len(), refused.not_authorized.len()), (0, 1));
    let event = world.audit.last();
    assert_eq!((event.outcome, event.patients[0].as_str()), (AuditOutcome::Refused, "other"));

    let nobody = world.records.find_patient(&portal("ana"), mrn("MRN-none")).await.unwrap();
    assert_eq!((nobody.reachable.len(), nobody.not_authorized.len()), (0, 0));
    let person =
        PatientSought::Person { family: " fox".into(), given: "MIA".into(), birth_date: "2020-02-02".into() };
    let both = world.records.find_patient(&portal("ana"), person).await.unwrap();
    assert_eq!((both.reachable.len(), both.not_authorized.len()), (1, 1));
    // A SMART app has no such search.
    let app = Caller { subject: subject("ana", "user/*.rs", None).into(), request: None, address: None };
    assert!(world.records.find_patient(&app, mrn("MRN-other")).await.is_err());
}

#[tokio::test]
async fn s61_saved_patients_are_offered_while_within_reach() {
    let world = World::new().await;
    let saved = ["seen", "other", "nowhere"].map(|id| FhirId::parse(id).unwrap());
    let reachable = world.records.reachable(&portal("ana"), &saved).await.unwrap();
    assert_eq!(reachable, [FhirId::parse("seen").unwrap()]);
    assert!(BASE.starts_with("https://"));
}
