//! What other processes change is seen: a command on the file of a running server, another node on PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chartgate::access::sources::RelationshipSource as _;
use chartgate::domain::client::ClientState;
use chartgate::domain::ids::{AuthorizationId, ClientId, GrantId};
use chartgate::domain::secret::TokenHash;

use super::on_both;
use super::samples::{access_token, account_id, authorization, client, grant, patient, provider};
use crate::support::databases::{Database, Kind};

on_both! {
    another_process_is_followed;
    refresh_takes_in_what_changed_and_no_more;
    a_process_that_slept_too_long_loads_everything;
    many_changes_at_once_are_taken_in;
}

/// Waits until it is so; how long a follower may take is what the store promises.
async fn soon(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(5), "not so within 5 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn another_process_is_followed(kind: Kind) {
    let db = Database::new(kind).await;
    let server = db.other().await;
    let called = Arc::new(AtomicU32::new(0));
    let following = tokio::spawn({
        let (server, called) = (server.clone(), called.clone());
        async move {
            let count = || {
                called.fetch_add(1, Ordering::SeqCst);
                std::future::ready(())
            };
            server.follow(count).await;
        }
    });
    let command = &db.store;
    command.insert_account(&provider("ana", 0)).await.unwrap();
    command.insert_client(&client("app")).await.unwrap();
    command.insert_grant(&grant("g1", "ana", "p1")).await.unwrap();
    command.insert_authorization(&authorization("z1", "app", "ana")).await.unwrap();
    for name in ["t1", "t2"] {
        command.insert_access_token(&access_token(name, "z1")).await.unwrap();
    }
    let app = ClientId::parse("app").unwrap();
    soon("the client is known", || server.client(&app).is_some()).await;
    let grants = || server.directory().grants(&account_id("ana"), &patient("p1")).len();
    soon("the grant holds", || grants() == 1).await;
    for name in ["t1", "t2"] {
        assert!(server.subject_of(&TokenHash::of(name)).await.unwrap().is_some(), "needs no following");
    }

    command.set_client_state(&app, ClientState::Suspended).await.unwrap();
    command.revoke_grant(&GrantId::parse("g1").unwrap()).await.unwrap();
    command.revoke_access_token(&TokenHash::of("t1")).await.unwrap();
    soon("the client is suspended", || {
        server.client(&app).is_some_and(|client| client.state == ClientState::Suspended)
    })
    .await;
    soon("the grant is gone", || grants() == 0).await;
    soon("the token is dead", || server.subject_in_memory(&TokenHash::of("t1")).is_none()).await;
    assert!(server.subject_of(&TokenHash::of("t1")).await.unwrap().is_none());
    assert!(server.subject_in_memory(&TokenHash::of("t2")).is_some(), "and that one lives");
    command.revoke_authorization(&AuthorizationId::parse("z1").unwrap()).await.unwrap();
    soon("all its tokens are dead", || server.subject_in_memory(&TokenHash::of("t2")).is_none()).await;
    assert!(called.load(Ordering::SeqCst) > 0);
    following.abort();
}

async fn refresh_takes_in_what_changed_and_no_more(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    assert!(!other.refresh().await.unwrap());
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    assert!(!db.store.refresh().await.unwrap(), "its own change is taken in already");
    assert!(other.refresh().await.unwrap());
    assert!(!other.refresh().await.unwrap());
    // Both change in turn, and each sees the other's.
    for n in 0..5 {
        other.insert_client(&client(&format!("o{n}"))).await.unwrap();
        db.store.insert_client(&client(&format!("d{n}"))).await.unwrap();
    }
    assert!(db.store.refresh().await.unwrap());
    assert!(other.refresh().await.unwrap());
    for n in 0..5 {
        for name in [format!("o{n}"), format!("d{n}")] {
            let id = ClientId::parse(&name).unwrap();
            assert!(db.store.client(&id).is_some() && other.client(&id).is_some(), "{name}");
        }
    }
    assert!(!db.store.refresh().await.unwrap() && !other.refresh().await.unwrap());
}

async fn a_process_that_slept_too_long_loads_everything(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    db.clock.advance(Duration::from_hours(25));
    db.store.sweep().await.unwrap();
    db.store.insert_client(&client("app")).await.unwrap();
    assert!(other.refresh().await.unwrap());
    let subject = chartgate::access::subject::Subject {
        actor: chartgate::access::subject::Actor::Account(account_id("ana")),
        client: Some(ClientId::parse("app").unwrap()),
        scopes: std::sync::Arc::default(),
        patient: None,
    };
    assert!(other.directory().standing(&subject).active, "both the swept change and the later one");
    assert!(!other.refresh().await.unwrap());
}

async fn many_changes_at_once_are_taken_in(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    let mut transaction = db.store.begin().await.unwrap();
    for n in 0..1500 {
        transaction.insert_grant(&grant(&format!("{n:032x}"), "ana", &format!("p{n}"))).await.unwrap();
    }
    transaction.commit().await.unwrap();
    assert!(other.refresh().await.unwrap());
    for store in [&db.store, &other] {
        assert_eq!(store.directory().grants(&account_id("ana"), &patient("p1499")).len(), 1);
    }
    assert!(!other.refresh().await.unwrap() && !db.store.refresh().await.unwrap());
}
