//! What the log says of requests about patients: everything an operator needs, and no PHI (`docs/LOGGING.md`).

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use chartgate::sandbox::ehr::Down;
use chartgate::telemetry::{LogFormat, LogOptions, Sink, layer};
use parking_lot::Mutex;
use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt as _;

use super::demo::demo;
use super::world::subject;

#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<u8>>>);

impl Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fields that a request line may have.
const FIELDS: &[&str] = &[
    "age_s",
    "at",
    "cache",
    "level",
    "method",
    "reason",
    "request",
    "resources",
    "route",
    "status",
    "target",
    "took_us",
];

#[tokio::test]
async fn the_log_at_its_most_talkative_holds_no_phi() {
    let collected = Collected::default();
    let sink = Sink::new(Box::new(collected.clone()));
    let options = LogOptions { format: LogFormat::Json, filter: "trace".to_owned() };
    let subscriber = tracing_subscriber::registry().with(layer(&options, sink.clone()).unwrap());
    // Where only one subscriber exists, tracing lets the first thread that meets an event decide for all: a second one keeps
    // tests beside this one, which have none, from deciding.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);

    let (world, ehr) = demo().await;
    let token = world.token(subject("dr-0", "user/*.rs", None));
    let hospital = &ehr.world().hospital;
    let child = hospital.children().iter().find(|child| child.gp.iter().any(|gp| gp.practice() == Some(0)));
    let child = child.expect("the practice has a patient");
    let other = hospital.children().iter().find(|child| child.gp.iter().all(|gp| gp.practice() != Some(0)));
    let (id, other) = (child.id(), other.expect("another has one too").id());
    let asked = [
        format!("/Patient/{id}"),
        format!("/Patient/{other}"),
        format!("/Patient?family={}&birthdate={}", child.family, child.birth),
        format!("/Patient?identifier={}", child.mrn),
        format!("/Observation?patient={id}&_count=3"),
        format!("/Observation?patient={id}&invented={}", child.family),
        format!("/{}/{id}", child.family),
        format!("/Observation/{id}%20{}", child.mrn),
    ];
    for path in &asked {
        world.get(path, &token).await;
    }
    for trouble in [Down::Drop, Down::Unavailable] {
        ehr.knobs().change(|knobs| knobs.down = trouble);
        world.get(&asked[0], &token).await;
    }
    ehr.knobs().change(|knobs| (knobs.down, knobs.broken_json) = (Down::No, true));
    world.get(&asked[0], &token).await;
    world.get(&asked[4], &token).await;
    ehr.knobs().change(|knobs| (knobs.broken_json, knobs.throttle_every) = (false, 1));
    world.get(&asked[4], &token).await;
    drop(guard);
    sink.flush();

    let text = String::from_utf8(collected.0.lock().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["target"] == "chartgate::request").collect();
    assert_eq!(requests.len(), asked.len() + 5);
    for line in &requests {
        let fields: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(fields.iter().all(|field| FIELDS.contains(field)), "{fields:?}");
        assert!(line["route"].as_str().unwrap().starts_with("/fhir/r4/{type}"), "{line}");
        assert_eq!(line["request"].as_str().unwrap().len(), 32);
    }
    assert_eq!((&requests[0]["status"], &requests[0]["resources"]), (&200.into(), &1.into()));
    assert!(
        lines.iter().any(|line| line["target"].as_str().unwrap().starts_with("chartgate::ehr")),
        "failures show"
    );

    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    for child in hospital.children() {
        for phi in [&child.mrn, &child.id(), &child.birth.to_string(), &child.family, &child.given] {
            assert!(!words.contains(phi.as_str()), "the log names {phi}");
        }
    }
    for path in &asked {
        assert!(!text.contains(path.as_str()), "the log holds {path}");
    }
    assert!(!text.contains(&token) && !text.contains("cga_") && !text.contains("Patient/"));
}
