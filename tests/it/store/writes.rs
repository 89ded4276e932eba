//! Transactions under load, under cancellation, between processes.

use std::time::Duration;

use chartgate::domain::secret::TokenHash;
use chartgate::store::{Store, StoreError, StoreOptions};

use super::on_both;
use super::samples::{provider, session};
use crate::support::databases::{Database, Kind};

on_both! {
    many_writers_at_once_all_succeed;
    a_failed_statement_spoils_nobody_elses_work;
    callers_that_give_up_leave_nothing_behind;
    two_processes_write_in_turn;
    opening_twice_at_once_migrates_once;
    a_closed_store_says_so;
}

async fn many_writers_at_once_all_succeed(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move { store.insert_session(&session(&format!("s{n}"), "ana")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for n in 0..200 {
        assert!(db.store.session(&TokenHash::of(&format!("s{n}"))).await.unwrap().is_some(), "{n}");
    }
}

async fn a_failed_statement_spoils_nobody_elses_work(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                match n % 3 {
                    0 => store.insert_session(&session(&format!("s{n}"), "ana")).await,
                    1 => store.insert_session(&session("s0", "nobody")).await,
                    _ => {
                        let mut transaction = store.begin().await?;
                        transaction.insert_session(&session(&format!("s{n}"), "ana")).await?;
                        drop(transaction);
                        Ok(())
                    }
                }
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        let result = task.await.unwrap();
        if n % 3 == 1 {
            assert!(matches!(result, Err(StoreError::Dangling | StoreError::Conflict(_))), "{result:?}");
        } else {
            result.unwrap();
        }
    }
    for n in 0..60 {
        let found = db.store.session(&TokenHash::of(&format!("s{n}"))).await.unwrap().is_some();
        assert_eq!(found, n % 3 == 0, "{n}");
    }
}

async fn callers_that_give_up_leave_nothing_behind(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    // Cut off at every stage: waiting for the turn, beginning, writing, committing.
    for n in 0..300_u64 {
        let store = db.store.clone();
        let name = format!("cut{n}");
        let task = tokio::spawn(async move { store.insert_session(&session(&name, "ana")).await });
        tokio::time::sleep(Duration::from_micros(n * 7 % 900)).await;
        task.abort();
    }
    // Whatever became of those, the next one goes through, and at once.
    let after = session("after", "ana");
    let write = db.store.insert_session(&after);
    tokio::time::timeout(Duration::from_secs(5), write).await.expect("nothing is held up").unwrap();
    assert!(db.store.session(&TokenHash::of("after")).await.unwrap().is_some());
}

async fn two_processes_write_in_turn(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let other = db.other().await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
            tokio::spawn(async move { store.insert_session(&session(&format!("s{n}"), "ana")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for n in 0..100 {
        assert!(other.session(&TokenHash::of(&format!("s{n}"))).await.unwrap().is_some(), "{n}");
    }
}

async fn opening_twice_at_once_migrates_once(kind: Kind) {
    let directory = tempfile::tempdir().unwrap();
    let url = match kind {
        Kind::Sqlite => format!("sqlite:{}", directory.path().join("new.db").display()),
        Kind::Postgres => crate::support::postgres::new_database().await,
    };
    let options = StoreOptions::new(&url).synchronous(false);
    let clock = chartgate::domain::clock::ManualClock::new(crate::support::databases::START);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (options, clock) = (options.clone(), clock.clone());
            tokio::spawn(async move { Store::open_ready(&options, clock).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

async fn a_closed_store_says_so(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.ping().await.unwrap();
    db.store.close().await;
    assert!(matches!(db.store.ping().await, Err(StoreError::Unavailable(_))));
    let write = db.store.insert_account(&provider("ana", 0)).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn addresses_that_mean_nothing_are_refused() {
    let clock = chartgate::domain::clock::ManualClock::new(crate::support::databases::START);
    for url in
        ["", "mysql://x/y", "/tmp/x.db", "postgres://[", "sqlite:?mode=never", "sqlite::memory:", "sqlite:"]
    {
        let error = Store::open(&StoreOptions::new(url), clock.clone()).await.unwrap_err();
        assert!(matches!(error, StoreError::Address(_)), "{url}: {error}");
    }
    let nowhere = StoreOptions::new("sqlite:/no/such/place/x.db");
    assert!(matches!(Store::open(&nowhere, clock).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn the_sqlite_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = Database::new(Kind::Sqlite).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let path = std::path::PathBuf::from(db.url.trim_start_matches("sqlite:"));
    let mut seen = 0;
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and the log's index");
}

/// A process that appends audit events and says of each that it is durable; it is killed in the middle of that.
#[tokio::test]
async fn killed_in_the_middle_it_kept_what_it_said_it_kept() {
    const CHILD: &str = "CHARTGATE_TEST_APPENDS_TO";
    let clock = chartgate::domain::clock::ManualClock::new(crate::support::databases::START);
    let event = super::samples::event(crate::support::databases::START, &["p1"]);
    if let Ok(url) = std::env::var(CHILD) {
        let store = Store::open_ready(&StoreOptions::new(&url), clock).await.unwrap();
        loop {
            let head = store.append_audit(std::slice::from_ref(&event)).await.unwrap();
            println!("durable {}", head.number);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("killed.db").display());
    let mut said = 0;
    for _ in 0..3 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "store::writes::killed_in_the_middle_it_kept_what_it_said_it_kept",
            ])
            .env(CHILD, &url)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let enough = said + 20;
        for line in lines {
            let line = line.unwrap();
            if let Some(number) = line.strip_prefix("durable ") {
                said = number.parse::<u64>().unwrap();
                if said == enough {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
    }
    assert!(said >= 60);
    let store = Store::open_ready(&StoreOptions::new(&url), clock).await.unwrap();
    assert!(store.audit_head().await.unwrap().number >= said);
    assert_eq!(store.verify_audit().await.unwrap(), None);
}

#[tokio::test]
async fn a_transaction_inside_another_is_an_error_and_not_the_end() {
    let db = Database::new(Kind::Sqlite).await;
    let outer = db.store.begin().await.unwrap();
    assert!(matches!(db.store.begin().await, Err(StoreError::Unavailable(_))));
    drop(outer);
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
}

/// PostgreSQL restarts, a firewall forgets: connections end.
#[tokio::test]
async fn lost_connections_are_made_anew() {
    use sqlx::{Connection as _, Executor as _};
    let db = Database::new(Kind::Postgres).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let server = db.other().await;
    let following = tokio::spawn({
        let server = server.clone();
        async move { server.follow(|| std::future::ready(())).await }
    });
    let mut transaction = db.store.begin().await.unwrap();
    transaction.insert_session(&session("lost", "ana")).await.unwrap();
    let mut admin = sqlx::PgConnection::connect(&db.url).await.unwrap();
    admin
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    assert!(matches!(transaction.commit().await, Err(StoreError::Unavailable(_))));
    db.store.insert_session(&session("after", "ana")).await.unwrap();
    assert!(db.store.session(&TokenHash::of("after")).await.unwrap().is_some());
    assert!(db.store.session(&TokenHash::of("lost")).await.unwrap().is_none());
    let client = super::samples::client("app");
    db.store.insert_client(&client).await.unwrap();
    for _ in 0..500 {
        if server.client(&client.id).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.client(&client.id).is_some(), "the follower listens again");
    following.abort();
}
