//! Group commit, over a chain that can be slow, or broken.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::log::{AuditLog, Chain};
use crate::access::sources::{AuditSink, AuditUnavailable};
use crate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::domain::clock::Timestamp;
use futures_util::future::BoxFuture;

fn event(number: i64) -> AuditEvent {
    AuditEvent {
        at: Timestamp::from_millis(number),
        kind: AuditKind::Disclosure,
        outcome: AuditOutcome::Success,
        account: None,
        practice: None,
        client: None,
        patients: Vec::new(),
        what: "Patient read".to_owned(),
        reason: None,
        resources: 1,
        request: None,
        address: None,
    }
}

/// Writes a batch for each permit given.
#[derive(Clone)]
struct Slow {
    batches: Arc<Mutex<Vec<Vec<i64>>>>,
    permits: Arc<Semaphore>,
}

impl Slow {
    fn new() -> Self {
        Self { batches: Arc::default(), permits: Arc::new(Semaphore::new(0)) }
    }
}

impl Chain for Slow {
    fn append<'a>(&'a self, batch: &'a [AuditEvent]) -> BoxFuture<'a, Result<(), AuditUnavailable>> {
        Box::pin(async move {
            self.permits.acquire().await.map_err(|_| AuditUnavailable)?.forget();
            self.batches.lock().push(batch.iter().map(|event| event.at.as_millis()).collect());
            Ok(())
        })
    }
}

#[tokio::test]
async fn d10_nobody_goes_on_before_the_batch_is_written_and_batches_gather() {
    let chain = Slow::new();
    let (log, writer) = AuditLog::new(chain.clone());
    let writing = tokio::spawn(writer.run());
    let recording: Vec<_> = (0..100)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.record(event(number)).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(recording.iter().all(|task| !task.is_finished()), "nothing is written yet");
    chain.permits.add_permits(1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let first = chain.batches.lock()[0].len();
    assert_eq!(
        recording.iter().filter(|task| task.is_finished()).count(),
        first,
        "just those that are written"
    );
    chain.permits.add_permits(100);
    for task in recording {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    drop(log);
    writing.await.unwrap();
    let batches = chain.batches.lock();
    assert!(batches.len() <= 3, "one hundred events made {} transactions", batches.len());
    let mut all: Vec<i64> = batches.concat();
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_handed_in_is_written_although_the_request_is_given_up() {
    let chain = Slow::new();
    let (log, writer) = AuditLog::new(chain.clone());
    let writing = tokio::spawn(writer.run());
    let request = tokio::time::timeout(Duration::from_millis(50), log.record(event(7)));
    assert!(request.await.is_err(), "the client went away");
    chain.permits.add_permits(1);
    drop(log);
    writing.await.unwrap();
    assert_eq!(*chain.batches.lock(), [[7]]);
}

struct Broken;

impl Chain for Broken {
    fn append<'a>(&'a self, _: &'a [AuditEvent]) -> BoxFuture<'a, Result<(), AuditUnavailable>> {
        Box::pin(async { Err(AuditUnavailable) })
    }
}

#[tokio::test]
async fn d10_what_cannot_be_written_is_an_error_and_so_is_a_writer_that_ended() {
    let (log, writer) = AuditLog::new(Broken);
    let writing = tokio::spawn(writer.run());
    assert_eq!(log.record(event(1)).await, Err(AuditUnavailable));
    writing.abort();
    let _ = writing.await;
    assert_eq!(log.record(event(2)).await, Err(AuditUnavailable));
}
