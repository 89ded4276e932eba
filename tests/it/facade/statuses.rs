//! Each status of the EHR and of HTTP itself, and what the client is told.

use super::hospital::Knob;
use super::world::World;

#[tokio::test]
async fn each_failure_of_the_ehr_is_a_clear_state() {
    let world = World::new().await;
    let ana = world.ana();
    for (knob, status, code) in [
        (Knob::Status(500, "{}"), 503, "transient"),
        (Knob::Status(503, "{}"), 503, "transient"),
        (Knob::Throttle(7), 503, "throttled"),
        (Knob::Status(401, "{}"), 502, "exception"),
        (Knob::Status(403, "{}"), 502, "exception"),
        (Knob::Status(400, "{}"), 422, "not-supported"),
        (Knob::Body("{\"resourceType\":\"Bundle\",\"ty".into()), 502, "exception"),
        (Knob::Body("<html>Welcome</html>".into()), 502, "exception"),
        (Knob::Body("{}".into()), 502, "exception"),
        (Knob::Body(String::new()), 502, "exception"),
        (
            Knob::Body(format!("{{\"resourceType\":\"Bundle\",\"x\":\"{}\"}}", "y".repeat(2 * 1024 * 1024))),
            502,
            "too-costly",
        ),
    ] {
        let what = format!("{knob:?}").chars().take(60).collect::<String>();
        world.hospital.set(knob);
        let answer = world.get("/Observation?patient=seen", &ana).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["issue"][0]["code"].as_str().unwrap()),
            (status, code),
            "{what}"
        );
        assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        assert_eq!(answer.status == 503, !answer.header("retry-after").is_empty(), "{what}");
        if what.contains("Throttle") {
            assert_eq!(answer.header("retry-after"), "7");
        }
        assert!(!answer.text().contains("127.0.0.1") && !answer.text().contains("Welcome"), "{what}");
    }
    // Broken answers to reads.
    world.hospital.set(Knob::Body("{\"resourceType\":\"Patient\",\"id\":\"else\"}".into()));
    assert_eq!(world.get("/Patient/seen", &ana).await.status, 502, "another resource than was asked for");
    world.hospital.set(Knob::Status(410, "{}"));
    assert_eq!(world.get("/Observation/seen-o1", &ana).await.status, 404);
}

#[tokio::test]
async fn rows_94_247_265_tokens_are_taken_from_the_header_alone() {
    let world = World::new().await;
    let ana = world.ana();
    let none = world.call("GET", "/Patient/seen", None, &[]).await;
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"fhir\"");
    assert_eq!(none.json()["issue"][0]["code"], "login");
    for (name, value) in [
        ("authorization", "Bearer cga_unknown".to_owned()),
        ("authorization", "Bearer nonsense".to_owned()),
        ("authorization", format!("Basic {ana}")),
        ("authorization", "Bearer".to_owned()),
        ("cookie", format!("access_token={ana}")),
    ] {
        let answer = world.call("GET", "/Patient/seen", None, &[(name, &value)]).await;
        assert_eq!(answer.status, 401, "{name}: {value}");
    }
    let twice = [("authorization", "Bearer cga_unknown")];
    assert_eq!(world.call("GET", "/Patient/seen", Some(&ana), &twice).await.status, 401);
    assert_eq!(world.call("GET", &format!("/Patient/seen?access_token={ana}"), None, &[]).await.status, 401);
    let suspended = world.token(super::world::subject("eve", "user/*.rs", None));
    let answer = world.get("/Patient/seen", &suspended).await;
    assert_eq!(answer.status, 401, "the account is no longer active");
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn rows_95_243_266_insufficient_scope_depends_on_the_token_alone() {
    let world = World::new().await;
    let token = world.token(super::world::subject("ana", "user/Observation.r", None));
    for path in [
        "/Patient/seen",
        "/Patient/other",
        "/Patient/nowhere",
        "/Observation?patient=seen",
        "/Observation?patient=other",
    ] {
        let answer = world.get(path, &token).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.header("www-authenticate").contains("insufficient_scope"), "{path}");
    }
}

#[tokio::test]
async fn forms_other_than_json_are_not_to_be_had() {
    let world = World::new().await;
    let ana = world.ana();
    for (path, accept) in [
        ("/Patient/seen?_format=xml", "*/*"),
        ("/Patient/seen", "application/fhir+xml"),
        ("/Observation?patient=seen&_format=application/fhir%2Bxml", "*/*"),
        ("/metadata?_format=xml", "*/*"),
    ] {
        let answer = world.call("GET", path, Some(&ana), &[("accept", accept)]).await;
        assert_eq!(answer.status, 406, "{path}");
        assert_eq!(answer.json()["resourceType"], "OperationOutcome");
    }
    let json = world.call("GET", "/Patient/seen", Some(&ana), &[("accept", "application/json")]).await;
    assert_eq!((json.status.as_u16(), json.header("content-type")), (200, "application/json"));
}

#[tokio::test]
async fn browsers_of_registered_apps_may_read() {
    let world = World::new().await;
    let ana = world.ana();
    let ours = ("origin", "https://app.example");
    let theirs = ("origin", "https://evil.example");
    let preflight = ("access-control-request-method", "GET");
    let asked = world.call("OPTIONS", "/Patient/seen", None, &[ours, preflight]).await;
    assert_eq!(
        (asked.status.as_u16(), asked.header("access-control-allow-origin")),
        (204, "https://app.example")
    );
    assert!(asked.header("access-control-allow-headers").contains("Authorization"));
    let refused = world.call("OPTIONS", "/Patient/seen", None, &[theirs, preflight]).await;
    assert!(refused.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    let read = world.call("GET", "/Patient/seen", Some(&ana), &[ours]).await;
    assert_eq!(read.header("access-control-allow-origin"), "https://app.example");
    assert!(read.header("access-control-expose-headers").contains("ETag"));
    assert!(read.header("vary").contains("Origin"));
    let elsewhere = world.call("GET", "/Patient/seen", Some(&ana), &[theirs]).await;
    assert_eq!(elsewhere.header("access-control-allow-origin"), "");
    let anonymous = world.call("GET", "/Patient/seen", None, &[ours]).await;
    assert_eq!(
        anonymous.header("access-control-allow-origin"),
        "https://app.example",
        "a 401 is to be read, too"
    );
    let metadata = world.call("GET", "/metadata", None, &[theirs]).await;
    assert_eq!(metadata.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn the_statement_is_for_everybody_and_says_what_routes_do() {
    let world = World::new().await;
    let answer = world.call("GET", "/metadata", None, &[]).await;
    assert_eq!(answer.status, 200);
    let statement = answer.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["implementation"]["url"], super::world::BASE);
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(resources.len(), 31);
    let ana = world.ana();
    for resource in resources {
        let name = resource["type"].as_str().unwrap();
        let searchable =
            resource["interaction"].as_array().unwrap().iter().any(|i| i["code"] == "search-type");
        let anchor = match name {
            "Patient" => "name=fox",
            "Group" | "Practitioner" | "PractitionerRole" | "Organization" | "Location"
            | "HealthcareService" | "Endpoint" => "_id=x",
            _ => "patient=seen",
        };
        let answer = world.get(&format!("/{name}?{anchor}"), &ana).await;
        assert_eq!(answer.status == 200, searchable, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn row_16_any_origin_may_read_the_statement_and_it_is_sent_once() {
    let world = World::new().await;
    let theirs = ("origin", "https://anything.example");
    let preflight = ("access-control-request-method", "GET");
    let asked = world.call("OPTIONS", "/metadata", None, &[theirs, preflight]).await;
    assert_eq!((asked.status.as_u16(), asked.header("access-control-allow-origin")), (204, "*"));
    assert!(asked.header("access-control-allow-methods").contains("GET"));
    let first = world.call("GET", "/metadata", None, &[theirs]).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with("W/"), "{etag}");
    let again = world.call("GET", "/metadata", None, &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.text().len()), (304, 0));
}

#[tokio::test]
async fn the_statement_names_the_smart_service_and_its_addresses() {
    let world = World::new().await;
    let statement = world.call("GET", "/metadata", None, &[]).await.json();
    let security = &statement["rest"][0]["security"];
    assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
    assert_eq!(security["cors"], true);
    let uris = security["extension"][0]["extension"].as_array().unwrap();
    for (name, address) in [
        ("authorize", "https://gate.example/oauth/authorize"),
        ("token", "https://gate.example/oauth/token"),
        ("revoke", "https://gate.example/oauth/revoke"),
        ("introspect", "https://gate.example/oauth/introspect"),
        ("manage", "https://gate.example/account/apps"),
    ] {
        let uri = uris.iter().find(|uri| uri["url"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(uri["valueUri"], address);
    }
}
