//! Refresh tokens: rotation, reuse, life.

use std::time::Duration;

use chartgate::domain::account::AccountState;
use chartgate::domain::ids::AccountId;
use chartgate::domain::secret::TokenHash;
use serde_json::{Value, json};

use super::harness::{Answer, Server, confidential, public, words};
use super::signing::verified;

const SCOPE: &str = "launch/patient openid offline_access patient/*.rs";
const DAY: Duration = Duration::from_hours(24);

async fn refresh(server: &Server, client: &str, token: &Value) -> Answer {
    refresh_as(server, client, token, &[]).await
}

async fn refresh_as(server: &Server, client: &str, token: &Value, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
    ];
    fields.extend_from_slice(more);
    server.token(&fields).await
}

async fn is_live(server: &Server, token: &Value) -> bool {
    let hash = TokenHash::of(token["access_token"].as_str().unwrap());
    server.store.subject_of(&hash).await.unwrap().is_some()
}

#[tokio::test]
async fn rows_77_101_110_to_114_116_118_365_a_refresh_gives_the_same_again() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let first = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    server.clock.advance(Duration::from_mins(61));
    assert!(!is_live(&server, &first).await, "row 77");
    let second = refresh(&server, "app", &first).await.ok();
    assert_eq!(second["token_type"], "Bearer");
    assert_eq!(second["expires_in"], 3600);
    assert_eq!(words(&second["scope"]), words(&first["scope"]));
    assert_eq!(second["patient"], "mia", "row 118");
    assert_ne!(second["refresh_token"], first["refresh_token"], "rotated");
    assert!(is_live(&server, &second).await);
    let claims = verified(&server, second["id_token"].as_str().unwrap(), "app").await;
    assert_eq!(claims["sub"], "ana");
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_everything() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let first = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let second = refresh(&server, "app", &first).await.ok();
    assert_eq!(refresh(&server, "app", &first).await.error(), (400, "invalid_grant".to_owned()));
    assert!(!is_live(&server, &second).await);
    assert_eq!(refresh(&server, "app", &second).await.error().1, "invalid_grant");
}

#[tokio::test]
async fn row_103_a_refresh_token_is_its_clients_own() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.add(public("thief")).await;
    let first = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    assert_eq!(refresh(&server, "thief", &first).await.error().1, "invalid_grant");
    refresh(&server, "app", &first).await.ok();
}

#[tokio::test]
async fn rows_104_109_115_a_refresh_may_ask_for_less_and_not_for_more() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let first = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    for more in ["user/*.rs", "patient/*.rs fhirUser", "made/up.thing"] {
        assert_eq!(refresh_as(&server, "app", &first, &[("scope", more)]).await.error().1, "invalid_scope");
    }
    let less = refresh_as(&server, "app", &first, &[("scope", "patient/Patient.rs")]).await.ok();
    assert_eq!(less["scope"], "patient/Patient.rs");
    let hash = TokenHash::of(less["access_token"].as_str().unwrap());
    assert_eq!(&*server.store.subject_of(&hash).await.unwrap().unwrap().scope, "patient/Patient.rs");
    let again = refresh(&server, "app", &less).await.ok();
    assert_eq!(words(&again["scope"]), words(&json!(SCOPE)), "the grant itself is as wide as before");
}

#[tokio::test]
async fn each_refresh_renews_three_months() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let mut token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    for _ in 0..3 {
        server.clock.advance(92 * DAY);
        token = refresh(&server, "app", &token).await.ok();
    }
    server.clock.advance(94 * DAY);
    assert_eq!(refresh(&server, "app", &token).await.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn rows_100_366_online_access_ends_with_the_session() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "openid online_access user/*.rs").await;
    let token = refresh(&server, "app", &token).await.ok();
    server.store.delete_sessions_of(&AccountId::parse("ana").unwrap()).await.unwrap();
    assert_eq!(refresh(&server, "app", &token).await.error(), (400, "invalid_grant".to_owned()));
}

async fn userinfo(server: &Server, token: &Value) -> u16 {
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    server.get("/oauth/userinfo", &[("authorization", &bearer)]).await.status.as_u16()
}

#[tokio::test]
async fn rows_100_366_signing_out_ends_what_is_not_offline_at_once() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let online = ana.tokens(&client, "openid online_access user/*.rs").await;
    let brief = ana.tokens(&client, "openid user/*.rs").await;
    let offline = ana.tokens(&client, "openid offline_access user/*.rs").await;
    let elsewhere = server.signed_in("ana").await.tokens(&client, "openid online_access user/*.rs").await;

    server.store.delete_session(&ana.session()).await.unwrap();
    for dead in [&online, &brief] {
        assert_eq!(userinfo(&server, dead).await, 401, "the next request");
    }
    assert_eq!(refresh(&server, "app", &online).await.error().1, "invalid_grant");
    assert_eq!(userinfo(&server, &offline).await, 200, "offline access outlasts the session");
    refresh(&server, "app", &offline).await.ok();
    assert_eq!(userinfo(&server, &elsewhere).await, 200, "another browser's session goes on");
}

#[tokio::test]
async fn row_100_a_session_that_runs_out_takes_its_tokens_with_it() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    server.clock.advance(Duration::from_mins(12 * 60 - 10));
    let code = {
        // Signed in just now for the browser, with little time left.
        server
            .store
            .touch_session(&server.store.session(&ana.session()).await.unwrap().unwrap())
            .await
            .unwrap();
        ana.launch(&client, "openid online_access user/*.rs").await
    };
    let exchanged = super::harness::exchange(&client, &code);
    let token = server.token(&super::harness::borrowed(&exchanged)).await.ok();
    assert_eq!(token["expires_in"], 600, "no longer than the session");
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(userinfo(&server, &token).await, 401);
    assert_eq!(refresh(&server, "app", &token).await.error().1, "invalid_grant");
    server.clock.advance(Duration::from_secs(1));
    server.store.sweep().await.unwrap();
    assert_eq!(refresh(&server, "app", &token).await.error().1, "invalid_grant");
    let mine = server.store.authorizations_of(&AccountId::parse("ana").unwrap()).await.unwrap();
    assert!(mine.is_empty(), "swept with the session");
}

#[tokio::test]
async fn a_suspended_account_refreshes_nothing() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let ana = AccountId::parse("ana").unwrap();
    server.store.set_account_state(&ana, AccountState::Suspended).await.unwrap();
    assert_eq!(refresh(&server, "app", &token).await.error().1, "invalid_grant");
}

#[tokio::test]
async fn a_confidential_client_needs_its_secret_to_refresh() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s3cret")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let exchanged = super::harness::exchange(&client, &code);
    let mut fields = super::harness::borrowed(&exchanged);
    fields.push(("client_secret", "s3cret"));
    let token = server.token(&fields).await.ok();
    assert_eq!(refresh(&server, "app", &token).await.error(), (401, "invalid_client".to_owned()));
    let unnamed =
        [("grant_type", "refresh_token"), ("refresh_token", token["refresh_token"].as_str().unwrap())];
    assert_eq!(server.token(&unnamed).await.error(), (401, "invalid_client".to_owned()));
    refresh_as(&server, "app", &token, &[("client_secret", "s3cret")]).await.ok();
}

#[tokio::test]
async fn a_public_client_need_not_name_itself_to_refresh() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let unnamed =
        [("grant_type", "refresh_token"), ("refresh_token", token["refresh_token"].as_str().unwrap())];
    server.token(&unnamed).await.ok();
    assert_eq!(server.token(&unnamed).await.error().1, "invalid_grant", "twice is twice");
    let made_up = [("grant_type", "refresh_token"), ("refresh_token", "cgr_AAAA")];
    assert_eq!(server.token(&made_up).await.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_succeeds_and_the_other_ends_it() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let both =
        futures_util::future::join(refresh(&server, "app", &token), refresh(&server, "app", &token)).await;
    let won: Vec<_> = [both.0, both.1].into_iter().filter(|answer| answer.status.is_success()).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(refresh(&server, "app", &won[0].json()).await.error().1, "invalid_grant");
}
