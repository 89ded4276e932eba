//! Time: what is hidden and what is not there are told at the same moments. In the tests it is looked at that refusals leave at multiples
//! of a step; `make timing` measures the distributions of thousands of interleaved requests and prints a table.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::leaks_http::{asker, ward, world};
use crate::oracle_server::dice::Dice;
use crate::oracle_server::server::Running;
use crate::oracle_server::ward::Served;

/// What is compared: a request about something hidden, and the same about nothing.
const PAIRS: &[(&str, &str, &str)] = &[
    ("read of another patient's", "/Observation/lee-lab1", "/Observation/none-lab1"),
    ("read of a restricted one", "/Observation/kim-psy", "/Observation/kim-xxx"),
    ("read of another patient", "/Patient/lee", "/Patient/xxx"),
    ("content of a hidden note", "/Binary/lee-note", "/Binary/xxx-note"),
    ("content near a patient", "/Binary/kim-secret?patient=kim", "/Binary/kim-nothing?patient=kim"),
    ("search for a patient beyond reach", "/Observation?patient=lee", "/Observation?patient=xxx"),
    ("search by a hidden id", "/Observation?_id=lee-lab1", "/Observation?_id=xxx-lab1"),
    (
        "search by a hidden identifier",
        "/Patient?identifier=urn:mrn|MRN-lee",
        "/Patient?identifier=urn:mrn|MRN-xxx",
    ),
    ("search by name", "/Patient?family=Elk", "/Patient?family=Owl"),
    ("whole record", "/Patient/lee/$everything", "/Patient/xxx/$everything"),
    (
        "a patient's, with and without hidden ones",
        "/Observation?patient=kim&category=hidden",
        "/Observation?patient=kim&category=none",
    ),
];

/// Besides the small record: a great many restricted results of kim's, and another family.
fn extra() -> Vec<Value> {
    let restricted =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]});
    let mut all = vec![json!({"resourceType": "Patient", "id": "moe", "name": [{"family": "Elk"}],
        "generalPractitioner": [{"reference": "Practitioner/d1"}]})];
    all.extend((0..30).map(|number| {
        json!({"resourceType": "Observation", "id": format!("kim-hidden{number}"), "meta": restricted,
            "category": [{"coding": [{"code": "hidden"}]}], "subject": {"reference": "Patient/kim"}})
    }));
    all
}

async fn server(step: &str, delay: u64) -> (Running, String) {
    let mut ward = ward(extra());
    ward.ignores_patient = false;
    let world = world(ward, Vec::new());
    let ehr = Served::start((*world.bodies).clone()).await;
    let server = Running::start_even(ehr, &world, step).await;
    server.ehr.delay.store(delay, Ordering::Relaxed);
    let token = server.token(&asker("ana", &["user/*.rs"], None)).await.0;
    (server, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_found_is_told_at_multiples_of_a_step() {
    let (server, token) = server("80ms", 2).await;
    for (what, hidden, nothing) in PAIRS.iter().filter(|(_, hidden, _)| !hidden.contains("category")) {
        for path in [hidden, nothing] {
            for time in ["cold", "warm"] {
                if time == "cold" {
                    server.clock.advance(Duration::from_secs(301));
                }
                let begun = Instant::now();
                let answer = server.get(path, &token).await;
                assert!(
                    begun.elapsed() >= Duration::from_millis(80),
                    "{what}, {time}: {:?}",
                    begun.elapsed()
                );
                assert!(!answer.text().contains('~'));
            }
        }
    }
    // What is found, or is a refusal by the token alone, is told at once.
    server.get("/Observation/kim-lab1", &token).await;
    let narrow = server.token(&asker("ana", &["user/Patient.rs"], None)).await.0;
    let quickest = async |path: &str, token: &str| {
        let mut quickest = Duration::MAX;
        for _ in 0..8 {
            let begun = Instant::now();
            server.get(path, token).await;
            quickest = quickest.min(begun.elapsed());
        }
        quickest
    };
    assert!(quickest("/Observation/kim-lab1", &token).await < Duration::from_millis(80));
    assert!(quickest("/Observation/lee-lab1", &narrow).await < Duration::from_millis(80));
}

/// Mann and Whitney's U as a standard score: how surely one sample tends to be larger; beyond 4 it is no accident.
fn score(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|x| (*x, true)).chain(other.iter().map(|x| (*x, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ranks: f64 =
        all.iter().zip(1_u32..).filter(|((_, first), _)| *first).map(|(_, rank)| f64::from(rank)).sum();
    let size = |sample: &[f64]| f64::from(u32::try_from(sample.len()).unwrap());
    let (n, m) = (size(one), size(other));
    let u = ranks - n * (n + 1.0) / 2.0;
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

fn median(sample: &mut [f64]) -> f64 {
    sample.sort_by(f64::total_cmp);
    sample[sample.len() / 2]
}

/// Run by `make timing`: `CHARTGATE_TIMING` says how many samples of each kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_what_is_hidden_and_what_is_not_there() {
    let wanted = std::env::var("CHARTGATE_TIMING").ok().and_then(|text| text.parse().ok());
    let samples: usize = wanted.unwrap_or(2);
    let delay = 8;
    eprintln!(
        "EHR answers in {delay} ms; {samples} samples each, interleaved; medians in ms, difference in us, Mann-Whitney z"
    );
    for (step, steps) in [("0s", "at once"), ("100ms", "every 100 ms")] {
        let (server, token) = server(step, delay).await;
        for cache in ["cold", "warm"] {
            for (what, hidden, nothing) in PAIRS {
                let mut times: [Vec<f64>; 2] = Default::default();
                let mut dice = Dice::new(9, samples as u64);
                for _ in 0..samples {
                    // Both in either order, so that what drifts drifts for both.
                    let first = dice.below(2);
                    for which in [first, 1 - first] {
                        if cache == "cold" {
                            server.clock.advance(Duration::from_secs(301));
                        }
                        let begun = Instant::now();
                        server.get(if which == 0 { hidden } else { nothing }, &token).await;
                        times[which].push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                }
                let z = score(&times[0], &times[1]);
                let [hidden, nothing] = times.each_mut().map(|times| median(times));
                let difference = (hidden - nothing) * 1e3;
                eprintln!(
                    "{steps:13} {cache:5} {what:44} {hidden:9.3} {nothing:9.3} {difference:9.0} {z:7.1}"
                );
            }
        }
    }
    assert!(samples >= 2);
}
