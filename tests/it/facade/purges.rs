//! Purges of the cache by operations and by the EHR's Subscriptions, over the router, on one node and on two.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chartgate::access::forget::{Forget, Forgets};
use chartgate::cache::Cache;
use chartgate::domain::audit::AuditKind;
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::TokenHash;
use chartgate::fhir::resource_type::ResourceType;
use chartgate::hooks::{self, Hooks, Settings, Subscription};
use chartgate::records::Records;
use chartgate::records::purges::Purges;
use chartgate::sandbox::ehr::subscriptions::{Payload, Subscribed};
use chartgate::sandbox::hospital::kind::Kind as DemoKind;
use chartgate::store::Store;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::demo::demo_with;
use super::world::World;
use crate::support::databases::{Database, Kind};

const SECRET: &str = "a-secret-of-operations-0123456789";
const LABS: &str = "a-secret-of-the-subscription-01234";

struct Holders(Arc<Cache>, Arc<Records>);

impl Forgets for Holders {
    fn forget<'a>(&'a self, what: &'a [Forget]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            for one in what {
                self.0.forget(one);
            }
            self.1.forget(what);
        })
    }
}

fn settings() -> Settings {
    let subscription = |name: &str, header: &str, types: &[ResourceType]| Subscription {
        name: name.to_owned(),
        header: header.parse().unwrap(),
        secrets: vec![TokenHash::of(LABS)],
        types: types.to_vec(),
    };
    Settings {
        purge_secrets: vec![TokenHash::of("another-one-that-is-being-retired"), TokenHash::of(SECRET)],
        subscriptions: vec![
            subscription("labs", "authorization", &[ResourceType::Observation]),
            subscription("all", "x-secret", &[]),
        ],
    }
}

/// The hooks of one node, with its store told of what the others purge.
fn hooks(world: &World, store: &Store) -> Router {
    let holders = Arc::new(Holders(world.cache.clone(), world.records.clone()));
    store.tell_of_purges(holders.clone());
    let following = store.clone();
    tokio::spawn(async move { following.follow(async || {}).await });
    let purges = Purges::new(store.clone(), holders, world.audit.clone(), world.clock.clone());
    hooks::routes(Hooks::new(Arc::new(purges), settings())).layer(axum::middleware::from_fn_with_state(
        Arc::new(SystemRandom) as chartgate::domain::random::SharedRandom,
        chartgate::web::request_line::record,
    ))
}

async fn send(router: &Router, method: &str, path: &str, secret: &str, body: String) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .body(Body::from(body))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn purge(router: &Router, what: &[&str]) -> StatusCode {
    send(router, "POST", "/hooks/purge", SECRET, json!({ "forget": what }).to_string()).await.0
}

/// How the answer came about: `hit`, `miss`, ...
async fn how(world: &World, path: &str) -> String {
    let answer = world.get(path, &world.ana()).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.header("cache-status").split("; ").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_purge_is_felt_at_once_here_and_soon_on_every_other_node() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = Database::new(kind).await;
        let here = World::cached().await;
        let there = World::cached_beside(&here.hospital).await;
        let router = hooks(&here, &database.store);
        let _other = hooks(&there, &database.other().await);
        for world in [&here, &there] {
            assert_eq!(how(world, "/Observation?patient=seen").await, "fwd=uri-miss");
            assert_eq!(how(world, "/Observation?patient=seen").await, "hit");
        }
        assert_eq!(purge(&router, &["Patient/seen/Observation"]).await, StatusCode::OK);
        assert_eq!(how(&here, "/Observation?patient=seen").await, "fwd=uri-miss", "{kind:?}");
        let mut waited = 0;
        while how(&there, "/Observation?patient=seen").await == "hit" {
            waited += 1;
            assert!(waited < 100, "{kind:?}: the other node never heard of it");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let event =
            here.audit.events.lock().iter().find(|event| event.what == "cache purge").cloned().unwrap();
        assert_eq!((event.kind, event.reason.as_deref()), (AuditKind::Administration, Some("operations")));
        assert_eq!(event.patients.iter().map(ToString::to_string).collect::<Vec<_>>(), ["seen"]);
    }
}

#[tokio::test]
async fn each_kind_of_purge_takes_what_it_names_and_leaves_the_rest() {
    let database = Database::new(Kind::Sqlite).await;
    let world = World::cached().await;
    let router = hooks(&world, &database.store);
    let paths =
        ["/Observation/seen-o1", "/Observation?patient=seen", "/Encounter?patient=seen", "/Patient/seen"];
    for (what, gone) in [
        (&["Observation/seen-o1"][..], [true, true, false, false]),
        (&["Patient/seen/Encounter"], [false, false, true, false]),
        (&["Observation"], [true, true, false, false]),
        (&["Patient/seen"], [true, true, true, true]),
        (&["Patient/somebody-else"], [false; 4]),
        (&["Encounter", "Patient/seen/Patient"], [false, false, true, true]),
        (&["*"], [true; 4]),
    ] {
        for path in paths {
            world.get(path, &world.ana()).await;
        }
        assert_eq!(purge(&router, what).await, StatusCode::OK);
        for (path, gone) in paths.into_iter().zip(gone) {
            let expected = if gone { "fwd=uri-miss" } else { "hit" };
            assert_eq!(how(&world, path).await, expected, "{what:?}: {path}");
        }
    }
}

#[tokio::test]
async fn a_purge_by_patient_takes_absences_and_hints_along() {
    let database = Database::new(Kind::Sqlite).await;
    let world = World::cached().await;
    let router = hooks(&world, &database.store);
    assert_eq!(world.get("/Observation/not-there", &world.ana()).await.status, 404);
    let before = world.hospital.asked().len();
    assert_eq!(world.get("/Observation/not-there", &world.ana()).await.status, 404);
    assert_eq!(world.hospital.asked().len(), before, "remembered");
    purge(&router, &["Patient/seen"]).await;
    assert_eq!(world.get("/Observation/not-there", &world.ana()).await.status, 404);
    assert_eq!(world.hospital.asked().len(), before + 1, "it could be the patient's by now");

    world.get("/DocumentReference?patient=seen", &world.ana()).await;
    assert_eq!(world.get("/Binary/seen-note", &world.ana()).await.status, 200);
    purge(&router, &["Patient/seen"]).await;
    assert_eq!(
        world.get("/Binary/seen-note", &world.ana()).await.status,
        404,
        "nothing is known that leads to it"
    );
    world.get("/DocumentReference?patient=seen", &world.ana()).await;
    assert_eq!(world.get("/Binary/seen-note", &world.ana()).await.status, 200);
}

#[tokio::test]
async fn who_does_not_know_the_secret_purges_nothing_and_learns_nothing() {
    let database = Database::new(Kind::Sqlite).await;
    let world = World::cached().await;
    let router = hooks(&world, &database.store);
    world.get("/Observation/seen-o1", &world.ana()).await;
    let token = world.ana();
    let everything = json!({"forget": ["*"]}).to_string();
    for secret in ["", "wrong", &SECRET[1..], LABS, token.as_str()] {
        let (status, outcome) = send(&router, "POST", "/hooks/purge", secret, everything.clone()).await;
        assert_eq!(
            (status, outcome["resourceType"].as_str()),
            (StatusCode::UNAUTHORIZED, Some("OperationOutcome"))
        );
        for name in ["labs", "all", "none"] {
            if secret == LABS && name == "labs" {
                continue;
            }
            let (status, told) =
                send(&router, "POST", &format!("/hooks/ehr/{name}"), secret, String::new()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} {secret}");
            assert_eq!(told["issue"][0]["details"], outcome["issue"][0]["details"]);
        }
    }
    assert_eq!(how(&world, "/Observation/seen-o1").await, "hit");
    let list = |count| json!({"forget": vec!["Observation"; count]}).to_string();
    for wrong in [
        String::new(),
        "[]".to_owned(),
        json!({"forget": []}).to_string(),
        json!({"forget": ["Nonsense/1"]}).to_string(),
        json!({"forget": ["Patient/1"], "more": 1}).to_string(),
        list(1001),
    ] {
        let (status, outcome) = send(&router, "POST", "/hooks/purge", SECRET, wrong).await;
        assert_eq!((status, &outcome["issue"][0]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")));
    }
    assert_eq!(send(&router, "POST", "/hooks/purge", SECRET, "x".repeat(70_000)).await.0, 413);
    assert_eq!(send(&router, "GET", "/hooks/purge", SECRET, String::new()).await.0, 405);
    assert_eq!(how(&world, "/Observation/seen-o1").await, "hit");
    assert_eq!(purge(&router, &vec!["Observation"; 1000]).await, StatusCode::OK);
    assert_eq!(how(&world, "/Observation/seen-o1").await, "fwd=uri-miss");
}

#[tokio::test]
async fn a_notification_is_a_hint_at_what_to_forget_and_nothing_more() {
    let database = Database::new(Kind::Sqlite).await;
    let world = World::cached().await;
    let router = hooks(&world, &database.store);
    let paths = ["/Observation/seen-o1", "/Observation?patient=seen", "/Encounter?patient=seen"];
    let false_word = json!({"resourceType": "Observation", "id": "seen-o1", "status": "final", "valueString": "false",
        "subject": {"reference": "Patient/seen"}});
    for (method, path, body, gone) in [
        ("POST", "/hooks/ehr/labs", String::new(), [true, true, false]),
        ("POST", "/hooks/ehr/labs", "<Observation/>".to_owned(), [true, true, false]),
        ("POST", "/hooks/ehr/labs", "x".repeat(5_000_000), [true, true, false]),
        ("PUT", "/hooks/ehr/labs/Observation/seen-o1", false_word.to_string(), [true, true, false]),
        ("DELETE", "/hooks/ehr/labs/Observation/seen-o1", String::new(), [true, true, false]),
        ("PUT", "/hooks/ehr/labs/Encounter/seen-e1", String::new(), [false, false, true]),
        ("POST", "/hooks/ehr/labs", json!({"resourceType": "Patient", "id": "seen"}).to_string(), [true; 3]),
        ("POST", "/hooks/ehr/labs", json!({"resourceType": "Patient", "id": "nobody"}).to_string(), [false; 3]),
        (
            "POST",
            "/hooks/ehr/labs",
            json!({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "SubscriptionStatus", "type": "heartbeat"}}]})
                .to_string(),
            [false; 3],
        ),
    ] {
        for path in paths {
            world.get(path, &world.ana()).await;
        }
        assert_eq!(send(&router, method, path, LABS, body).await.0, StatusCode::OK, "{method} {path}");
        for (read, gone) in paths.into_iter().zip(gone) {
            let expected = if gone { "fwd=uri-miss" } else { "hit" };
            assert_eq!(how(&world, read).await, expected, "{method} {path}: {read}");
        }
    }
    let told = world.get("/Observation/seen-o1", &world.ana()).await;
    assert_eq!(
        told.json()["valueString"],
        json!("secret of seen"),
        "what a notification says is not believed"
    );
    assert!(world.audit.events.lock().iter().all(|event| event.what != "cache purge"));
}

/// The demo hospital sends its notifications over HTTP to this product's address.
#[tokio::test]
async fn the_demo_hospital_sends_word_of_a_change_in_each_form() {
    let (world, ehr) = demo_with(true).await;
    let database = Database::new(Kind::Sqlite).await;
    let router = hooks(&world, &database.store);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let child = &ehr.world().hospital.children()[0];
    let at = child.gp.iter().find_map(|gp| gp.practice()).unwrap();
    let reader = world.token(super::world::subject(&format!("dr-{at}"), "user/*.rs", None));
    let list = format!("/Observation?patient={}&_count=1", child.id());
    let found = world.get(&list, &reader).await.ids();
    let path = format!("/Observation/{}", found[0]);
    let version = async || world.get(&path, &reader).await.json()["meta"]["versionId"].clone();
    for payload in [Payload::Empty, Payload::Resource, Payload::IdOnly, Payload::FullResource] {
        let (name, header) = match payload {
            Payload::FullResource => ("all", format!("X-Secret: {LABS}")),
            _ => ("labs", format!("Authorization: Bearer {LABS}")),
        };
        ehr.subscriptions().clear();
        let endpoint = format!("{origin}/hooks/ehr/{name}").parse().unwrap();
        ehr.subscriptions().add(Subscribed { endpoint, header: Some(header), payload });
        let before = version().await;
        assert_eq!(version().await, before);
        ehr.world()
            .revise(DemoKind::Observation, &found[0], |body| {
                body.insert("issued".to_owned(), json!("2026-01-01T00:00:00Z"));
            })
            .unwrap();
        let mut waited = 0;
        while version().await == before {
            waited += 1;
            assert!(waited < 200, "{payload:?}: the notification had no effect");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// Nothing here may be asked of the EHR without a permit, not even ahead of time.
#[tokio::test]
async fn what_is_read_often_is_fresh_before_anybody_waits_for_it() {
    let world = World::cached().await;
    let (cache, ehr) = (world.cache.clone(), world.ehr.clone());
    tokio::spawn(async move { chartgate::jobs::refresh::run(&cache, &ehr).await });
    let reads = || world.hospital.asked().len();
    for _ in 0..3 {
        assert_eq!(world.get("/Observation/seen-o1", &world.ana()).await.status, 200);
    }
    world.clock.advance(Duration::from_secs(50));
    assert_eq!((how(&world, "/Observation/seen-o1").await.as_str(), reads()), ("hit", 1));
    let mut waited = 0;
    while reads() < 2 {
        waited += 1;
        assert!(waited < 200, "it was not asked for");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.clock.advance(Duration::from_secs(50));
    assert_eq!(
        (how(&world, "/Observation/seen-o1").await.as_str(), reads()),
        ("hit", 2),
        "past its first life"
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(how(&world, "/Observation/seen-o1").await, "fwd=stale", "who reads seldom waits");
}
