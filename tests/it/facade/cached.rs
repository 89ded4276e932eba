//! The endpoint with the cache under it: a hit is decided again, says how old it is, and stands in while the EHR is down.

use std::time::Duration;

use super::hospital::Knob;
use super::world::{World, subject};

fn reads_of(world: &World, url: &str) -> usize {
    world.hospital.asked().iter().filter(|asked| asked.as_str() == url).count()
}

#[tokio::test]
async fn a_hit_says_its_age_and_is_decided_again() {
    let world = World::cached().await;
    let ana = world.ana();
    let first = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!(first.header("cache-status"), "chartgate; fwd=uri-miss");
    world.clock.advance(Duration::from_secs(20));
    let second = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!((second.header("cache-status"), second.header("age")), ("chartgate; hit; ttl=40", "20"));
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("etag"), first.header("etag"));
    assert_eq!(world.audit.events.lock().len(), 2, "a hit is a disclosure like any other");
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get("/Observation/seen-o1", &ben).await.status, 404);
    let narrow = world.token(subject("ana", "user/Encounter.rs", None));
    assert_eq!(world.get("/Observation/seen-o1", &narrow).await.status, 403);
    assert_eq!(reads_of(&world, "/fhir/Observation/seen-o1"), 1);
}

#[tokio::test]
async fn one_stored_bundle_serves_readers_with_different_rights() {
    let world = World::cached().await;
    let labs =
        "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let (all, some) = (world.ana(), world.token(subject("ana", labs, None)));
    let whole = world.get("/Observation?patient=seen", &all).await;
    let part = world.get("/Observation?patient=seen", &some).await;
    let again = world.get("/Observation?subject=Patient/seen", &all).await;
    assert_eq!((whole.ids().len(), part.ids().len()), (7, 6));
    assert_eq!((whole.json()["total"].clone(), part.json()["total"].clone()), (7.into(), 6.into()));
    assert_eq!(again.body, whole.body);
    assert_eq!(world.hospital.asked().len(), 1, "one question for all three: {:?}", world.hospital.asked());
}

#[tokio::test]
async fn what_is_asked_at_once_is_asked_once() {
    let world = World::cached().await;
    let ana = world.ana();
    let asking = (0..30).map(|_| world.get("/Encounter?patient=seen", &ana));
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.ids() == ["seen-e1"]));
    assert_eq!(world.hospital.asked().len(), 1);
    assert_eq!(world.audit.events.lock().len(), 30);
}

#[tokio::test]
async fn while_the_ehr_is_down_an_earlier_answer_stands_in_with_a_warning() {
    let world = World::cached().await;
    let ana = world.ana();
    world.get("/Observation/seen-o1", &ana).await;
    world.clock.advance(Duration::from_mins(2));
    let confirmed = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!(confirmed.header("cache-status"), "chartgate; fwd=stale; fwd-status=304");
    assert_eq!(confirmed.header("warning"), "");
    world.hospital.set(Knob::Status(503, "{}"));
    world.clock.advance(Duration::from_mins(30));
    let stale = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!((stale.status.as_u16(), stale.header("age")), (200, "1800"));
    assert!(stale.header("warning").starts_with("110 "), "{}", stale.header("warning"));
    let ben = world.token(subject("ben", "user/*.rs", None));
    let hidden = world.get("/Observation/seen-o1", &ben).await;
    assert!(!hidden.text().contains("secret"), "decided all the same");
    let (never, absent) =
        (world.get("/Observation/seen-o2", &ben).await, world.get("/Observation/nothing", &ben).await);
    for other in [&never, &absent] {
        // Of what is not there nobody can say so now: nor then of what is hidden.
        assert_eq!((hidden.status.as_u16(), other.status.as_u16()), (503, 503));
        assert_eq!(hidden.header("retry-after"), other.header("retry-after"));
        assert_eq!(hidden.json()["issue"][0]["details"], other.json()["issue"][0]["details"]);
    }
    assert_eq!(world.get("/Observation/seen-o2", &ana).await.status, 503, "never seen before");
    world.clock.advance(Duration::from_hours(4));
    let gone = world.get("/Observation/seen-o1", &ana).await;
    assert_eq!(gone.status, 503);
    assert!(!gone.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_note_found_through_a_cached_search_is_readable() {
    let world = World::cached().await;
    let ana = world.ana();
    world.get("/DocumentReference?patient=seen", &ana).await;
    for _ in 0..2 {
        let note = world.get("/Binary/seen-note", &ana).await;
        assert_eq!((note.status.as_u16(), note.text().as_str()), (200, "<p>note of seen</p>"));
    }
    assert_eq!(reads_of(&world, "/fhir/Binary/seen-note"), 1);
    let ben = world.token(subject("ben", "user/*.rs", None));
    assert_eq!(world.get("/Binary/seen-note", &ben).await.status, 404);
}
