//! The audit log over a real database: what was acknowledged survives the end of the process, whatever ends it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use chartgate::access::sources::AuditSink as _;
use chartgate::audit::{AuditLog, as_audit_event, who_looked};
use chartgate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use chartgate::domain::clock::{SystemClock, Timestamp};
use chartgate::domain::ids::{AccountId, FhirId};
use chartgate::store::{Store, StoreOptions};
use serde_json::Value;

const CHILD: &str = "CHARTGATE_TEST_AUDIT_CHILD";

fn event(number: i64) -> AuditEvent {
    AuditEvent {
        at: Timestamp::from_millis(1_790_000_000_000 + number),
        kind: AuditKind::Disclosure,
        outcome: AuditOutcome::Success,
        account: AccountId::parse("ana").ok(),
        practice: None,
        client: None,
        patients: vec![FhirId::parse("seen").unwrap()],
        what: "Observation search".to_owned(),
        reason: Some("pcp".to_owned()),
        resources: 1,
        request: None,
        address: Some("192.0.2.1".to_owned()),
    }
}

async fn open(path: &str) -> Store {
    let options = StoreOptions::new(&format!("sqlite:{path}"));
    Store::open_ready(&options, Arc::new(SystemClock)).await.unwrap()
}

/// What the child process of the next test does; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_records_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let (log, writer) = AuditLog::new(open(&path).await);
    tokio::spawn(writer.run());
    let recorders: Vec<_> = (0..8_i64)
        .map(|recorder| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    let number = number * 8 + recorder;
                    log.record(event(number)).await.unwrap();
                    // As the first byte of an answer: from here on the event must be there.
                    println!("durable {number}");
                }
            })
        })
        .collect();
    for recorder in recorders {
        recorder.await.unwrap();
    }
}

#[tokio::test]
async fn d10_no_event_is_lost_by_kill_once_its_answer_began() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db").display().to_string();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "facade::audit::child_that_records_until_it_is_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let number =
        |line: &String| line.rsplit_once("durable ").and_then(|(_, number)| number.parse::<i64>().ok());
    let mut acknowledged: Vec<i64> = lines.by_ref().filter_map(|line| number(&line)).take(500).collect();
    // SIGKILL: nothing in the child gets to run after this.
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(lines.filter_map(|line| number(&line)));
    assert!(acknowledged.len() >= 500);

    let store = open(&path).await;
    assert_eq!(store.verify_audit().await.unwrap(), None, "the chain holds");
    let head = store.audit_head().await.unwrap();
    let stored = store.read_audit(1, u32::try_from(head.number).unwrap()).await.unwrap();
    let stored: std::collections::HashSet<i64> =
        stored.iter().map(|stored| stored.event.at.as_millis() - 1_790_000_000_000).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|number| !stored.contains(number)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn d10_guardians_see_who_looked_and_privacy_officers_export() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("audit.db").display().to_string()).await;
    let (log, writer) = AuditLog::new(store.clone());
    tokio::spawn(writer.run());
    for number in 0..40 {
        log.record(event(number * 60_000)).await.unwrap();
    }
    let patient = FhirId::parse("seen").unwrap();
    let looks = who_looked(&store, &patient, 10).await.unwrap();
    assert_eq!(looks.len(), 1, "40 requests a minute apart are one look");
    assert_eq!(looks[0].account, AccountId::parse("ana").ok());
    assert_eq!(looks[0].to.since(looks[0].from).as_secs(), 39 * 60);
    let exported = as_audit_event(&store.read_audit(1, 1).await.unwrap()[0], "https://gate.example/fhir/r4");
    let exported: Value = serde_json::from_slice(&exported).unwrap();
    assert_eq!(exported["resourceType"], "AuditEvent");
    assert!(exported["meta"]["profile"][0].as_str().unwrap().ends_with("PatientQuery"));
    assert_eq!(exported["outcome"], "0");
}
