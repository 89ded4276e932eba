//! Random histories against a model that is simple enough to be believed.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use proptest::prelude::*;

use crate::access::forget::Forget;
use crate::access::unreleased::OriginKind;
use crate::access::upstream::{Fetched, Freshness, UpstreamError, Validator};
use crate::domain::clock::{Clock as _, ManualClock, Timestamp};
use crate::domain::ids::FhirId;
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
    Purge(Forget),
    /// The same while the EHR is being asked.
    FetchAcross(usize, Forget),
    /// What was found worth refreshing is refreshed, perhaps across a purge.
    Renew(Option<Forget>),
}

fn purges() -> impl Strategy<Value = Forget> {
    let patient = || prop_oneof![Just("p1"), Just("p2")].prop_map(id);
    let kind = || prop_oneof![Just(ResourceType::Observation), Just(ResourceType::Patient)];
    prop_oneof![
        1 => Just(Forget::All),
        2 => kind().prop_map(Forget::Type),
        3 => patient().prop_map(Forget::Patient),
        2 => (patient(), kind()).prop_map(|(patient, kind)| Forget::PatientType(patient, kind)),
        2 => Just(Forget::Resource(ResourceType::Observation, id("o"))),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..KEYS).prop_map(Event::Fetch),
        3 => prop_oneof![Just(1), Just(4), Just(11), Just(50), Just(61), Just(400), Just(1900)].prop_map(Event::Advance),
        2 => (0..KEYS, 0..3_u64).prop_map(|(key, version)| Event::Change(key, version)),
        1 => any::<bool>().prop_map(Event::Down),
        2 => purges().prop_map(Event::Purge),
        2 => (0..KEYS, purges()).prop_map(|(key, purge)| Event::FetchAcross(key, purge)),
        2 => prop::option::weighted(0.3, purges()).prop_map(Event::Renew),
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

impl Kind {
    /// Whether an answer, there or not, falls under a purge.
    fn falls_under(&self, there: bool, purge: &Forget) -> bool {
        let anybodys = if there { self.anybodys.0 } else { self.anybodys.1 };
        let is_of = |patient: &FhirId| {
            let named = self.key.patient() == Some(patient);
            named || anybodys || (there && self.patient == Some(patient.as_str()))
        };
        let asked = self.key.resource_type();
        match purge {
            Forget::All => true,
            Forget::Type(resource_type) => *resource_type == asked,
            Forget::Patient(patient) => is_of(patient),
            Forget::PatientType(patient, resource_type) => is_of(patient) && *resource_type == asked,
            Forget::Resource(resource_type, id) => {
                self.key == Interaction::Read { resource_type: *resource_type, id: id.clone() }
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Held {
    version: u64,
    as_of: u64,
    fresh_for: u64,
    paused_until: u64,
    reads: u32,
    due: bool,
}

const FRESH: u64 = 60;
const ABSENT: u64 = 10;
const STALE: u64 = 1800;
const PAUSE: u64 = 5;
const WORTH: u32 = 3;

/// What a fetch must give: version (0: not there), how, and calls made; or a failure.
type Outcome = (Result<(u64, Option<OriginKind>), UpstreamError>, u32);

/// The world as the model knows it.
struct Model {
    kinds: [Kind; KEYS],
    truth: [u64; KEYS],
    held: [Option<Held>; KEYS],
    down: bool,
    now: u64,
    /// Keys that are to be refreshed, in order.
    due: Vec<usize>,
}

impl Model {
    fn purge(&mut self, purge: &Forget) {
        for (kind, held) in self.kinds.iter().zip(&mut self.held) {
            if held.is_some_and(|held| kind.falls_under(held.version > 0, purge)) {
                *held = None;
            }
        }
    }

    /// What a fetch must give, while which `across` comes.
    fn fetch(&mut self, at: usize, across: Option<&Forget>) -> Outcome {
        let (now, kind) = (self.now, &self.kinds[at]);
        let how = |version, how| Ok((version, (version > 0).then_some(how)));
        let stands_in = |h: &Held| h.version > 0 && h.fresh_for > 0 && now - h.as_of < STALE;
        if let Some(h) = self.held[at].as_mut().filter(|h| now - h.as_of < h.fresh_for) {
            if h.version > 0 {
                h.reads += 1;
                // Eight tenths of 60 and of 10 seconds.
                if h.reads >= WORTH && !h.due && now - h.as_of >= h.fresh_for * 8 / 10 {
                    h.due = true;
                    self.due.push(at);
                }
            }
            return (how(h.version, OriginKind::Hit), 0);
        }
        if let Some(h) = self.held[at].filter(|h| now < h.paused_until).filter(stands_in) {
            return (how(h.version, OriginKind::Stale), 0);
        }
        let before = self.held[at];
        let gone = before.is_some_and(|h| across.is_some_and(|p| kind.falls_under(h.version > 0, p)));
        let there = self.truth[at] > 0;
        let lost = across.is_some_and(|purge| kind.falls_under(there, purge));
        if let Some(purge) = across {
            self.purge(purge);
        }
        if self.down {
            return match before.filter(stands_in).filter(|_| !gone) {
                Some(h) => {
                    self.held[at] = Some(Held { paused_until: now + PAUSE, ..h });
                    (how(h.version, OriginKind::Stale), 1)
                }
                None => (Err(UpstreamError::Timeout), 1),
            };
        }
        let truth = self.truth[at];
        let way = match before {
            _ if lost => OriginKind::Bypass("purged_meanwhile"),
            None => OriginKind::Miss,
            Some(h) if h.version == truth && there => OriginKind::Revalidated,
            Some(_) => OriginKind::Refetched,
        };
        self.put(at, lost);
        (how(truth, way), 1)
    }

    fn put(&mut self, at: usize, lost: bool) {
        let (truth, said) = (self.truth[at], self.kinds[at].said);
        let fresh_for = if truth == 0 { ABSENT } else { said.map_or(FRESH, |said| said.as_secs()) };
        let held = Held { version: truth, as_of: self.now, fresh_for, paused_until: 0, reads: 0, due: false };
        self.held[at] = (!lost).then_some(held);
    }

    /// How often the EHR must be asked when what is due is refreshed, while which `across` comes.
    fn renew(&mut self, at: usize, across: Option<&Forget>) -> u32 {
        let Some(before) = self.held[at] else { return 0 };
        let gone = across.is_some_and(|purge| self.kinds[at].falls_under(before.version > 0, purge));
        let lost = across.is_some_and(|purge| self.kinds[at].falls_under(self.truth[at] > 0, purge));
        if let Some(purge) = across {
            self.purge(purge);
        }
        if !self.down {
            self.put(at, lost);
        } else if !gone
            && before.version > 0
            && before.fresh_for > 0
            && self.now - before.as_of < STALE
            && let Some(held) = &mut self.held[at]
        {
            held.paused_until = self.now + PAUSE;
        }
        1
    }
}

async fn run(history: Vec<Event>) -> Result<(), TestCaseError> {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let options = CacheOptions {
        fresh_for: Duration::from_secs(FRESH),
        absent_for: Duration::from_secs(ABSENT),
        max_stale: Duration::from_secs(STALE),
        pause: Duration::from_secs(PAUSE),
        refresh_after_reads: WORTH,
        ..CacheOptions::default()
    };
    let cache = Cache::new(options, Arc::clone(&clock) as _);
    let mut queue = cache.renewals().unwrap();
    let mut model =
        Model { kinds: kinds(), truth: [1; KEYS], held: [None; KEYS], down: false, now: 0, due: Vec::new() };
    for event in history {
        match event {
            Event::Advance(seconds) => {
                clock.advance(Duration::from_secs(seconds));
                model.now += seconds;
            }
            Event::Change(key, version) => model.truth[key] = version,
            Event::Down(state) => model.down = state,
            Event::Purge(purge) => {
                cache.forget(&purge);
                model.purge(&purge);
            }
            Event::Fetch(at) => fetch(&cache, &clock, &mut model, at, None).await?,
            Event::FetchAcross(at, purge) => fetch(&cache, &clock, &mut model, at, Some(&purge)).await?,
            Event::Renew(across) => {
                let due = std::mem::take(&mut model.due);
                let queued: Vec<_> = std::iter::from_fn(|| queue.try_recv().ok()).collect();
                prop_assert_eq!(queued.len(), due.len());
                for (renewal, at) in queued.iter().zip(due) {
                    prop_assert_eq!(renewal.interaction(), &model.kinds[at].key);
                    let calls = Cell::new(0);
                    let ask = asking(&cache, &clock, &model, at, across.as_ref(), &calls);
                    cache.renew(renewal, ask).await;
                    prop_assert_eq!(calls.get(), model.renew(at, across.as_ref()));
                }
            }
        }
    }
    Ok(())
}

async fn fetch(
    cache: &Cache,
    clock: &ManualClock,
    model: &mut Model,
    at: usize,
    across: Option<&Forget>,
) -> Result<(), TestCaseError> {
    let calls = Cell::new(0);
    let got = cache.answer(&model.kinds[at].key, asking(cache, clock, model, at, across, &calls)).await;
    let got = got.map(|body| match body {
        Some(body) => (text(&body).parse().unwrap(), Some(body.origin().how)),
        None => (0, None),
    });
    prop_assert_eq!((got, calls.get()), model.fetch(at, across));
    Ok(())
}

/// The EHR, with what happens while it is asked.
fn asking<'a>(
    cache: &'a Cache,
    clock: &ManualClock,
    model: &Model,
    at: usize,
    across: Option<&'a Forget>,
    calls: &'a Cell<u32>,
) -> impl FnOnce(Validator) -> LocalBoxFuture<'a, Result<Fetched, UpstreamError>> {
    let (kind, version, down, now) = (&model.kinds[at], model.truth[at], model.down, clock.now());
    let (key, patient, said) = (kind.key.clone(), kind.patient, kind.said);
    move |validator: Validator| {
        calls.set(calls.get() + 1);
        let kind = Kind { key, patient, anybodys: (false, false), said };
        let answer = upstream(&kind, version, down, &validator, now);
        Box::pin(async move {
            if let Some(purge) = across {
                cache.forget(purge);
            }
            answer
        })
    }
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
    let freshness = Freshness { fresh_for: kind.said, validator, ..Freshness::default() };
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
