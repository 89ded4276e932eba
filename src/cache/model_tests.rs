//! Random histories against a model that is simple enough to be believed.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::access::unreleased::OriginKind;
use crate::access::upstream::{Fetched, Freshness, UpstreamError, Validator};
use crate::domain::clock::{Clock as _, ManualClock, Timestamp};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::tests::{SECOND, body, id, read, search, text};
use super::{Cache, CacheOptions};

#[derive(Clone, Debug)]
enum Event {
    Fetch(usize),
    Advance(u64),
    /// The EHR's record changes; version 0 is "not there".
    Change(usize, u64),
    Down(bool),
    PurgePatient(&'static str),
    PurgeType(ResourceType),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..KEYS).prop_map(Event::Fetch),
        3 => prop_oneof![Just(1), Just(4), Just(11), Just(61), Just(400), Just(1900)].prop_map(Event::Advance),
        2 => (0..KEYS, 0..3_u64).prop_map(|(key, version)| Event::Change(key, version)),
        1 => any::<bool>().prop_map(Event::Down),
        1 => prop_oneof![Just("p1"), Just("p2")].prop_map(Event::PurgePatient),
        1 => prop_oneof![Just(ResourceType::Observation), Just(ResourceType::Patient)].prop_map(Event::PurgeType),
    ];
    prop::collection::vec(event, 1..60)
}

const KEYS: usize = 5;

/// A key, whose data its answers hold, and what the EHR says about keeping them.
struct Kind {
    key: Interaction,
    patient: Option<&'static str>,
    /// Goes with every patient's purge: while there; while not there.
    anybodys: (bool, bool),
    said: Option<Duration>,
}

fn kinds() -> [Kind; KEYS] {
    let kind = |key, patient, anybodys, said| Kind { key, patient, anybodys, said };
    [
        kind(read(ResourceType::Patient, "p1"), Some("p1"), (false, false), None),
        kind(read(ResourceType::Observation, "o"), Some("p1"), (false, true), Some(10 * SECOND)),
        kind(search(ResourceType::Observation, Some("p2"), "patient=p2"), Some("p2"), (false, false), None),
        kind(read(ResourceType::Practitioner, "d"), None, (false, false), None),
        kind(
            search(ResourceType::Patient, None, "identifier=1"),
            Some("p2"),
            (true, true),
            Some(Duration::ZERO),
        ),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Held {
    version: u64,
    as_of: u64,
    fresh_for: u64,
    paused_until: u64,
}

const FRESH: u64 = 60;
const ABSENT: u64 = 10;
const STALE: u64 = 1800;
const PAUSE: u64 = 5;

/// What a fetch must give: version (0: not there), how, and calls made; or a failure.
type Outcome = (Result<(u64, Option<OriginKind>), UpstreamError>, u32);

fn expected(held: &mut Option<Held>, kind: &Kind, truth: u64, down: bool, now: u64) -> Outcome {
    let how = |version, how| Ok((version, (version > 0).then_some(how)));
    if let Some(h) = held.as_ref().filter(|h| now - h.as_of < h.fresh_for) {
        return (how(h.version, OriginKind::Hit), 0);
    }
    let stands_in = |h: &&mut Held| h.version > 0 && h.fresh_for > 0 && now - h.as_of < STALE;
    if let Some(h) = held.as_mut().filter(|h| now < h.paused_until).filter(stands_in) {
        return (how(h.version, OriginKind::Stale), 0);
    }
    if down {
        return match held.as_mut().filter(stands_in) {
            Some(h) => {
                h.paused_until = now + PAUSE;
                (how(h.version, OriginKind::Stale), 1)
            }
            None => (Err(UpstreamError::Timeout), 1),
        };
    }
    let confirmed = held.as_ref().is_some_and(|h| h.version == truth) && truth > 0;
    let fresh_for = if truth == 0 { ABSENT } else { kind.said.map_or(FRESH, |said| said.as_secs()) };
    *held = Some(Held { version: truth, as_of: now, fresh_for, paused_until: 0 });
    (how(truth, if confirmed { OriginKind::Revalidated } else { OriginKind::Miss }), 1)
}

async fn run(history: Vec<Event>) -> Result<(), TestCaseError> {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let options = CacheOptions {
        fresh_for: Duration::from_secs(FRESH),
        absent_for: Duration::from_secs(ABSENT),
        max_stale: Duration::from_secs(STALE),
        pause: Duration::from_secs(PAUSE),
        ..CacheOptions::default()
    };
    let cache = Cache::new(options, Arc::clone(&clock) as _);
    let kinds = kinds();
    let (mut truth, mut held, mut down) = ([1_u64; KEYS], [None::<Held>; KEYS], false);
    for event in history {
        let now = u64::try_from(clock.now().as_seconds()).unwrap();
        match event {
            Event::Advance(seconds) => clock.advance(Duration::from_secs(seconds)),
            Event::Change(key, version) => truth[key] = version,
            Event::Down(state) => down = state,
            Event::PurgePatient(patient) => {
                cache.invalidate_patient(&id(patient)).await;
                for (kind, held) in kinds.iter().zip(&mut held) {
                    let there = held.is_some_and(|h| h.version > 0);
                    let anybodys = if there { kind.anybodys.0 } else { kind.anybodys.1 };
                    let named = kind.key.patient().is_some_and(|named| named.as_str() == patient);
                    if named || anybodys || (there && kind.patient == Some(patient)) {
                        *held = None;
                    }
                }
            }
            Event::PurgeType(resource_type) => {
                cache.invalidate_type(resource_type).await;
                for (kind, held) in kinds.iter().zip(&mut held) {
                    if kind.key.resource_type() == resource_type {
                        *held = None;
                    }
                }
            }
            Event::Fetch(at) => {
                let (kind, version) = (&kinds[at], truth[at]);
                let calls = Cell::new(0);
                let ask = |validator: Validator| {
                    calls.set(calls.get() + 1);
                    let answer = upstream(kind, version, down, &validator, clock.now());
                    async { answer }
                };
                let got = cache.answer(&kind.key, ask).await;
                let got = got.map(|body| match body {
                    Some(body) => (text(&body).parse().unwrap(), Some(body.origin().how)),
                    None => (0, None),
                });
                prop_assert_eq!((got, calls.get()), expected(&mut held[at], kind, version, down, now));
            }
        }
    }
    Ok(())
}

fn upstream(
    kind: &Kind,
    version: u64,
    down: bool,
    validator: &Validator,
    now: Timestamp,
) -> Result<Fetched, UpstreamError> {
    if down {
        return Err(UpstreamError::Timeout);
    }
    if version == 0 {
        return Ok(Fetched::Absent);
    }
    let etag: Arc<str> = version.to_string().into();
    let confirmed = validator.etag.as_deref() == Some(&*etag);
    let validator = Validator { etag: Some(etag), last_modified: None };
    let freshness = Freshness { fresh_for: kind.said, no_store: false, validator };
    Ok(if confirmed {
        Fetched::NotModified(freshness)
    } else {
        Fetched::Body(body(&kind.key, kind.patient, &version.to_string(), now), freshness)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_cache_does_what_the_model_says(history in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(history))?;
    }
}
