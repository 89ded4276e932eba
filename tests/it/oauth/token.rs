//! The code exchange.

use std::time::Duration;

use axum::http::StatusCode;
use chartgate::domain::account::AccountState;
use chartgate::domain::client::ClientState;
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::AccountId;
use chartgate::domain::secret::TokenHash;
use rstest::rstest;

use super::harness::{CHALLENGE, FHIR, ISSUER, Server, borrowed, exchange, public, request, set};
use super::signing::verified;

const SCOPE: &str = "openid fhirUser profile offline_access user/*.rs";

#[tokio::test]
async fn rows_73_74_84_86_87_252_the_answer_is_json_that_nobody_keeps() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let code = ana.launch(&client, SCOPE).await;
    let answer = server.token(&borrowed(&exchange(&client, &code))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert!(answer.json()["access_token"].as_str().unwrap().starts_with("cga_"));
    let refused = server.token(&borrowed(&exchange(&client, &code))).await;
    assert_eq!(refused.header("cache-control"), Some("no-store"), "errors as well");
    assert!(refused.json()["error_description"].is_string(), "row 252");
}

#[rstest]
#[case::row_31_missing("code_verifier", "")]
#[case::row_31_wrong("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")]
#[case::row_15_the_challenge_itself("code_verifier", CHALLENGE)]
#[case::short("code_verifier", "x")]
#[case::redirect_other("redirect_uri", "https://app.example/other")]
#[case::redirect_missing("redirect_uri", "")]
#[case::made_up("code", "cgc_AAAA")]
#[case::another_kind("code", "cga_AAAA")]
#[tokio::test]
async fn a_wrong_exchange_is_invalid_grant(#[case] name: &str, #[case] value: &str) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let good = exchange(&client, &code);
    let refused = server.token(&borrowed(&set(&good, name, value))).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
    if name != "code" {
        let again = server.token(&borrowed(&good)).await;
        assert_eq!(again.error().1, "invalid_grant", "nobody guesses twice");
    }
}

#[rstest]
#[case::no_grant_type("grant_type", "", "unsupported_grant_type")]
#[case::password("grant_type", "password", "unsupported_grant_type")]
#[case::no_code("code", "", "invalid_request")]
#[case::no_client("client_id", "", "invalid_client")]
#[case::unknown_client("client_id", "nobody", "invalid_client")]
#[tokio::test]
async fn row_251_a_malformed_exchange_has_its_error(
    #[case] name: &str,
    #[case] value: &str,
    #[case] error: &str,
) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let good = exchange(&client, &code);
    let refused = server.token(&borrowed(&set(&good, name, value))).await;
    assert_eq!(refused.error().1, error);
    server.token(&borrowed(&good)).await.ok();
}

#[tokio::test]
async fn what_is_not_a_form_is_an_invalid_request() {
    let server = Server::start().await;
    let json = server.post_json("/oauth/token").await;
    assert_eq!(json.error(), (400, "invalid_request".to_owned()));
    let twice = server.token(&[("grant_type", "refresh_token"), ("grant_type", "refresh_token")]).await;
    assert_eq!(twice.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn rows_55_58_a_code_lives_for_a_minute() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let (first, second) = (ana.launch(&client, SCOPE).await, ana.launch(&client, SCOPE).await);
    server.clock.advance(Duration::from_secs(59));
    server.token(&borrowed(&exchange(&client, &first))).await.ok();
    server.clock.advance(Duration::from_secs(2));
    let late = server.token(&borrowed(&exchange(&client, &second))).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_code_used_twice_revokes_what_came_of_it() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let token = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    let hash = TokenHash::of(token["access_token"].as_str().unwrap());
    assert!(server.store.subject_of(&hash).await.unwrap().is_some());
    let again = server.token(&borrowed(&exchange(&client, &code))).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned()));
    assert!(server.store.subject_of(&hash).await.unwrap().is_none(), "the access token is dead");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(server.token(&refresh).await.error().1, "invalid_grant", "and the refresh token");
}

#[tokio::test]
async fn a_code_of_another_client_is_not_exchanged() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let thief = server.add(public("thief")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let refused = server.token(&borrowed(&exchange(&thief, &code))).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn suspension_stops_an_exchange() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let (first, second) = (ana.launch(&client, SCOPE).await, ana.launch(&client, SCOPE).await);
    let id = AccountId::parse("ana").unwrap();
    server.store.set_account_state(&id, AccountState::Suspended).await.unwrap();
    assert_eq!(server.token(&borrowed(&exchange(&client, &first))).await.error().1, "invalid_grant");
    server.store.set_client_state(&client.id, ClientState::Suspended).await.unwrap();
    assert_eq!(server.token(&borrowed(&exchange(&client, &second))).await.error().1, "invalid_client");
}

#[tokio::test]
async fn rows_198_200_203_209_210_the_id_token_says_who_signed_in() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let signed_in_at = server.clock.now().as_seconds();
    server.clock.advance(Duration::from_secs(30));
    let mut fields = request(&client, SCOPE);
    fields.push(("nonce".into(), "n-1".into()));
    let page = ana.authorize(&borrowed(&fields)).await;
    let code = ana.allow(&page).await.code();
    let token = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    let claims = verified(&server, token["id_token"].as_str().unwrap(), "app").await;
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], "ana");
    assert_eq!(claims["aud"], "app");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["auth_time"], signed_in_at);
    assert_eq!(claims["exp"].as_i64().unwrap(), server.clock.now().as_seconds() + 3600);
    assert_eq!(claims["fhirUser"], format!("{FHIR}/Practitioner/prac-1"));
    assert_eq!(claims["name"], "Dr. Ana Ellis");
}

#[tokio::test]
async fn row_80_without_openid_there_is_no_id_token_and_without_profile_no_name() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    assert!(ana.tokens(&client, "user/*.rs").await["id_token"].is_null());
    let token = ana.tokens(&client, "openid user/*.rs").await;
    let claims = verified(&server, token["id_token"].as_str().unwrap(), "app").await;
    assert!(claims["name"].is_null() && claims["fhirUser"].is_null());
}

#[tokio::test]
async fn of_many_exchanges_at_once_one_succeeds() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let fields = borrowed(&fields);
    let answers = futures_util::future::join_all((0..8).map(|_| server.token(&fields))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
}
