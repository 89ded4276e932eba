//! Random faults over random reads: whatever is answered is right, or a clear error, and nothing wrong is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use chartgate::domain::random::{Random as _, SeededRandom};
use chartgate::sandbox::faults::{Fault, Schedule};
use serde_json::Value;

use super::stage::{Stage, resources};
use crate::facade::world::Answer;

/// After this long nothing is held that was said under a fault: the longest that the EHR's own word on freshness is taken.
const FORGOTTEN: Duration = Duration::from_hours(2);

/// What a request comes to without faults.
enum Right {
    Resource(Value),
    Matches(BTreeMap<String, Value>),
    NotFound,
}

/// Faults for which a test would have to wait, or that are not of one request.
fn is_quick(fault: Fault) -> bool {
    !fault.is_of_tokens()
        && !matches!(
            fault,
            Fault::SlowHeaders | Fault::SlowBody | Fault::Trickle | Fault::Refused | Fault::TooLarge
        )
}

async fn requests(stage: &Stage) -> Vec<(String, Right)> {
    let mut paths: Vec<String> =
        ["Observation", "Condition", "Encounter", "MedicationRequest", "DiagnosticReport"]
            .iter()
            .flat_map(|kind| [stage.search(kind), format!("{}&_count=3", stage.search(kind))])
            .collect();
    paths.push(format!("/Patient/{}", stage.patient));
    paths.push(format!("/Patient/{}", stage.stranger));
    paths.push(format!("/Observation?patient={}", stage.stranger));
    paths.push("/Observation/nowhere".to_owned());
    paths.push(format!("{}&_include=Encounter:practitioner", stage.search("Encounter")));
    for kind in ["Observation", "Condition"] {
        let ids = stage.get(&format!("{}&_count=2", stage.search(kind))).await.ids();
        paths.extend(ids.into_iter().map(|id| format!("/{kind}/{id}")));
    }
    let mut requests = Vec::new();
    for path in paths {
        let right = right(&stage.get(&path).await);
        requests.push((path, right));
    }
    requests
}

fn right(answer: &Answer) -> Right {
    match answer.status.as_u16() {
        200 if answer.json()["resourceType"] == "Bundle" => Right::Matches(resources(answer)),
        200 => Right::Resource(answer.json()),
        404 => Right::NotFound,
        other => panic!("{other}: {}", answer.text()),
    }
}

/// Of what the EHR said under a fault nothing but what it also says without may come out, but for the fault's own mark on it.
fn judge(path: &str, answer: &Answer, right: &Right, at: &str) {
    match (answer.status.as_u16(), right) {
        (200, Right::Resource(expected)) => {
            let mut found = answer.json();
            // Megabytes are what the EHR says, too.
            if found["text"]["div"].as_str().is_some_and(|text| text.len() > 1_000_000) {
                found["text"] = expected["text"].clone();
            }
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&found[name], value, "{at} {path} {name}");
            }
        }
        (200, Right::Matches(expected)) => {
            for (id, found) in resources(answer) {
                let expected = expected.get(&id);
                // A later page may have come into this one while pages moved; it is the same patient's all the same.
                if let Some(expected) = expected {
                    assert_eq!(found["subject"], expected["subject"], "{at} {path} {id}");
                    assert_eq!(found["code"], expected["code"], "{at} {path} {id}");
                } else {
                    let owner = found["subject"]["reference"].as_str().unwrap_or_default().to_owned();
                    let of_directory =
                        matches!(found["resourceType"].as_str(), Some("Practitioner" | "Organization"));
                    let asked = path.split_once("patient=").map(|(_, id)| id.split('&').next().unwrap());
                    assert!(
                        of_directory || owner == format!("Patient/{}", asked.unwrap()),
                        "{at} {path}: {found}"
                    );
                }
            }
        }
        (404, _) => {
            assert_eq!(answer.json()["issue"][0]["code"], "not-found", "{at} {path}");
        }
        (422 | 502 | 503 | 504, _) => {
            let outcome = answer.json();
            assert_eq!(outcome["resourceType"], "OperationOutcome", "{at} {path}");
        }
        (other, _) => panic!("{at} {path}: {other} {}", answer.text()),
    }
}

async fn run(seed: u64, rounds: usize) {
    let stage = Stage::cached().await;
    let requests = requests(&stage).await;
    let random = SeededRandom::new(seed);
    let draw = |below: usize| {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(below).unwrap()).unwrap()
    };
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(|fault| is_quick(*fault)).collect();
    for round in 0..rounds {
        stage.proxy.set(Schedule {
            faults: faults.clone(),
            one_in: 1 + u32::try_from(draw(3)).unwrap(),
            seed: seed + u64::try_from(round).unwrap(),
            stranger: Some(stage.stranger.clone()),
            ..Schedule::default()
        });
        for step in 0..12 {
            let (path, right) = &requests[draw(requests.len())];
            let answer = stage.get(path).await;
            judge(path, &answer, right, &format!("seed {seed} round {round} step {step}"));
            stage.world.clock.advance(Duration::from_secs(u64::try_from(draw(400)).unwrap()));
        }
        stage.proxy.heal();
        stage.world.clock.advance(FORGOTTEN);
        for (path, right) in &requests {
            let answer = stage.get(path).await;
            let at = format!("seed {seed}, after round {round}: {path}");
            match right {
                Right::Resource(expected) => assert_eq!(&answer.json(), expected, "{at}"),
                Right::Matches(expected) => assert_eq!(&resources(&answer), expected, "{at}"),
                Right::NotFound => assert_eq!(answer.status, 404, "{at}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_random_faults_an_answer_is_right_or_an_error_and_nothing_wrong_is_kept() {
    let rounds = std::env::var("CHARTGATE_FAULT_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("CHARTGATE_FAULT_SEED").map_or(1, |seed| seed.parse().unwrap());
    run(seed, rounds).await;
}
