//! The cache under concurrency, cancellation and purges.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::access::forget::Forget;
use crate::access::unreleased::{Origin, OriginKind, Unreleased};
use crate::access::upstream::{Fetched, Freshness, UpstreamError, Validator};
use crate::domain::clock::{Clock as _, ManualClock, Timestamp};
use crate::domain::ids::FhirId;
use crate::fhir::index::{EntryFacts, IndexedBody, Shape};
use crate::fhir::interaction::{Interaction, Search};
use crate::fhir::resource_type::ResourceType;

use super::{Cache, CacheOptions};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn id(text: &str) -> FhirId {
    FhirId::parse(text).unwrap()
}

pub(super) fn read(resource_type: ResourceType, text: &str) -> Interaction {
    Interaction::Read { resource_type, id: id(text) }
}

pub(super) fn search(resource_type: ResourceType, patient: Option<&str>, query: &str) -> Interaction {
    Interaction::Search(Search { resource_type, patient: patient.map(id), query: query.into() })
}

/// A body that says `text`, about one resource of `patient`.
pub(super) fn body(key: &Interaction, patient: Option<&str>, text: &str, as_of: Timestamp) -> Unreleased {
    let facts = EntryFacts {
        resource_type: key.resource_type(),
        id: id("x"),
        version: None,
        patients: patient.into_iter().map(id).collect(),
        labels: SmallVec::new(),
        categories: SmallVec::new(),
        references: SmallVec::new(),
    };
    let indexed = IndexedBody {
        bytes: text.to_owned().into(),
        media_type: "application/fhir+json".into(),
        shape: Shape::Resource(facts),
    };
    Unreleased::seal(
        Arc::new(indexed),
        None,
        Origin { as_of, age: Duration::ZERO, how: OriginKind::Miss, fresh_for: None },
    )
}

pub(super) fn text(body: &Unreleased) -> String {
    String::from_utf8(body.body_for_tests().bytes.to_vec()).unwrap()
}

fn cache() -> (Arc<ManualClock>, Arc<Cache>) {
    let clock = ManualClock::new(Timestamp::from_millis(1_000_000));
    let cache = Cache::new(CacheOptions::default(), Arc::clone(&clock) as _);
    (clock, Arc::new(cache))
}

type Answer = Result<Fetched, UpstreamError>;

#[expect(clippy::unnecessary_wraps, reason = "stands in for the EHR's answer")]
fn fetched(key: &Interaction, patient: &str, text: &str, at: Timestamp) -> Answer {
    Ok(Fetched::Body(body(key, Some(patient), text, at), Freshness::default()))
}

#[tokio::test]
async fn many_concurrent_misses_of_one_key_make_one_call() {
    let (clock, cache) = cache();
    let calls = Arc::new(AtomicU64::new(0));
    let key = read(ResourceType::Observation, "o");
    let askers: Vec<_> = (0..200)
        .map(|_| {
            let (cache, calls, key, at) = (Arc::clone(&cache), Arc::clone(&calls), key.clone(), clock.now());
            tokio::spawn(async move {
                let ask = |_| async {
                    calls.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    fetched(&key, "p", "one", at)
                };
                text(&cache.answer(&key, ask).await.unwrap().unwrap())
            })
        })
        .collect();
    for asker in askers {
        assert_eq!(asker.await.unwrap(), "one");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_is_shared_and_not_kept() {
    let (clock, cache) = cache();
    let calls = AtomicU64::new(0);
    let key = read(ResourceType::Observation, "o");
    let fail = |_| async {
        calls.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Err(UpstreamError::Timeout)
    };
    let (one, two) = tokio::join!(cache.answer(&key, fail), cache.answer(&key, fail));
    assert_eq!((one.unwrap_err(), two.unwrap_err()), (UpstreamError::Timeout, UpstreamError::Timeout));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let good = cache.answer(&key, |_| async { fetched(&key, "p", "one", clock.now()) }).await;
    assert_eq!(text(&good.unwrap().unwrap()), "one");
}

#[tokio::test]
async fn a_cancelled_leader_does_not_hang_its_followers() {
    let (clock, cache) = cache();
    let key = read(ResourceType::Observation, "o");
    let leader = tokio::spawn({
        let (cache, key) = (Arc::clone(&cache), key.clone());
        async move { cache.answer(&key, |_| std::future::pending::<Answer>()).await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    let follower = tokio::spawn({
        let (cache, key, at) = (Arc::clone(&cache), key.clone(), clock.now());
        async move { cache.answer(&key, |_| async { fetched(&key, "p", "one", at) }).await }
    });
    tokio::task::yield_now().await;
    leader.abort();
    let answer = tokio::time::timeout(Duration::from_secs(5), follower).await.unwrap().unwrap();
    assert_eq!(text(&answer.unwrap().unwrap()), "one");
}

#[tokio::test]
async fn who_asks_after_a_purge_gets_nothing_from_before_it() {
    let (clock, cache) = cache();
    let key = read(ResourceType::Observation, "o");
    let gate = Arc::new(Notify::new());
    let before = tokio::spawn({
        let (cache, key, gate, at) = (Arc::clone(&cache), key.clone(), Arc::clone(&gate), clock.now());
        async move {
            let slow = |_| async {
                gate.notified().await;
                fetched(&key, "p", "old", at)
            };
            cache.answer(&key, slow).await
        }
    });
    tokio::task::yield_now().await;
    cache.forget(&Forget::Patient(id("p")));
    let after = cache.answer(&key, |_| async { fetched(&key, "p", "new", clock.now()) });
    let after =
        tokio::time::timeout(Duration::from_secs(5), after).await.expect("does not wait for the old answer");
    assert_eq!(text(&after.unwrap().unwrap()), "new");
    gate.notify_one();
    let before = before.await.unwrap().unwrap().unwrap();
    assert_eq!(
        (text(&before).as_str(), before.origin().how),
        ("old", OriginKind::Bypass("purged_meanwhile"))
    );
    let later = cache.answer(&key, |_| async { fetched(&key, "p", "newest", clock.now()) }).await;
    assert_ne!(text(&later.unwrap().unwrap()), "old");
}

/// Writers change the truth and purge; readers never see a truth older than a purge that was done before they asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn purges_and_answers_race_without_reviving_the_past() {
    let (clock, cache) = cache();
    let (truth, purged) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let key = read(ResourceType::Observation, "o");
    let mut tasks = Vec::new();
    for reader in 0..6_u64 {
        let (cache, truth, purged) = (Arc::clone(&cache), Arc::clone(&truth), Arc::clone(&purged));
        let (key, at) = (key.clone(), clock.now());
        tasks.push(tokio::spawn(async move {
            for turn in 0..2000_u64 {
                let least = purged.load(Ordering::SeqCst);
                let ask = |_| async {
                    let now = truth.load(Ordering::SeqCst);
                    if (turn + reader).is_multiple_of(3) {
                        tokio::task::yield_now().await;
                    }
                    fetched(&key, "p", &now.to_string(), at)
                };
                let seen: u64 = text(&cache.answer(&key, ask).await.unwrap().unwrap()).parse().unwrap();
                assert!(seen >= least, "saw {seen} after the purge for {least}");
            }
        }));
    }
    tasks.push(tokio::spawn(async move {
        for version in 1..=1000 {
            truth.store(version, Ordering::SeqCst);
            cache.forget(&Forget::Patient(id("p")));
            purged.store(version, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }));
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn purges_by_patient_reach_what_may_be_theirs_and_spare_the_rest() {
    let (clock, cache) = cache();
    let about = [
        (read(ResourceType::Observation, "o1"), Some("p1"), true),
        (read(ResourceType::Observation, "o2"), Some("p2"), false),
        (search(ResourceType::Condition, Some("p1"), "patient=p1"), None, true),
        (search(ResourceType::Condition, Some("p2"), "patient=p2"), Some("p2"), false),
        // Found nobody yet, or somebody else: it could find p1 after the change.
        (search(ResourceType::Patient, None, "identifier=1"), Some("p2"), true),
        (read(ResourceType::Practitioner, "d"), None, false),
        (search(ResourceType::Organization, None, "name=x"), None, false),
    ];
    for (key, patient, _) in &about {
        let made = body(key, *patient, "old", clock.now());
        let ask = |_| async { Ok(Fetched::Body(made, Freshness::default())) };
        cache.answer(key, ask).await.unwrap();
    }
    cache.forget(&Forget::Patient(id("p1")));
    for (key, patient, purged) in &about {
        let made = body(key, *patient, "new", clock.now());
        let ask = |_| async { Ok(Fetched::Body(made, Freshness::default())) };
        let seen = text(&cache.answer(key, ask).await.unwrap().unwrap());
        assert_eq!(seen == "new", *purged, "{key:?}");
    }
}

#[tokio::test]
async fn purges_by_type_key_and_all() {
    let (clock, cache) = cache();
    let keys = [
        read(ResourceType::Observation, "o1"),
        read(ResourceType::Observation, "o2"),
        read(ResourceType::Condition, "c"),
    ];
    let ask_all = |word: &'static str| {
        let (cache, keys, at) = (&cache, &keys, clock.now());
        async move {
            let mut seen = Vec::new();
            for key in keys {
                let answer = cache.answer(key, |_| async { fetched(key, "p", word, at) }).await;
                seen.push(text(&answer.unwrap().unwrap()));
            }
            seen
        }
    };
    assert_eq!(ask_all("1").await, ["1", "1", "1"]);
    cache.forget(&Forget::Resource(ResourceType::Observation, id("o1")));
    // The other read is of the same patient and type: of the patient's whole list of them nothing is left.
    assert_eq!(ask_all("2").await, ["2", "2", "1"]);
    cache.forget(&Forget::Type(ResourceType::Observation));
    assert_eq!(ask_all("3").await, ["3", "3", "1"]);
    cache.forget(&Forget::All);
    assert_eq!(ask_all("4").await, ["4", "4", "4"]);
}

#[tokio::test]
async fn memory_is_bounded_and_the_index_follows() {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let options = CacheOptions { max_bytes: 1_000_000, ..CacheOptions::default() };
    let cache = Cache::new(options, Arc::clone(&clock) as _);
    for number in 0..2000 {
        let key = read(ResourceType::Observation, &format!("o{number}"));
        let large = "x".repeat(5000);
        cache.answer(&key, |_| async { fetched(&key, "p", &large, clock.now()) }).await.unwrap();
    }
    let (entries, (indexed, places)) = cache.indexed();
    assert!((100..=180).contains(&entries), "{entries}");
    assert_eq!((indexed as u64, places as u64), (entries, entries));
    let huge = "x".repeat(300_000);
    let key = read(ResourceType::Observation, "huge");
    let answer = cache.answer(&key, |_| async { fetched(&key, "p", &huge, clock.now()) }).await;
    assert_eq!(answer.unwrap().unwrap().origin().how, OriginKind::Bypass("too_large"));
}

#[tokio::test]
async fn answers_that_are_not_kept_say_why_and_are_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let mut options = CacheOptions::default();
    options.fresh_for_type.insert(ResourceType::Binary, Duration::ZERO);
    let cache = metrics::with_local_recorder(&recorder, || Cache::new(options, Arc::clone(&clock) as _));
    let _guard = metrics::set_default_local_recorder(&recorder);
    let no_store = Freshness { no_store: true, ..Freshness::default() };
    for (key, freshness, reason) in [
        (read(ResourceType::Observation, "o"), no_store, "no_store"),
        (read(ResourceType::Binary, "b"), Freshness::default(), "type_not_kept"),
    ] {
        for _ in 0..2 {
            let made = body(&key, Some("p"), "x", clock.now());
            let answer = cache.answer(&key, |_| async { Ok(Fetched::Body(made, freshness.clone())) }).await;
            assert_eq!(answer.unwrap().unwrap().origin().how, OriginKind::Bypass(reason));
        }
        let line = format!("chartgate_cache_answers_total{{how=\"bypass\",reason=\"{reason}\"}} 2");
        assert!(handle.render().contains(&line), "{}", handle.render());
    }
}

#[tokio::test]
async fn what_is_not_there_is_remembered_briefly_and_never_stands_in() {
    let (clock, cache) = cache();
    let key = read(ResourceType::Observation, "o");
    let absent = || cache.answer(&key, |_| async { Ok(Fetched::Absent) });
    assert!(absent().await.unwrap().is_none());
    let down = || cache.answer(&key, |_: Validator| async { Err(UpstreamError::Timeout) });
    assert!(down().await.unwrap().is_none(), "from memory");
    clock.advance(10 * SECOND);
    assert_eq!(down().await.unwrap_err(), UpstreamError::Timeout);
}
