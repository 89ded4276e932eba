//! Clients, launches, codes, tokens, consents.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::subject::Actor;
use chartgate::domain::client::{ClientKind, ClientState, Launch, Principal};
use chartgate::domain::ids::{AuthorizationId, ClientId, PracticeId};
use chartgate::domain::secret::TokenHash;
use chartgate::store::StoreError;
use chartgate::store::authorizations::CodeRedemption;
use chartgate::store::consents::Consent;
use chartgate::store::tokens::RefreshRotation;

use super::on_both;
use super::samples::{
    access_token, account_id, authorization, client, code, patient, practice, provider, refresh_token,
};
use crate::support::databases::{Database, Kind, START};

on_both! {
    clients_come_back_as_they_went_in;
    a_launch_is_taken_once;
    a_code_works_once_in_time;
    a_reused_code_revokes_what_came_of_it;
    a_code_redeemed_by_twenty_at_once_works_once;
    a_rolled_back_redemption_gives_the_code_back;
    tokens_tell_the_subject;
    a_revocation_is_there_with_the_next_request;
    an_expired_token_is_unknown;
    refresh_tokens_rotate;
    a_reused_refresh_token_revokes_the_family;
    a_refresh_token_exchanged_by_twenty_at_once_works_once;
    a_jti_is_used_once;
    consents_are_remembered;
    removing_a_client_ends_its_tokens;
    what_a_person_authorized_can_be_ended;
    spent_codes_and_tokens_are_swept;
}

async fn ready(kind: Kind) -> Database {
    let db = Database::new(kind).await;
    db.store.insert_account(&provider("ana", 0)).await.unwrap();
    db.store.insert_client(&client("app")).await.unwrap();
    db.store.insert_authorization(&authorization("z1", "app", "ana")).await.unwrap();
    db
}

fn z1() -> AuthorizationId {
    AuthorizationId::parse("z1").unwrap()
}

async fn clients_come_back_as_they_went_in(kind: Kind) {
    let db = Database::new(kind).await;
    let app = client("app");
    db.store.insert_client(&app).await.unwrap();
    assert_eq!(db.store.client(&app.id).as_deref(), Some(&app), "from memory at once");
    assert_eq!(db.store.insert_client(&app).await.unwrap_err(), StoreError::Conflict("clients.id"));
    db.store.insert_practice(&practice("north", None, &[])).await.unwrap();
    let mut backend = client("backend");
    backend.kind = ClientKind::Backend;
    backend.practice = Some(PracticeId::parse("north").unwrap());
    db.store.insert_client(&backend).await.unwrap();
    assert_eq!(db.store.clients().await.unwrap(), [app.clone(), backend]);
    assert!(db.store.set_client_state(&app.id, ClientState::Suspended).await.unwrap());
    assert_eq!(db.store.client(&app.id).unwrap().state, ClientState::Suspended);
    assert!(db.store.remove_client(&app.id).await.unwrap());
    assert!(!db.store.remove_client(&app.id).await.unwrap());
    assert!(db.store.client(&app.id).is_none());
    let mut dangling = client("dangling");
    dangling.practice = Some(PracticeId::parse("nowhere").unwrap());
    assert_eq!(db.store.insert_client(&dangling).await.unwrap_err(), StoreError::Dangling);
}

async fn a_launch_is_taken_once(kind: Kind) {
    let db = ready(kind).await;
    let launch = |name: &str| Launch {
        hash: TokenHash::of(name),
        client: ClientId::parse("app").unwrap(),
        account: account_id("ana"),
        context: authorization("z1", "app", "ana").context,
        expires_at: START.plus(Duration::from_mins(5)),
    };
    db.store.insert_launch(&launch("l1")).await.unwrap();
    db.store.insert_launch(&launch("l2")).await.unwrap();
    let taken = at_once(20, |_| {
        let store = db.store.clone();
        async move { store.take_launch(&TokenHash::of("l1")).await.unwrap() }
    })
    .await;
    assert_eq!(taken.iter().flatten().collect::<Vec<_>>(), [&launch("l1")]);
    assert_eq!(db.store.take_launch(&TokenHash::of("zz")).await.unwrap(), None);
    db.clock.advance(Duration::from_mins(5));
    assert_eq!(db.store.take_launch(&TokenHash::of("l2")).await.unwrap(), None, "expired");
}

async fn a_code_works_once_in_time(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_code(&code("c1", "z1")).await.unwrap();
    db.store.insert_code(&code("c2", "z1")).await.unwrap();
    assert_eq!(
        db.store.redeem_code(&TokenHash::of("c1")).await.unwrap(),
        CodeRedemption::Redeemed {
            code: code("c1", "z1"),
            authorization: Box::new(authorization("z1", "app", "ana")),
        }
    );
    assert_eq!(db.store.redeem_code(&TokenHash::of("zz")).await.unwrap(), CodeRedemption::Unknown);
    db.clock.advance(Duration::from_mins(1));
    assert_eq!(db.store.redeem_code(&TokenHash::of("c2")).await.unwrap(), CodeRedemption::Expired);
    db.store.insert_authorization(&authorization("z2", "app", "ana")).await.unwrap();
    let mut late = code("c3", "z2");
    late.expires_at = START.plus(Duration::from_hours(1));
    db.store.insert_code(&late).await.unwrap();
    db.store.revoke_authorization(&late.authorization).await.unwrap();
    assert_eq!(db.store.redeem_code(&late.hash).await.unwrap(), CodeRedemption::Unknown, "revoked");
}

async fn a_reused_code_revokes_what_came_of_it(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_code(&code("c1", "z1")).await.unwrap();
    db.store.redeem_code(&TokenHash::of("c1")).await.unwrap();
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    db.store.insert_refresh_token(&refresh_token("r1", "z1")).await.unwrap();
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_some());
    assert_eq!(db.store.redeem_code(&TokenHash::of("c1")).await.unwrap(), CodeRedemption::Reused(z1()));
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_none());
    let later = START.plus(Duration::from_hours(1));
    let rotation = db.store.rotate_refresh(&TokenHash::of("r1"), &TokenHash::of("r2"), later).await.unwrap();
    assert_eq!(rotation, RefreshRotation::Unknown);
}

async fn a_code_redeemed_by_twenty_at_once_works_once(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_code(&code("c1", "z1")).await.unwrap();
    let results = at_once(20, |_| {
        let store = db.store.clone();
        async move { store.redeem_code(&TokenHash::of("c1")).await.unwrap() }
    })
    .await;
    let redeemed = results.iter().filter(|r| matches!(r, CodeRedemption::Redeemed { .. })).count();
    let reused = results.iter().filter(|r| **r == CodeRedemption::Reused(z1())).count();
    assert_eq!((redeemed, reused), (1, 19));
    assert!(db.store.authorization(&z1()).await.unwrap().unwrap().revoked_at.is_some());
}

async fn a_rolled_back_redemption_gives_the_code_back(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_code(&code("c1", "z1")).await.unwrap();
    let mut transaction = db.store.begin().await.unwrap();
    transaction.redeem_code(&TokenHash::of("c1")).await.unwrap();
    drop(transaction);
    let again = db.store.redeem_code(&TokenHash::of("c1")).await.unwrap();
    assert!(matches!(again, CodeRedemption::Redeemed { .. }));
}

async fn tokens_tell_the_subject(kind: Kind) {
    let db = ready(kind).await;
    let hash = TokenHash::of("t1");
    assert!(db.store.subject_of(&hash).await.unwrap().is_none(), "unknown, and not remembered as such");
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    assert!(db.store.subject_in_memory(&hash).is_none());
    let token = db.store.subject_of(&hash).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&token, &db.store.subject_in_memory(&hash).unwrap()));
    assert_eq!(token.subject.actor, Actor::Account(account_id("ana")));
    assert_eq!(token.subject.client, Some(ClientId::parse("app").unwrap()));
    assert_eq!(token.subject.patient, Some(patient("p1")));
    assert_eq!(token.subject.scopes.texts().collect::<Vec<_>>().len(), 3);
    assert_eq!((token.authorization.as_str(), token.issued_at), ("z1", START));

    db.store.insert_practice(&practice("north", None, &[])).await.unwrap();
    let mut system = authorization("z2", "app", "ana");
    system.principal = Principal::Practice(PracticeId::parse("north").unwrap());
    db.store.insert_authorization(&system).await.unwrap();
    assert_eq!(db.store.authorization(&system.id).await.unwrap(), Some(system.clone()));
    db.store.insert_access_token(&access_token("t2", "z2")).await.unwrap();
    let token = db.store.subject_of(&TokenHash::of("t2")).await.unwrap().unwrap();
    assert_eq!(token.subject.actor, Actor::Practice(PracticeId::parse("north").unwrap()));
}

async fn a_revocation_is_there_with_the_next_request(kind: Kind) {
    let db = ready(kind).await;
    for name in ["t1", "t2"] {
        db.store.insert_access_token(&access_token(name, "z1")).await.unwrap();
        assert!(db.store.subject_of(&TokenHash::of(name)).await.unwrap().is_some());
    }
    assert!(db.store.revoke_access_token(&TokenHash::of("t1")).await.unwrap());
    assert!(!db.store.revoke_access_token(&TokenHash::of("t1")).await.unwrap());
    assert!(db.store.subject_in_memory(&TokenHash::of("t1")).is_none());
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_none());
    assert!(db.store.subject_of(&TokenHash::of("t2")).await.unwrap().is_some());
    assert!(db.store.revoke_authorization(&z1()).await.unwrap());
    assert!(!db.store.revoke_authorization(&z1()).await.unwrap());
    assert!(db.store.subject_in_memory(&TokenHash::of("t2")).is_none());
    assert!(db.store.subject_of(&TokenHash::of("t2")).await.unwrap().is_none());
}

async fn an_expired_token_is_unknown(kind: Kind) {
    let db = ready(kind).await;
    for name in ["t1", "t2"] {
        db.store.insert_access_token(&access_token(name, "z1")).await.unwrap();
    }
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_some());
    db.clock.advance(Duration::from_hours(1));
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_none(), "was in memory");
    assert!(db.store.subject_of(&TokenHash::of("t2")).await.unwrap().is_none(), "was not");
}

async fn refresh_tokens_rotate(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_refresh_token(&refresh_token("r1", "z1")).await.unwrap();
    let in_three_months = START.plus(Duration::from_hours(24 * 90));
    let (r1, r2, r3) = (TokenHash::of("r1"), TokenHash::of("r2"), TokenHash::of("r3"));
    let stored = db.store.refresh_token(&r1).await.unwrap().unwrap();
    assert!(stored.live);
    assert_eq!(stored.authorization, authorization("z1", "app", "ana"));
    let later = in_three_months.plus(Duration::from_hours(24 * 30));
    db.clock.advance(Duration::from_hours(24 * 30));
    let rotation = db.store.rotate_refresh(&r1, &r2, later).await.unwrap();
    assert!(matches!(rotation, RefreshRotation::Rotated { .. }));
    assert!(!db.store.refresh_token(&r1).await.unwrap().unwrap().live);
    let renewed = db.store.refresh_token(&r2).await.unwrap().unwrap();
    assert_eq!((renewed.live, renewed.expires_at), (true, later), "each exchange renews its life");
    assert_eq!(
        db.store.rotate_refresh(&TokenHash::of("zz"), &r3, later).await.unwrap(),
        RefreshRotation::Unknown
    );
    db.clock.advance(Duration::from_hours(24 * 91));
    assert_eq!(db.store.rotate_refresh(&r2, &r3, later).await.unwrap(), RefreshRotation::Expired);
    assert!(db.store.refresh_token(&r3).await.unwrap().is_none());
}

async fn a_reused_refresh_token_revokes_the_family(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_refresh_token(&refresh_token("r1", "z1")).await.unwrap();
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_some());
    let later = START.plus(Duration::from_hours(48));
    let (r1, r2, r3) = (TokenHash::of("r1"), TokenHash::of("r2"), TokenHash::of("r3"));
    db.store.rotate_refresh(&r1, &r2, later).await.unwrap();
    assert_eq!(db.store.rotate_refresh(&r1, &r3, later).await.unwrap(), RefreshRotation::Reused(z1()));
    assert_eq!(db.store.rotate_refresh(&r2, &r3, later).await.unwrap(), RefreshRotation::Unknown);
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_none());
}

async fn a_refresh_token_exchanged_by_twenty_at_once_works_once(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_refresh_token(&refresh_token("r1", "z1")).await.unwrap();
    let later = START.plus(Duration::from_hours(48));
    let results = at_once(20, |n| {
        let store = db.store.clone();
        async move {
            let new = TokenHash::of(&format!("new-{n}"));
            store.rotate_refresh(&TokenHash::of("r1"), &new, later).await.unwrap()
        }
    })
    .await;
    let rotated = results.iter().filter(|r| matches!(r, RefreshRotation::Rotated { .. })).count();
    let reused = results.iter().filter(|r| **r == RefreshRotation::Reused(z1())).count();
    assert_eq!((rotated, reused), (1, 19));
}

async fn a_jti_is_used_once(kind: Kind) {
    let db = Database::new(kind).await;
    let until = START.plus(Duration::from_mins(5));
    let first = at_once(20, |_| {
        let store = db.store.clone();
        async move { store.use_jti("app", "j1", until).await.unwrap() }
    })
    .await;
    assert_eq!(first.iter().filter(|fresh| **fresh).count(), 1);
    assert!(db.store.use_jti("app", "j2", until).await.unwrap());
    assert!(db.store.use_jti("other", "j1", until).await.unwrap(), "another issuer's");
    assert!(db.store.use_jti("ap", "pj1", until).await.unwrap(), "the pair counts, not the text");
    db.clock.advance(Duration::from_mins(6));
    assert_eq!(db.store.sweep().await.unwrap(), 0, "a node whose clock is behind would still take it");
    assert!(!db.store.use_jti("app", "j1", until).await.unwrap());
    db.clock.advance(Duration::from_mins(15));
    assert_eq!(db.store.sweep().await.unwrap(), 4);
}

async fn consents_are_remembered(kind: Kind) {
    let db = ready(kind).await;
    let (ana, app) = (account_id("ana"), ClientId::parse("app").unwrap());
    assert_eq!(db.store.consent(&ana, &app).await.unwrap(), None);
    let consent = |scope: &str| Consent { scope: scope.to_owned(), offered: "openid fhirUser".to_owned() };
    db.store.remember_consent(&ana, &app, &consent("openid")).await.unwrap();
    db.store.remember_consent(&ana, &app, &consent("openid fhirUser")).await.unwrap();
    assert_eq!(db.store.consent(&ana, &app).await.unwrap(), Some(consent("openid fhirUser")));
    assert_eq!(db.store.consents_of(&ana).await.unwrap(), std::slice::from_ref(&app));
    assert!(db.store.forget_consent(&ana, &app).await.unwrap());
    assert!(!db.store.forget_consent(&ana, &app).await.unwrap());
}

async fn removing_a_client_ends_its_tokens(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_some());
    db.store.remove_client(&ClientId::parse("app").unwrap()).await.unwrap();
    assert!(db.store.subject_of(&TokenHash::of("t1")).await.unwrap().is_none());
    assert_eq!(db.store.authorization(&z1()).await.unwrap(), None);
}

async fn what_a_person_authorized_can_be_ended(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_client(&client("app2")).await.unwrap();
    db.store.insert_authorization(&authorization("z2", "app2", "ana")).await.unwrap();
    db.store.insert_authorization(&authorization("z3", "app2", "ana")).await.unwrap();
    let ana = account_id("ana");
    assert_eq!(db.store.authorizations_of(&ana).await.unwrap().len(), 3);
    let app2 = ClientId::parse("app2").unwrap();
    assert_eq!(db.store.revoke_authorizations_of(&ana, Some(&app2)).await.unwrap(), 2);
    assert_eq!(db.store.authorizations_of(&ana).await.unwrap().len(), 1);
    assert_eq!(db.store.revoke_authorizations_of(&ana, None).await.unwrap(), 1);
}

async fn spent_codes_and_tokens_are_swept(kind: Kind) {
    let db = ready(kind).await;
    db.store.insert_code(&code("c1", "z1")).await.unwrap();
    db.store.insert_access_token(&access_token("t1", "z1")).await.unwrap();
    db.clock.advance(Duration::from_hours(2));
    assert_eq!(db.store.sweep().await.unwrap(), 1, "the access token; the code stays to be recognised");
    assert!(db.store.authorization(&z1()).await.unwrap().is_some());
    db.clock.advance(Duration::from_hours(24 * 8));
    db.store.sweep().await.unwrap();
    assert_eq!(db.store.authorization(&z1()).await.unwrap(), None, "nothing hangs on it any more");
}

/// Runs `count` of these at once.
async fn at_once<T, F>(count: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(task(n))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
