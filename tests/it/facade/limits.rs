//! How much may be asked: by address, by person, by app and by practice's system; 429 and what it says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use chartgate::access::subject::{Actor, Subject};
use chartgate::domain::ids::{ClientId, PracticeId};
use chartgate::facade::Limits;
use chartgate::fhir::scope::ScopeSet;
use chartgate::rate::Quota;
use chartgate::telemetry::metrics;
use chartgate::web::address::ClientAddress;
use http::Request;
use serde_json::json;

use super::demo::{demo_with, panel};
use super::world::{Answer, World, subject};

/// One a second, so many at once.
const fn quota(at_once: u64) -> Quota {
    Quota { per_minute: 60, burst: Duration::from_secs(at_once) }
}

async fn ask(world: &World, address: &str, token: Option<&str>, path: &str) -> Answer {
    let mut request = Request::get(format!("/fhir/r4{path}")).extension(ClientAddress(address.to_owned()));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

fn system(practice: &str, client: &str) -> Subject {
    Subject {
        actor: Actor::Practice(PracticeId::parse(practice).unwrap()),
        client: ClientId::parse(client).ok(),
        scopes: Arc::new(ScopeSet::parse("system/*.rs")),
        patient: None,
    }
}

fn by_app(account: &str, client: &str) -> Subject {
    Subject { client: ClientId::parse(client).ok(), ..subject(account, "user/*.rs", None) }
}

/// The refusal has the shape that FHIR clients expect and says nothing but whose limit it was.
fn assert_too_many(answer: &Answer, whose: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/fhir+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    let outcome = answer.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["code"], "throttled");
    let text = outcome["issue"][0]["diagnostics"].as_str().unwrap_or_default().to_owned()
        + outcome["issue"][0]["details"]["text"].as_str().unwrap_or_default();
    assert!(text.contains(whose), "{text}");
    assert!(!answer.text().contains("seen"), "no patient's id: {}", answer.text());
}

const PATH: &str = "/Patient/seen";

#[tokio::test]
async fn one_person_is_limited_whatever_the_app_and_the_address_and_others_are_not() {
    metrics();
    let world = World::limited(Limits { user: quota(5), ..Limits::NONE }).await;
    let (viewer, other) = (world.token(by_app("ana", "viewer")), world.token(by_app("ana", "other")));
    for n in 0..5 {
        let token = if n % 2 == 0 { &viewer } else { &other };
        assert_eq!(ask(&world, &format!("192.0.2.{n}"), Some(token), PATH).await.status, 200);
    }
    let asked = world.hospital.asked().len();
    let refused = ask(&world, "192.0.2.9", Some(&viewer), PATH).await;
    assert_too_many(&refused, "for this user");
    assert_eq!(refused.header("retry-after"), "1");
    assert_too_many(&ask(&world, "192.0.2.9", Some(&viewer), "/Patient/nobody").await, "for this user");
    let ben = world.token(by_app("ben", "viewer"));
    assert_eq!(ask(&world, "192.0.2.9", Some(&ben), "/Practitioner/dr-ana").await.status, 200);
    let of_ben = world.hospital.asked().len() - asked;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&world, "192.0.2.9", Some(&viewer), PATH).await.status, 200, "after Retry-After");
    assert_too_many(&ask(&world, "192.0.2.9", Some(&viewer), PATH).await, "for this user");
    assert!(of_ben <= 1, "the EHR is not touched for what is refused");
    let counted = metrics().render();
    assert!(counted.contains("chartgate_throttled_total{limit=\"user\"}"), "{counted}");
}

#[tokio::test]
async fn one_app_is_limited_with_all_its_users_and_other_apps_are_not() {
    let world = World::limited(Limits { app: quota(4), ..Limits::NONE }).await;
    let users = [world.token(by_app("ana", "viewer")), world.token(by_app("ben", "viewer"))];
    for n in 0..4 {
        assert_ne!(ask(&world, "192.0.2.1", Some(&users[n % 2]), PATH).await.status, 429);
    }
    for token in &users {
        assert_too_many(&ask(&world, "192.0.2.1", Some(token), PATH).await, "from this app");
    }
    let other = world.token(by_app("ana", "other"));
    assert_eq!(ask(&world, "192.0.2.1", Some(&other), PATH).await.status, 200);
}

#[tokio::test]
async fn one_practices_system_is_limited_by_itself() {
    let limits = Limits { system: quota(3), user: quota(1), app: quota(1), ..Limits::NONE };
    let world = World::limited(limits).await;
    let north = world.token(system("north", "north-system"));
    for _ in 0..3 {
        assert_eq!(ask(&world, "192.0.2.1", Some(&north), PATH).await.status, 200);
    }
    assert_too_many(&ask(&world, "192.0.2.1", Some(&north), PATH).await, "from this system");
    let south = world.token(system("south", "south-system"));
    assert_eq!(ask(&world, "192.0.2.1", Some(&south), PATH).await.status, 404, "decided, not throttled");
    assert_eq!(ask(&world, "192.0.2.1", Some(&world.ana()), PATH).await.status, 200, "nor the clinicians");
}

#[tokio::test]
async fn an_address_is_limited_whoever_asks_and_of_ipv6_it_is_the_network() {
    let world = World::limited(Limits { address: quota(3), ..Limits::NONE }).await;
    let ana = world.ana();
    for (host, path) in [("1", PATH), ("2", "/metadata"), ("3", "/Nonsense")] {
        assert_ne!(ask(&world, &format!("2001:db8:1:2::{host}"), Some(&ana), path).await.status, 429);
    }
    assert_too_many(&ask(&world, "2001:db8:1:2::9", Some(&ana), PATH).await, "from this network address");
    assert_too_many(&ask(&world, "2001:db8:1:2::9", None, "/metadata").await, "from this network address");
    assert_eq!(ask(&world, "2001:db8:1:3::9", Some(&ana), PATH).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&world, "2001:db8:1:2::9", Some(&ana), PATH).await.status, 200, "after Retry-After");
}

#[tokio::test]
async fn a_flood_of_bad_tokens_is_limited_by_address_and_known_tokens_from_there_are_not() {
    let world = World::limited(Limits { unauthenticated: quota(3), ..Limits::NONE }).await;
    let bad = format!("cga_{}", "x".repeat(43));
    for token in [None, Some(bad.as_str()), Some("nonsense")] {
        assert_eq!(ask(&world, "192.0.2.1", token, PATH).await.status, 401);
    }
    for token in [None, Some(bad.as_str()), Some("nonsense")] {
        let refused = ask(&world, "192.0.2.1", token, PATH).await;
        assert_too_many(&refused, "without a valid access token");
    }
    assert_eq!(ask(&world, "192.0.2.2", None, PATH).await.status, 401, "another address");
    assert_eq!(ask(&world, "192.0.2.1", None, "/metadata").await.status, 200, "needs no token");
    world.clock.advance(Duration::from_secs(3));
    let ana = world.ana();
    for _ in 0..20 {
        assert_eq!(ask(&world, "192.0.2.1", Some(&ana), PATH).await.status, 200, "a good one costs nothing");
    }
}

#[tokio::test]
async fn each_entry_of_a_batch_counts() {
    let world = World::limited(Limits { user: quota(10), ..Limits::NONE }).await;
    let ana = world.ana();
    let batch = |entries: usize| {
        let entry: Vec<_> =
            (0..entries).map(|_| json!({"request": {"method": "GET", "url": "Patient/seen"}})).collect();
        let body = json!({"resourceType": "Bundle", "type": "batch", "entry": entry}).to_string();
        Request::post("/fhir/r4/")
            .header("authorization", format!("Bearer {ana}"))
            .header("content-type", "application/fhir+json")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(world.send(batch(6)).await.status, 200);
    assert_too_many(&world.send(batch(6)).await, "for this user");
    // The request for the batch itself was counted at the door: three are left.
    assert_eq!(world.send(batch(3)).await.status, 200);
    assert_too_many(&world.get(PATH, &ana).await, "for this user");
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.send(batch(50)).await.status, 200, "more than comes at once, after a rest");
    world.clock.advance(Duration::from_secs(30));
    assert_too_many(&world.get(PATH, &ana).await, "for this user");
    let wait: u64 = world.get(PATH, &ana).await.header("retry-after").parse().unwrap();
    assert!((1..=11).contains(&wait), "{wait}");
    world.clock.advance(Duration::from_secs(wait));
    assert_eq!(world.get(PATH, &ana).await.status, 200, "paid for");
}

#[tokio::test]
async fn a_refusal_can_be_read_by_web_apps_and_leaves_no_audit_event() {
    let world = World::limited(Limits { address: quota(1), ..Limits::NONE }).await;
    let ana = world.ana();
    let headers = [("origin", "https://app.example")];
    world.call("GET", PATH, Some(&ana), &headers).await;
    let events = world.audit.events.lock().len();
    let refused = world.call("GET", PATH, Some(&ana), &headers).await;
    assert_too_many(&refused, "from this network address");
    assert_eq!(refused.header("access-control-allow-origin"), "https://app.example");
    assert!(refused.header("access-control-expose-headers").contains("Retry-After"));
    assert_eq!(world.audit.events.lock().len(), events, "nothing was decided about a record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_asks_two_hundred_things_at_once_does_not_hold_up_a_clinician() {
    let (world, ehr) = demo_with(true).await;
    ehr.knobs().change(|knobs| knobs.latency_ms = 40);
    let child = panel(&ehr, 0).into_iter().next().unwrap();
    let practice = world.token(system("practice-0", "practice-system"));
    let doctor = world.token(subject("dr-0", "user/*.rs", None));
    let path = |n: usize| format!("/Observation?patient={child}&_count={n}");
    let ask = |n: usize| {
        let (world, practice, path) = (&world, &practice, path(n));
        async move { world.get(&path, practice).await.status.as_u16() }
    };
    let system = futures_util::future::join_all((1..=200).map(ask));
    let clinician = async {
        // The system's requests are under way, and most of them wait.
        while ehr.knobs().counted("search Observation") < 17 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let before = ehr.knobs().counted("search Observation");
        // One thing that nobody else asks, and one that stands at the end of the system's line.
        let (own, last) = (format!("/Condition?patient={child}"), path(200));
        let answers = tokio::join!(world.get(&own, &doctor), world.get(&last, &doctor));
        assert_eq!((answers.0.status.as_u16(), answers.1.status.as_u16()), (200, 200));
        (before, ehr.knobs().counted("search Observation"))
    };
    let (statuses, (before, after)) = tokio::join!(system, clinician);
    assert!(statuses.iter().all(|status| *status == 200), "all are answered in the end: {statuses:?}");
    assert!(
        after < 150,
        "{before} were asked before the clinician came, {after} when both answers were there"
    );
    let heard = ehr.knobs().latest();
    let at = |what: &str| heard.iter().position(|line| line.contains(what)).unwrap();
    let (own, last) = (at("Condition?"), at("_count=200"));
    let between = heard[..own.max(last)].iter().filter(|line| line.contains("Observation?")).count();
    assert!(between as u64 <= before + 40, "{before} before, {between} until both were heard");
    let once = heard.iter().filter(|line| line.contains("_count=200")).count();
    assert_eq!(once, 1, "and one call for both who asked the same");
}
