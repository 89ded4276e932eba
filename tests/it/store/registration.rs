//! Registrations that change, initial access tokens, clients' failures.

use std::time::Duration;

use chartgate::domain::client::{ClientKind, ClientState};
use chartgate::domain::failure::ClientFailure;
use chartgate::domain::ids::{ClientId, InitialTokenId, RequestId};
use chartgate::domain::registration::{InitialToken, InitialTokenState};
use chartgate::domain::secret::TokenHash;
use chartgate::store::failures::{KEPT_AT_MOST, KEPT_FOR};

use super::on_both;
use super::samples::{access_token, authorization, client, provider};
use crate::support::databases::{Database, Kind, START};

on_both! {
    of_two_changes_at_once_one_wins;
    a_token_is_used_as_often_as_it_says;
    failures_count_and_are_bounded;
    a_token_tells_its_client;
}

async fn of_two_changes_at_once_one_wins(kind: Kind) {
    let db = Database::new(kind).await;
    let other = db.other().await;
    db.store.insert_client(&client("app")).await.unwrap();
    let id = ClientId::parse("app").unwrap();
    let seen = db.store.registration(&id).await.unwrap().unwrap();
    assert_eq!((seen.client.clone(), seen.revision), (client("app"), 0));
    let mut tasks = Vec::new();
    for n in 0..10 {
        let mut changed = seen.client.clone();
        changed.name = format!("Name {n}");
        let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move { store.replace_client(&changed, 0).await }));
    }
    let mut won = 0;
    for task in tasks {
        won += i32::from(task.await.unwrap().unwrap());
    }
    assert_eq!(won, 1);
    let now = db.store.registration(&id).await.unwrap().unwrap();
    assert_eq!(now.revision, 1);
    assert_ne!(now.client.name, seen.client.name);
    db.store.set_client_state(&id, ClientState::Suspended).await.unwrap();
    assert!(!db.store.replace_client(&now.client, 1).await.unwrap(), "a change of state is a change");
    db.store.remove_client(&id).await.unwrap();
    assert!(!db.store.replace_client(&now.client, 2).await.unwrap());
    assert!(db.store.registration(&id).await.unwrap().is_none());
}

fn token(id: &str, uses: u32) -> InitialToken {
    InitialToken {
        id: InitialTokenId::parse(id).unwrap(),
        label: "Growth Charts Ltd".to_owned(),
        kinds: vec![ClientKind::Public, ClientKind::Backend],
        scope: "patient/*.rs".to_owned(),
        at_once: true,
        practice: None,
        uses,
        used: 0,
        created_at: START,
        expires_at: START.plus(Duration::from_hours(1)),
        revoked_at: None,
    }
}

async fn a_token_is_used_as_often_as_it_says(kind: Kind) {
    let db = Database::new(kind).await;
    let hash = TokenHash::of("one");
    db.store.insert_initial_token(&token("t1", 3), &hash).await.unwrap();
    assert_eq!(db.store.initial_tokens().await.unwrap(), [token("t1", 3)]);
    let mut transaction = db.store.begin().await.unwrap();
    assert!(transaction.use_initial_token(&hash).await.unwrap().is_some());
    drop(transaction);
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let store = db.store.clone();
        tasks.push(tokio::spawn(async move { store.use_initial_token(&hash).await.unwrap().is_some() }));
    }
    let mut used = 0;
    for task in tasks {
        used += i32::from(task.await.unwrap());
    }
    assert_eq!(used, 3, "a use that is rolled back is not one");
    assert_eq!(db.store.initial_tokens().await.unwrap()[0].state(START), InitialTokenState::UsedUp);

    let late = TokenHash::of("late");
    db.store.insert_initial_token(&token("t2", 9), &late).await.unwrap();
    let gone = TokenHash::of("gone");
    db.store.insert_initial_token(&token("t3", 9), &gone).await.unwrap();
    assert!(db.store.revoke_initial_token(&InitialTokenId::parse("t3").unwrap()).await.unwrap());
    assert!(!db.store.revoke_initial_token(&InitialTokenId::parse("t3").unwrap()).await.unwrap());
    assert!(db.store.use_initial_token(&gone).await.unwrap().is_none(), "taken back");
    assert!(db.store.use_initial_token(&TokenHash::of("zz")).await.unwrap().is_none());
    db.clock.advance(Duration::from_hours(1));
    assert!(db.store.use_initial_token(&late).await.unwrap().is_none(), "expired");
}

fn failure(error: &str, proven: bool) -> ClientFailure {
    ClientFailure {
        client: ClientId::parse("app").unwrap(),
        endpoint: "/oauth/token".to_owned(),
        error: error.to_owned(),
        proven,
        code: "invalid_grant".to_owned(),
        description: "No.".to_owned(),
        request: RequestId::parse("r1").ok(),
        count: 1,
        last_at: START,
    }
}

async fn failures_count_and_are_bounded(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_client(&client("app")).await.unwrap();
    let id = ClientId::parse("app").unwrap();
    let stray = ClientFailure { client: ClientId::parse("nobody").unwrap(), ..failure("InvalidCode", false) };
    db.store.add_failures(&[failure("InvalidCode", false), stray]).await.unwrap();
    let later = ClientFailure {
        request: RequestId::parse("r2").ok(),
        count: 4,
        last_at: START.plus(Duration::from_secs(1)),
        ..failure("InvalidCode", false)
    };
    db.store.add_failures(&[later.clone(), failure("InvalidCode", true)]).await.unwrap();
    let found = db.store.failures_of(&id, 10).await.unwrap();
    assert_eq!(found, [ClientFailure { count: 5, ..later }, failure("InvalidCode", true)]);

    // A flood in the name of the client does not wash away what the client did itself.
    let flood: Vec<_> = (0..KEPT_AT_MOST + 50)
        .map(|n| ClientFailure {
            last_at: START.plus(Duration::from_secs(u64::from(n))),
            ..failure(&format!("E{n}"), false)
        })
        .collect();
    db.store.add_failures(&flood).await.unwrap();
    let found = db.store.failures_of(&id, 1000).await.unwrap();
    assert_eq!(found.iter().filter(|failure| failure.proven).count(), 1);
    assert_eq!(found.len(), usize::try_from(KEPT_AT_MOST).unwrap() + 1);
    assert_eq!(found[0].error, format!("E{}", KEPT_AT_MOST + 49), "the latest first");

    db.clock.advance(KEPT_FOR + Duration::from_mins(10));
    db.store.sweep().await.unwrap();
    assert_eq!(db.store.failures_of(&id, 1000).await.unwrap(), []);
    db.store.add_failures(&[failure("InvalidCode", true)]).await.unwrap();
    assert!(db.store.remove_client(&id).await.unwrap(), "they go with their client");
    assert_eq!(db.store.failures_of(&id, 1000).await.unwrap(), []);
}

async fn a_token_tells_its_client(kind: Kind) {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    db.store.insert_client(&client("app")).await.unwrap();
    db.store.insert_authorization(&authorization("z1", "app", "ana")).await.unwrap();
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    db.clock.advance(Duration::from_hours(3));
    let hash = TokenHash::of("t1");
    assert_eq!(db.store.client_of_token(&hash).await.unwrap().unwrap().as_str(), "app", "although expired");
    assert_eq!(db.store.client_of_token(&TokenHash::of("zz")).await.unwrap(), None);
}
