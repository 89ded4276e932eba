//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use chartgate::domain::client::{Client, ClientSecurity};
use rstest::rstest;

use super::harness::{
    Answer, Browser, Form, Server, borrowed, confidential, encode, exchange, public, request, set,
};

pub async fn push(server: &Server, fields: &[(String, String)]) -> Answer {
    server.form("/oauth/par", &[], &borrowed(fields)).await
}

/// The `request_uri` of a request that was taken.
pub async fn pushed(server: &Server, fields: &[(String, String)]) -> String {
    let answer = push(server, fields).await;
    assert_eq!(answer.status.as_u16(), 201, "RFC 9126 2.2: {}", answer.body);
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

async fn bring(browser: &Browser<'_>, client: &str, request_uri: &str) -> Answer {
    let answer = browser.authorize(&[("client_id", client), ("request_uri", request_uri)]).await;
    browser.settle(answer).await
}

/// The same client, held to pushing its requests.
pub fn pushing(client: Client) -> Client {
    let mut client = client;
    client.details.security = ClientSecurity { pushed_requests: true, ..ClientSecurity::default() };
    client
}

#[tokio::test]
async fn rfc_9126_2_2_a_pushed_request_leads_to_a_code() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let answer = push(&server, &request(&client, "launch/patient patient/*.rs")).await;
    assert_eq!(answer.status.as_u16(), 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["expires_in"], 60);
    let request_uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:cgp_"), "{request_uri}");

    let browser = server.signed_in("ana").await;
    let picker = bring(&browser, "app", &request_uri).await;
    assert!(picker.body.contains("Choose a patient"), "{}", picker.body);
    let consent = browser.pick(&picker, "mia").await;
    let done = browser.allow(&consent).await;
    assert_eq!(done.app_parameter("state").as_deref(), Some("state 1"));
    let token = server.token(&borrowed(&exchange(&client, &done.code()))).await.ok();
    assert_eq!(token["patient"], "mia");
}

#[tokio::test]
async fn rfc_9126_4_it_is_taken_once_in_time_and_by_its_client() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.add(public("other")).await;
    let fields = request(&client, "user/*.rs");
    let browser = server.signed_in("ana").await;

    let request_uri = pushed(&server, &fields).await;
    let foreign = bring(&browser, "other", &request_uri).await;
    assert!(foreign.status.as_u16() == 400 && foreign.body.contains("invalid_request_uri"));
    assert_eq!(bring(&browser, "app", &request_uri).await.status.as_u16(), 200, "still there");
    let again = bring(&browser, "app", &request_uri).await;
    assert!(again.status.as_u16() == 400 && again.body.contains("invalid_request_uri"), "{}", again.body);

    let late = pushed(&server, &fields).await;
    server.clock.advance(Duration::from_mins(1));
    let late = bring(&browser, "app", &late).await;
    assert!(late.status.as_u16() == 400 && late.body.contains("invalid_request_uri"));

    for odd in ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:cgp_x"] {
        assert_eq!(bring(&browser, "app", odd).await.status.as_u16(), 400, "{odd}");
    }
    let request_uri = pushed(&server, &fields).await;
    let path = format!("/oauth/authorize?{}", encode(&[("client_id", "app"), ("request_uri", &request_uri)]));
    let many = futures_util::future::join_all((0..6).map(|_| server.get(&path, &[]))).await;
    assert_eq!(many.iter().filter(|answer| answer.status.as_u16() == 303).count(), 1, "at once");
}

#[tokio::test]
async fn rfc_9126_4_what_stands_beside_it_counts_for_nothing_and_nobody_alters_it_on_the_way() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let browser = server.signed_in("ana").await;
    let request_uri = pushed(&server, &request(&client, "user/Patient.rs")).await;
    let answer = browser
        .authorize(&[
            ("client_id", "app"),
            ("request_uri", &request_uri),
            ("redirect_uri", "https://evil.example/cb"),
            ("scope", "user/*.rs"),
            ("state", "altered"),
            ("__cg_after", "0"),
        ])
        .await;
    let path = answer.location().to_owned();
    assert!(
        path.starts_with("/oauth/authorize?") && !path.contains("evil") && !path.contains("scope"),
        "{path}"
    );
    let page = browser
        .get(&format!("{path}&scope=user/*.rs&state=altered&redirect_uri=https://evil.example/cb"))
        .await;
    let form: Form = page.form_to("/oauth/authorize/consent");
    let done = browser.submit(&form.with("decision", "allow")).await;
    assert_eq!(done.app_parameter("state").as_deref(), Some("state 1"));
    let token = server.token(&borrowed(&exchange(&client, &done.code()))).await.ok();
    assert_eq!(token["scope"], "user/Patient.rs");

    let spoiled = path.replace("cg_request=", "cg_request=A");
    assert_eq!(browser.get(&spoiled).await.status.as_u16(), 400);
    server.add(public("other")).await;
    let stolen = path.replace("client_id=app", "client_id=other");
    assert_eq!(browser.get(&stolen).await.status.as_u16(), 400, "sealed for its client");
    server.clock.advance(Duration::from_mins(31));
    assert_eq!(server.get(&path, &[]).await.status.as_u16(), 400, "too old");
}

#[tokio::test]
async fn sign_in_and_reload_carry_a_pushed_request() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let request_uri = pushed(&server, &set(&request(&client, "user/*.rs"), "prompt", "login")).await;
    let stranger = server.anonymous();
    let answer = bring(&stranger, "app", &request_uri).await;
    let place = url::Url::parse("https://gate.example").unwrap().join(answer.location()).unwrap();
    assert_eq!(place.path(), "/sign-in");
    let next = place.query_pairs().find(|(name, _)| name == "next").unwrap().1.into_owned();
    assert!(next.contains("redirect_uri=https%3A%2F%2Fapp.example%2Fcb"), "for the form's policy: {next}");
    assert!(!next.contains("__cg_after"), "sealed as well: {next}");
    let browser = server.signed_in("ana").await;
    for _ in 0..2 {
        let page = browser.get(&next).await;
        assert!(page.body.contains("Let Sample App see records"), "{}", page.body);
    }
}

#[tokio::test]
async fn rfc_9126_5_a_client_held_to_it_is_refused_without() {
    let server = Server::start().await;
    let client = server.add(pushing(public("app"))).await;
    let browser = server.signed_in("ana").await;
    let fields = request(&client, "user/*.rs");
    let plain = browser.authorize(&borrowed(&fields)).await;
    assert_eq!(plain.app_error(), "invalid_request");
    let request_uri = pushed(&server, &fields).await;
    assert_eq!(bring(&browser, "app", &request_uri).await.status.as_u16(), 200);
}

#[rstest]
#[case::redirect_uri("redirect_uri", "https://evil.example/cb", "invalid_request")]
#[case::no_redirect_uri("redirect_uri", "", "invalid_request")]
#[case::nested("request_uri", "urn:x", "invalid_request")]
#[case::request("request", "x.y.z", "request_not_supported")]
#[case::response_type("response_type", "token", "unsupported_response_type")]
#[case::pkce("code_challenge", "", "invalid_request")]
#[case::plain("code_challenge_method", "plain", "invalid_request")]
#[case::aud("aud", "https://evil.example", "invalid_request")]
#[case::scope("scope", "nonsense", "invalid_scope")]
#[case::key("dpop_jkt", "short", "invalid_request")]
#[tokio::test]
async fn rfc_9126_2_3_errors_are_json_when_it_is_pushed(
    #[case] name: &str,
    #[case] value: &str,
    #[case] error: &str,
) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let answer = push(&server, &set(&request(&client, "user/*.rs"), name, value)).await;
    assert_eq!(answer.error(), (400, error.to_owned()));
    assert!(answer.header("location").is_none());
}

#[tokio::test]
async fn rfc_9126_2_1_the_client_is_authenticated() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s3cret")).await;
    let fields = request(&client, "user/*.rs");
    assert_eq!(push(&server, &fields).await.error(), (401, "invalid_client".to_owned()));
    assert_eq!(push(&server, &set(&fields, "client_secret", "no")).await.error().0, 401);
    pushed(&server, &set(&fields, "client_secret", "s3cret")).await;
    let basic = [("authorization", "Basic YXBwOnMzY3JldA==")];
    let without_id = set(&fields, "client_id", "");
    let answer = server.form("/oauth/par", &basic, &borrowed(&without_id)).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    let other = set(&fields, "client_id", "other");
    assert_eq!(server.form("/oauth/par", &basic, &borrowed(&other)).await.error().0, 401);
    let long = set(&set(&fields, "client_secret", "s3cret"), "state", &"x".repeat(20_000));
    assert_eq!(push(&server, &long).await.error(), (400, "invalid_request".to_owned()));
    assert_eq!(server.get("/oauth/par", &[]).await.status.as_u16(), 405);
}

#[tokio::test]
async fn metadata_names_the_endpoint() {
    let server = Server::start().await;
    let metadata = server.get("/.well-known/oauth-authorization-server", &[]).await.ok();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], "https://gate.example/oauth/par");
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
}
