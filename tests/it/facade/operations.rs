//! Versions and histories, `$everything`, `$docref`, and batches: each entry, page and version judged as a request of its own.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::world::{Answer, BASE, World, subject};

fn change(world: &World, id: &str, change: impl FnOnce(&mut Value)) {
    let mut resources = world.hospital.resources.lock();
    change(resources.iter_mut().find(|resource| resource["id"] == id).unwrap());
}

/// Observation `seen-o1` in its third version; in its first it was restricted, in its second another patient's.
fn with_history(world: &World) {
    let restricted = json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]);
    change(world, "seen-o1", |now| now["meta"] = json!({"versionId": "4"}));
    let version = |number: &str, patient: &str, security: Value| {
        json!({"resourceType": "Observation", "id": "seen-o1", "meta": {"versionId": number, "security": security},
            "subject": {"reference": format!("Patient/{patient}")}, "valueString": format!("version {number}")})
    };
    world.hospital.earlier.lock().extend([
        version("3", "seen", json!([])),
        version("2", "other", json!([])),
        version("1", "seen", restricted),
    ]);
}

#[tokio::test]
async fn a_long_history_comes_in_pages_and_from_a_moment_on() {
    let world = World::new().await;
    let meta =
        |n: usize| json!({"versionId": n.to_string(), "lastUpdated": format!("2026-05-0{n}T10:00:00Z")});
    change(&world, "seen-o1", |now| now["meta"] = meta(7));
    let earlier = (1..7).rev().map(|n| {
        // The fifth was another patient's for a while.
        let patient = if n == 5 { "other" } else { "seen" };
        json!({"resourceType": "Observation", "id": "seen-o1", "meta": meta(n),
            "subject": {"reference": format!("Patient/{patient}")}})
    });
    world.hospital.earlier.lock().extend(earlier);
    let ana = world.ana();
    let versions = |answer: &Answer| -> Vec<String> {
        let bundle = answer.json();
        let entries = bundle["entry"].as_array().unwrap().clone();
        entries.iter().map(|e| e["resource"]["meta"]["versionId"].as_str().unwrap().to_owned()).collect()
    };
    let path = "/Observation/seen-o1/_history";
    let whole = world.get(path, &ana).await;
    assert_eq!((versions(&whole).join(""), whole.json()["total"].as_u64()), ("764321".to_owned(), Some(6)));
    let (mut next, mut pages) = (Some(format!("{path}?_count=2")), Vec::new());
    while let Some(at) = next {
        let page = world.get(&at, &ana).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.json()["total"].is_null(), "the number of all would tell of what is withheld");
        pages.push(versions(&page).join(""));
        next = page.link("next");
    }
    assert_eq!(pages, ["76", "43", "21"]);
    let since = world.get(&format!("{path}?_since=2026-05-04T10:00:00Z"), &ana).await;
    assert_eq!(versions(&since), ["7", "6", "4"]);
    let both = world.get(&format!("{path}?_since=2026-05-03T12:00:00%2B02:00&_count=2"), &ana).await;
    assert_eq!(versions(&both), ["7", "6"]);
    let next = both.link("next").unwrap();
    let rest = world.get(&next, &ana).await;
    assert_eq!((versions(&rest).join(""), rest.link("next")), ("43".to_owned(), None));
    // A handle is of one reader and one resource, and no page of a search or of a whole record.
    let handle = next.split_once("?_page=").unwrap().1.to_owned();
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get(&next, &ben).await.status, 404);
    for other in ["/Observation/seen-o2/_history", "/Observation", "/Patient/seen/$everything"] {
        assert_eq!(world.get(&format!("{other}?_page={handle}"), &ana).await.status, 404, "{other}");
    }
    for wrong in ["_since=2026", "_since=yesterday", "_count=x", "_at=2026", "_count=2&_count=3"] {
        assert_eq!(world.get(&format!("{path}?{wrong}"), &ana).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn references_that_nobody_can_follow_are_marked() {
    let world = World::new().await;
    change(&world, "seen-o1", |now| {
        now["encounter"] =
            json!({"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "display": "Visit"});
        now["basedOn"] = json!([{"reference": "https://lab.example/fhir/ServiceRequest/7"}]);
    });
    let ana = world.ana();
    let read = world.get("/Observation/seen-o1", &ana).await.json();
    let bundle = world.get("/Observation?patient=seen", &ana).await.json();
    let entries = bundle["entry"].as_array().unwrap();
    let found = entries.iter().find(|entry| entry["resource"]["id"] == "seen-o1").unwrap();
    for shown in [&read, &found["resource"]] {
        let visit = &shown["encounter"];
        assert_eq!((&visit["reference"], &visit["display"]), (&Value::Null, &json!("Visit")));
        assert_eq!(visit["_reference"]["extension"][0]["valueCode"], "unknown");
        assert_eq!(shown["basedOn"][0]["reference"], "https://lab.example/fhir/ServiceRequest/7");
    }
}

#[tokio::test]
async fn a_version_is_judged_by_itself_and_by_what_it_has_become() {
    let world = World::new().await;
    with_history(&world);
    let ana = world.ana();
    let history = world.get("/Observation/seen-o1/_history", &ana).await;
    assert_eq!(history.status, 200, "{}", history.text());
    let json = history.json();
    assert_eq!((json["type"].as_str(), json["total"].as_u64()), (Some("history"), Some(2)));
    let versions: Vec<_> =
        json["entry"].as_array().unwrap().iter().map(|e| &e["resource"]["meta"]["versionId"]).collect();
    assert_eq!(versions, ["4", "3"], "neither what was restricted nor what was another patient's");
    assert_eq!(json["entry"][1]["response"]["etag"], "W/\"3\"");
    assert_eq!(json["link"][0]["url"], format!("{BASE}/Observation/seen-o1/_history"));
    assert!(!history.text().contains("127.0.0.1"));
    let third = world.get("/Observation/seen-o1/_history/3", &ana).await;
    assert_eq!((third.status.as_u16(), third.header("etag")), (200, "W/\"3\""));
    assert_eq!(world.audit.last().what, "Observation vread");
    let absent = world.get("/Observation/nowhere", &ana).await;
    for path in [
        "/Observation/seen-o1/_history/2",
        "/Observation/seen-o1/_history/1",
        "/Observation/seen-o1/_history/9",
        "/Observation/other-o1/_history/1",
        "/Observation/other-o1/_history",
        "/Observation/nowhere/_history",
    ] {
        let answer = world.get(path, &ana).await;
        assert_eq!((answer.status, answer.text()), (absent.status, absent.text()), "{path}");
    }
    // Once the resource itself is closed, its past is.
    let restricted = json!([{"code": "R"}]);
    change(&world, "seen-o1", |now| now["meta"]["security"] = restricted);
    for path in ["/Observation/seen-o1/_history", "/Observation/seen-o1/_history/3"] {
        assert_eq!(world.get(path, &ana).await.status, 404, "{path}");
    }
    world.hospital.resources.lock().retain(|resource| resource["id"] != "seen-o1");
    assert_eq!(world.get("/Observation/seen-o1/_history/3", &ana).await.status, 404, "deleted");
    let search_only = world.token(subject("ana", "user/Observation.s", None));
    assert_eq!(world.get("/Observation/seen-o2/_history", &search_only).await.status, 403);
    assert_eq!(world.get("/Observation/seen-o2/_history?_since=2020", &ana).await.status, 400);
    for path in
        ["/Binary/seen-note/_history", "/Medication/seen-drug/_history/1", "/Provenance/seen-p1/_history"]
    {
        let answer = world.get(path, &ana).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["issue"][0]["code"].as_str()),
            (404, Some("not-supported"))
        );
    }
}

/// The resources on all pages.
async fn whole(world: &World, token: &str, path: &str) -> (Vec<String>, usize) {
    let (mut names, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(path) = next {
        let answer = world.get(&path, token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!answer.ids().is_empty(), "no page is empty");
        for entry in answer.json()["entry"].as_array().unwrap() {
            let resource = &entry["resource"];
            names.push(format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap()
            ));
        }
        next = answer.link("next");
        pages += 1;
    }
    names.sort();
    (names, pages)
}

#[tokio::test]
async fn everything_is_what_the_searches_show_and_no_more() {
    let world = World::new().await;
    let ana = world.ana();
    let (names, _) = whole(&world, &ana, "/Patient/seen/$everything").await;
    let mut expected: Vec<String> = (1..=7).map(|number| format!("Observation/seen-o{number}")).collect();
    expected.extend(
        [
            "CareTeam/seen-t1",
            "Condition/seen-c1",
            "DiagnosticReport/seen-r1",
            "DocumentReference/seen-d1",
            "DocumentReference/seen-d2",
            "Encounter/seen-e1",
            "MedicationRequest/seen-m1",
            "Patient/seen",
        ]
        .map(str::to_owned),
    );
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!(world.audit.last().what, "Patient everything");
    let (small, pages) =
        whole(&world, &ana, "/Patient/seen/$everything?_count=2&_type=Observation,Condition").await;
    assert_eq!((small.len(), pages), (9, 6), "{small:?}");
    let labs = "user/Patient.rs user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let narrow = world.token(subject("ana", labs, None));
    let (names, _) = whole(&world, &narrow, "/Patient/seen/$everything").await;
    assert_eq!(names.len(), 7, "the patient and six laboratory results: {names:?}");
    let dated = "/Patient/seen/$everything?start=2020-01-01&end=2021&_since=2020-01-01T00:00:00Z";
    whole(&world, &ana, dated).await;
    assert!(world.hospital.asked().iter().any(|url| {
        url.contains("/Observation?")
            && url.contains("date=ge2020-01-01&date=le2021")
            && url.contains("_lastUpdated=ge2020-01-01T00:00:00Z")
    }));
    for (path, status) in [
        ("/Patient/other/$everything", 404),
        ("/Patient/nowhere/$everything", 404),
        ("/Observation/seen-o1/$everything", 404),
        ("/Patient/seen/$everything?start=soon", 400),
        ("/Patient/seen/$everything?_type=Claim", 400),
        ("/Patient/seen/$everything?colour=1", 400),
        ("/Patient/seen/$everything?_page=forged", 404),
    ] {
        assert_eq!(world.get(path, &ana).await.status, status, "{path}");
    }
    // A handle is of one person, one patient and one kind of page.
    let next = world.get("/Patient/seen/$everything", &ana).await.link("next").unwrap();
    let handle = next.split_once("_page=").unwrap().1;
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get(&next, &ben).await.status, 404);
    for path in ["/Patient/other/$everything?_page=", "/Patient?_page="] {
        assert_eq!(world.get(&format!("{path}{handle}"), &ana).await.status, 404, "{path}");
    }
    let scoped = world.token(subject("ana", "user/Observation.rs", None));
    assert_eq!(world.get("/Patient/seen/$everything", &scoped).await.status, 403);
}

#[tokio::test]
async fn docref_finds_documents_by_what_they_are() {
    let world = World::new().await;
    let ana = world.ana();
    let answer = world.get("/DocumentReference/$docref?patient=seen&type=x&start=2020-01-01", &ana).await;
    assert_eq!(answer.ids(), ["seen-d1", "seen-d2"], "{}", answer.text());
    let asked = world.hospital.asked().last().unwrap().clone();
    assert_eq!(
        asked,
        "/fhir/DocumentReference?_count=50&patient=seen&period=ge2020-01-01&status=current&type=x"
    );
    let post = |media_type: &str, body: String| {
        Request::post("/fhir/r4/DocumentReference/$docref")
            .header("authorization", format!("Bearer {ana}"))
            .header("content-type", media_type)
            .body(Body::from(body))
            .unwrap()
    };
    let parameters = json!({"resourceType": "Parameters", "parameter": [{"name": "patient", "valueId": "seen"},
        {"name": "type", "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "1"}, {"code": "2"}]}},
        {"name": "on-demand", "valueBoolean": false}]});
    let posted = world.send(post("application/fhir+json", parameters.to_string())).await;
    assert_eq!(posted.ids(), ["seen-d1", "seen-d2"], "{}", posted.text());
    assert!(world.hospital.asked().last().unwrap().ends_with("&type=2,http://loinc.org%7C1"));
    let form = world.send(post("application/x-www-form-urlencoded", "patient=seen".into())).await;
    assert_eq!(form.status, 200);
    assert!(world.hospital.asked().last().unwrap().ends_with("type=http://loinc.org%7C34133-9"));
    for (query, status) in [
        ("patient=other", 404),
        ("type=x", 400),
        ("patient=seen&on-demand=true", 422),
        ("patient=seen&profile=x", 400),
    ] {
        assert_eq!(
            world.get(&format!("/DocumentReference/$docref?{query}"), &ana).await.status,
            status,
            "{query}"
        );
    }
    assert_eq!(world.send(post("application/fhir+json", "{}".into())).await.status, 400);
}

async fn batch(world: &World, token: Option<&str>, bundle: &Value) -> Answer {
    let mut request = Request::post("/fhir/r4").header("content-type", "application/fhir+json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    world.send(request.body(Body::from(bundle.to_string())).unwrap()).await
}

fn reads(urls: &[&str]) -> Value {
    let entries: Vec<_> = urls.iter().map(|url| json!({"request": {"method": "GET", "url": url}})).collect();
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

#[tokio::test]
async fn row_130_each_entry_of_a_batch_is_a_request_of_its_own() {
    let world = World::new().await;
    let ana = world.ana();
    let urls = [
        "Observation/seen-o1",
        "Observation/other-o1",
        "Observation/nowhere",
        "Observation?patient=seen&_count=2",
        "https://gate.example/fhir/r4/Patient/seen",
        "DocumentReference/seen-d1",
        "Binary/seen-pdf?patient=seen",
        "Observation?colour=1&patient=seen",
        "Observation/seen-o1/_history/9",
        "Patient/seen/$everything?_type=Condition",
        "metadata/x/y/z",
        "https://elsewhere.example/fhir/r4/Patient/seen",
    ];
    let answer = batch(&world, Some(&ana), &reads(&urls)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["type"], "batch-response");
    let entries = json["entry"].as_array().unwrap();
    let statuses: Vec<_> =
        entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(
        statuses,
        ["200", "404", "404", "200", "200", "200", "200", "400", "404", "200", "404", "404"]
    );
    assert_eq!(entries[1], entries[2], "beyond reach and not there are one answer");
    assert_eq!(entries[3]["resource"]["entry"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&entries[4]["resource"]["id"], &entries[6]["resource"]["data"]),
        (&json!("seen"), &json!("JVBERi0x"))
    );
    assert_eq!(entries[7]["response"]["outcome"]["issue"][0]["code"], "not-supported");
    // Each is recorded by itself, with the true reason of each refusal.
    let events = world.audit.events.lock().clone();
    let of = |what: &str, reason: &str| {
        events.iter().any(|event| event.what == what && event.reason.as_deref() == Some(reason))
    };
    assert!(of("Observation read", "no_relationship") && of("Observation read", "not_found"));
    assert!(of("Observation search", "pcp") && of("Patient read", "pcp"));

    let labs =
        "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let narrow = world.token(subject("ana", labs, None));
    let answer =
        batch(&world, Some(&narrow), &reads(&["Observation/seen-o1", "Observation/seen-o2", "Patient/seen"]))
            .await;
    let json = answer.json();
    let statuses: Vec<_> =
        (0..3).map(|at| json["entry"][at]["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["404", "200", "403"], "scopes and their categories hold for each");
}

#[tokio::test]
async fn s64_a_batch_reads_and_has_bounds() {
    let world = World::new().await;
    let ana = world.ana();
    assert_eq!(batch(&world, None, &reads(&["Patient/seen"])).await.status, 401);
    let transaction = json!({"resourceType": "Bundle", "type": "transaction", "entry": []});
    let refused = batch(&world, Some(&ana), &transaction).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["issue"][0]["code"].as_str()),
        (422, Some("not-supported"))
    );
    for (bundle, status) in [
        (json!({"resourceType": "Patient"}), 400),
        (json!({"resourceType": "Bundle", "type": "collection"}), 400),
        (json!([]), 400),
        (reads(&["Patient/seen"; 51]), 413),
        (json!({"resourceType": "Bundle", "type": "batch", "x": "y".repeat(300_000)}), 413),
    ] {
        assert_eq!(batch(&world, Some(&ana), &bundle).await.status, status);
    }
    let before = world.hospital.asked().len();
    let writes = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        {"request": {"method": "DELETE", "url": "Patient/seen"}}, {"request": {"method": "get", "url": "Patient/seen"}}, {}]});
    let answer = batch(&world, Some(&ana), &writes).await.json();
    let statuses: Vec<_> =
        (0..4).map(|at| answer["entry"][at]["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["405", "405", "405", "400"]);
    assert_eq!(world.hospital.asked().len(), before, "the EHR hears nothing of it");
    let form = Request::post("/fhir/r4/").header("authorization", format!("Bearer {ana}"));
    assert_eq!(world.send(form.body(Body::from("{}")).unwrap()).await.status, 415);
}
