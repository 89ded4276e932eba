//! RP-initiated logout, and what an `id_token` says of the token it came with.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chartgate::domain::client::{Client, ClientDetails};
use serde_json::Value;

use super::harness::{Answer, Browser, Server, encode, public};
use super::signing::verified;

const BACK: &str = "https://app.example/signed-out";

fn app(id: &str) -> Client {
    let details =
        ClientDetails { post_logout_redirect_uris: vec![BACK.to_owned()], ..ClientDetails::default() };
    Client { details, ..public(id) }
}

async fn logout(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    browser.get(&format!("/oauth/logout?{}", encode(fields))).await
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.server.store.session(&browser.session()).await.unwrap().is_some()
}

async fn userinfo(server: &Server, token: &Value) -> u16 {
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    server.get("/oauth/userinfo", &[("authorization", &bearer)]).await.status.as_u16()
}

#[tokio::test]
async fn an_app_with_the_users_id_token_signs_out_at_once_and_gets_the_browser_back() {
    let server = Server::start().await;
    let client = server.add(app("app")).await;
    let ana = server.signed_in("ana").await;
    let online = ana.tokens(&client, "openid online_access user/*.rs").await;
    let offline = ana.tokens(&client, "openid offline_access user/*.rs").await;
    server.clock.advance(Duration::from_mins(20));
    let ana_again = server.signed_in("ana").await;
    let hint = online["id_token"].as_str().unwrap();
    let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", BACK), ("state", "s 1&x")];
    let answer = logout(&ana, &fields).await;
    assert_eq!(answer.location(), format!("{BACK}?state=s+1%26x"));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-chartgate=;") && cookie.contains("Max-Age=0"), "{cookie}");
    assert_eq!(userinfo(&server, &online).await, 401);
    assert_eq!(userinfo(&server, &offline).await, 200);
    assert!(is_signed_in(&ana_again).await, "another browser stays");
    assert!(server.log.whats().contains(&"sign_out".to_owned()));
    assert_eq!(logout(&ana, &fields).await.location(), format!("{BACK}?state=s+1%26x"), "signed out already");
}

#[tokio::test]
async fn an_expired_hint_counts_and_a_forged_or_foreign_one_does_not() {
    let server = Server::start().await;
    let client = server.add(app("app")).await;
    server.add(app("other")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "openid user/*.rs").await;
    let hint = token["id_token"].as_str().unwrap();
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let claims = r#"{"iss":"https://gate.example","sub":"ana","aud":"app"}"#;
    let unsigned =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims));
    let forged = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims));
    for bad in [unsigned.as_str(), forged.as_str(), "nonsense", "a.b.c"] {
        let page = logout(&ana, &[("id_token_hint", bad)]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Sign out?") && is_signed_in(&ana).await, "asked: {bad}");
    }
    let other = [("id_token_hint", hint), ("client_id", "other")];
    assert!(logout(&ana, &other).await.body.contains("Sign out?"), "not that app's");
    let ben = server.signed_in("ben").await;
    assert!(logout(&ben, &[("id_token_hint", hint)]).await.body.contains("Sign out?"), "another user's");

    server.clock.advance(Duration::from_hours(3));
    let carol = server.signed_in("ana").await;
    let answer = logout(&carol, &[("id_token_hint", hint), ("post_logout_redirect_uri", BACK)]).await;
    assert_eq!(answer.location(), BACK);
    assert!(!is_signed_in(&carol).await);
}

#[tokio::test]
async fn without_a_hint_the_user_is_asked_and_no_is_no() {
    let server = Server::start().await;
    server.add(app("app")).await;
    let ana = server.signed_in("ana").await;
    let fields = [("client_id", "app"), ("post_logout_redirect_uri", BACK), ("state", "s")];
    let page = logout(&ana, &fields).await;
    assert!(page.body.contains("Sample App wants to sign you out") && page.body.contains("Stay signed in"));
    assert!(is_signed_in(&ana).await);
    let done = ana.submit(&page.form_to("/oauth/logout/confirm")).await;
    assert_eq!(done.location(), format!("{BACK}?state=s"));
    assert!(!is_signed_in(&ana).await);

    let nobody = server.anonymous();
    let page = logout(&nobody, &fields).await;
    assert_eq!(page.status, StatusCode::OK, "a page with a link, no redirect: nobody vouches for the app");
    assert!(page.body.contains("You are signed out") && page.body.contains("Go back to"));

    let mut forged = logout(&server.signed_in("ana").await, &fields).await.form_to("/oauth/logout/confirm");
    forged.fields.retain(|(name, _)| name != "csrf");
    let ben = server.signed_in("ben").await;
    assert_ne!(ben.submit(&forged).await.status, StatusCode::SEE_OTHER, "not without the form's token");
    assert!(is_signed_in(&ben).await);
}

#[tokio::test]
async fn logout_is_never_an_open_redirect() {
    let server = Server::start().await;
    let client = server.add(app("app")).await;
    server.add(public("plain")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "openid user/*.rs").await;
    let hint = token["id_token"].as_str().unwrap();
    for uri in [
        "https://evil.example/",
        "https://app.example/signed-out/",
        "https://app.example/signed-out?x=1",
        "https://app.example/cb",
        "//evil.example",
        "javascript:alert(1)",
    ] {
        for fields in [
            vec![("id_token_hint", hint), ("post_logout_redirect_uri", uri)],
            vec![("client_id", "app"), ("post_logout_redirect_uri", uri)],
            vec![("post_logout_redirect_uri", uri)],
        ] {
            let answer = logout(&ana, &fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
            assert!(answer.header("location").is_none() && is_signed_in(&ana).await);
        }
    }
    for client in ["plain", "nobody", ""] {
        let fields = [("client_id", client), ("post_logout_redirect_uri", BACK)];
        assert_eq!(
            logout(&ana, &fields).await.status,
            StatusCode::BAD_REQUEST,
            "{client}: registered by another"
        );
    }
    let twice = ana.get(&format!("/oauth/logout?state=a&state=b&{}", encode(&[("client_id", "app")]))).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn logout_by_post_is_the_same_request() {
    let server = Server::start().await;
    let client = server.add(app("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "openid user/*.rs").await;
    let fields = [("id_token_hint", token["id_token"].as_str().unwrap()), ("post_logout_redirect_uri", BACK)];
    let answer = server.form("/oauth/logout", &[("sec-fetch-site", "cross-site")], &fields).await;
    let next = answer.location().to_owned();
    assert!(next.starts_with("/oauth/logout?"), "{next}");
    assert_eq!(ana.get(&next).await.location(), BACK);
}

#[tokio::test]
async fn rows_205_209_the_id_token_names_its_access_token_and_how_the_user_signed_in() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, "openid fhirUser user/*.rs").await;
    let claims = verified(&server, token["id_token"].as_str().unwrap(), "app").await;
    let token_bytes = token["access_token"].as_str().unwrap().as_bytes();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token_bytes);
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]));
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let told = server.get("/oauth/userinfo", &[("authorization", &bearer)]).await.ok();
    assert_eq!((&told["sub"], &told["fhirUser"]), (&claims["sub"], &claims["fhirUser"]));
}

#[tokio::test]
async fn discovery_names_the_place() {
    let server = Server::start().await;
    let openid = server.get("/.well-known/openid-configuration", &[]).await.ok();
    assert_eq!(openid["end_session_endpoint"], "https://gate.example/oauth/logout");
}
