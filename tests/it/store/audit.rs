//! The audit log is one chain, whoever writes.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _};

use super::on_both;
use super::samples::{event, patient};
use crate::support::databases::{Database, Kind, START};

on_both! {
    events_are_numbered_and_chained;
    d10_events_are_found_by_patient;
    d10_many_batches_are_read_as_one_log;
    writers_at_once_make_one_chain;
    tampering_shows;
}

async fn events_are_numbered_and_chained(kind: Kind) {
    let db = Database::new(kind).await;
    assert_eq!(db.store.audit_head().await.unwrap().number, 0);
    assert_eq!(db.store.verify_audit().await.unwrap(), None);
    let events: Vec<_> =
        (0..150).map(|n| event(START.plus(Duration::from_millis(n)), &["p1", "p2"])).collect();
    let head = db.store.append_audit(&events[..1]).await.unwrap();
    assert_eq!(head.number, 1);
    let head = db.store.append_audit(&events[1..]).await.unwrap();
    assert_eq!(head.number, 150);
    assert_eq!(db.store.audit_head().await.unwrap(), head);
    let read = db.store.read_audit(1, 1000).await.unwrap();
    assert_eq!(read.iter().map(|stored| stored.event.clone()).collect::<Vec<_>>(), events);
    assert_eq!(read.iter().map(|stored| stored.number).collect::<Vec<_>>(), (1..=150).collect::<Vec<_>>());
    assert_eq!(read[149].hash, head.hash);
    assert_eq!(db.store.read_audit(20, 1).await.unwrap(), read[19..20]);
    assert_eq!(db.store.verify_audit().await.unwrap(), None);
}

async fn d10_events_are_found_by_patient(kind: Kind) {
    let db = Database::new(kind).await;
    let events =
        [event(START, &["p1"]), event(START, &["p2", "p1", "p1"]), event(START, &[]), event(START, &["p2"])];
    db.store.append_audit(&events).await.unwrap();
    let numbers = async |of: &str, before, limit| {
        let found = db.store.audit_of_patient(&patient(of), before, limit).await.unwrap();
        found.into_iter().map(|stored| stored.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers("p1", None, 10).await, [2, 1]);
    assert_eq!(numbers("p2", None, 1).await, [4]);
    assert_eq!(numbers("p2", Some(4), 1).await, [2]);
    assert!(numbers("p3", None, 10).await.is_empty());
}

/// More batches than are read at a time.
async fn d10_many_batches_are_read_as_one_log(kind: Kind) {
    let db = Database::new(kind).await;
    for n in 0..40 {
        let about: &[&str] = if n % 2 == 0 { &["p1"] } else { &["p2"] };
        db.store.append_audit(&[event(START, about), event(START, &[])]).await.unwrap();
    }
    let read = db.store.read_audit(2, 1000).await.unwrap();
    assert_eq!(read.iter().map(|stored| stored.number).collect::<Vec<_>>(), (2..=80).collect::<Vec<_>>());
    let of_p2 = db.store.audit_of_patient(&patient("p2"), None, 1000).await.unwrap();
    let expected: Vec<u64> = (0..20).rev().map(|n| 4 * n + 3).collect();
    assert_eq!(of_p2.iter().map(|stored| stored.number).collect::<Vec<_>>(), expected);
    assert_eq!(db.store.verify_audit().await.unwrap(), None);
}

async fn writers_at_once_make_one_chain(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
            tokio::spawn(async move {
                let batch = vec![event(START, &["p1"]); n % 5 + 1];
                store.append_audit(&batch).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.store.audit_head().await.unwrap().number, 60);
    assert_eq!(db.store.verify_audit().await.unwrap(), None);
}

async fn tampering_shows(kind: Kind) {
    for (damage, first_bad) in [
        ("UPDATE audit_batches SET events = REPLACE(events, 'pcp', 'grant') WHERE first = 3", 3),
        ("UPDATE audit_batches SET events = REPLACE(events, 'Observation', 'Condition') WHERE first = 1", 1),
        ("DELETE FROM audit_batches WHERE first = 1", 1),
        ("DELETE FROM audit_batches WHERE first = 3", 3),
        ("DELETE FROM audit_batches WHERE first = 6", 6),
        ("UPDATE audit_batches SET first = 20 WHERE first = 6", 6),
        ("UPDATE audit_batches SET events = '' WHERE first = 3", 3),
    ] {
        let db = Database::new(kind).await;
        for events in [2, 3, 1] {
            db.store.append_audit(&vec![event(START, &[]); events]).await.unwrap();
        }
        match kind {
            Kind::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(&db.url).await.unwrap();
                connection.execute(damage).await.unwrap();
            }
            Kind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&db.url).await.unwrap();
                connection.execute(damage).await.unwrap();
            }
        }
        assert_eq!(db.store.verify_audit().await.unwrap(), Some(first_bad), "{damage}");
    }
}
