//! What the cache takes of memory, and what keeps its place in it.

use std::sync::Arc;
use std::time::Duration;

use crate::access::upstream::{Fetched, Freshness};
use crate::domain::clock::{Clock as _, ManualClock, Timestamp};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::tests::{body, read, search};
use super::{Cache, CacheOptions};

fn cache(max_bytes: u64) -> (Arc<ManualClock>, Cache) {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let options = CacheOptions { max_bytes, fresh_for: Duration::from_hours(1), ..CacheOptions::default() };
    (Arc::clone(&clock), Cache::new(options, clock))
}

/// Reads `key`; whether it came from memory.
async fn ask(cache: &Cache, clock: &ManualClock, key: &Interaction, patient: &str, bytes: usize) -> bool {
    let asked = std::cell::Cell::new(false);
    let fetch = |_| async {
        asked.set(true);
        let made = body(key, Some(patient), &"x".repeat(bytes), clock.now());
        Ok(Fetched::Body(made, Freshness::default()))
    };
    cache.answer(key, fetch).await.unwrap().unwrap();
    !asked.get()
}

/// A practice's system reads a hundred thousand resources once, in sizes as they come, while clinicians go on with what they read.
#[tokio::test]
async fn a_scan_does_not_push_out_what_is_read_often() {
    let (clock, cache) = cache(8 * 1024 * 1024);
    let often: Vec<_> = (0..200)
        .map(|number| match number % 4 {
            0 => (search(ResourceType::Observation, Some("p"), &format!("patient=p&code={number}")), 20_000),
            _ => (read(ResourceType::Observation, &format!("often-{number}")), 3_000),
        })
        .collect();
    for _ in 0..5 {
        for (key, bytes) in &often {
            ask(&cache, &clock, key, "p", *bytes).await;
        }
    }
    let mut hits = 0;
    let mut reads = 0;
    for number in 0..100_000_usize {
        let key = read(ResourceType::Observation, &format!("scan-{number}"));
        ask(&cache, &clock, &key, "q", if number % 50 == 0 { 40_000 } else { 2_000 }).await;
        if number % 20 == 0 {
            let (key, bytes) = &often[(number / 20) % often.len()];
            hits += usize::from(ask(&cache, &clock, key, "p", *bytes).await);
            reads += 1;
        }
    }
    assert_eq!(reads, 5000);
    assert!(hits >= 4750, "of {reads} reads {hits} came from memory");
    let (_, (indexed, places)) = cache.indexed();
    assert!(cache.report().bytes <= 8 * 1024 * 1024, "{}", cache.report().bytes);
    assert_eq!(indexed, places, "the index forgets along with the cache");
    assert!(cache.report().evicted > 90_000);
}

/// Whoever asks for ids at random fills a small share, and pushes nothing else out.
#[tokio::test]
async fn what_is_not_there_takes_a_small_share() {
    let (clock, cache) = cache(8 * 1024 * 1024);
    let there: Vec<_> = (0..1000).map(|n| read(ResourceType::Observation, &format!("there-{n}"))).collect();
    for key in &there {
        ask(&cache, &clock, key, "p", 4_000).await;
    }
    let before = cache.report();
    for number in 0..50_000 {
        let key = read(ResourceType::Observation, &format!("guess-{number}"));
        assert!(cache.answer(&key, |_| async { Ok(Fetched::Absent) }).await.unwrap().is_none());
    }
    let (entries, (indexed, _)) = cache.indexed();
    let after = cache.report();
    assert!(after.bytes <= before.bytes + 8 * 1024 * 1024 / 32, "{} {}", before.bytes, after.bytes);
    assert_eq!((entries, after.absent), (indexed as u64, entries - before.entries));
    assert!(after.absent < 1000, "{}", after.absent);
    for key in &there {
        assert!(ask(&cache, &clock, key, "p", 4_000).await, "{key:?} is still there");
    }
}

#[tokio::test]
async fn what_comes_to_be_takes_the_place_of_its_absence_and_the_other_way_round() {
    let (clock, cache) = cache(1024 * 1024);
    let key = read(ResourceType::Observation, "o");
    let absent = || cache.answer(&key, |_| async { Ok(Fetched::Absent) });
    assert!(absent().await.unwrap().is_none());
    clock.advance(Duration::from_secs(10));
    assert!(!ask(&cache, &clock, &key, "p", 100).await);
    assert_eq!((cache.report().entries, cache.report().absent), (1, 0));
    clock.advance(Duration::from_hours(1));
    assert!(absent().await.unwrap().is_none());
    let (_, places) = cache.indexed();
    assert_eq!((cache.report().entries, cache.report().absent, places), (1, 1, (1, 0)));
}

/// Resident memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// What the weights say, against what the process takes: bodies, their index, the cache's and this module's own places.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_bound_in_bytes_is_near_what_is_really_taken() {
    // In a process of its own alone: beside other tests the process's memory says nothing of the cache's.
    if std::env::var_os("NEXTEST").is_none() {
        return;
    }
    let mut factors = Vec::new();
    for (bytes, count) in [(300, 60_000), (3_700, 12_000), (65_000, 1_000)] {
        let (clock, cache) = cache(1024 * 1024 * 1024);
        let before = resident();
        for number in 0..count {
            let key = read(ResourceType::Observation, &format!("observation-{number}"));
            ask(&cache, &clock, &key, &format!("patient-{}", number % 500), bytes).await;
        }
        let taken = u32::try_from((resident() - before) / 1024).unwrap();
        let weighed = u32::try_from(cache.report().bytes / 1024).unwrap();
        factors.push(f64::from(taken) / f64::from(weighed));
        // Kept to the end of the process, so that the next size does not fill its holes.
        std::mem::forget(cache);
    }
    assert!(factors.iter().all(|factor| (0.7..=1.2).contains(factor)), "{factors:?}");
}
