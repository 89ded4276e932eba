//! SMART Backend Services: a practice's own system.

use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::Client;
use serde_json::json;

use super::harness::{Answer, Server, backend, confidential};
use super::signing::{ClientKey, JWT_BEARER, claims};

async fn ask(server: &Server, assertion: &str, scope: &str) -> Answer {
    server
        .token(&[
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ])
        .await
}

#[tokio::test]
async fn rows_248_253_to_262_a_token_for_five_minutes_and_no_refresh_token() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    server.add(backend("system", &key.jwks())).await;
    let scope = "system/Patient.rs system/Observation.read";
    let token = ask(&server, &key.assertion(&server, "system", "j-1"), scope).await.ok();
    assert!(token["access_token"].as_str().unwrap().starts_with("cga_"));
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 300, "rows 257 and 262");
    assert_eq!(token["scope"], scope);
    assert!(token["refresh_token"].is_null(), "row 248");
    assert!(token["patient"].is_null() && token["id_token"].is_null());
    assert_eq!(server.log.whats(), ["client_credentials"]);
}

#[tokio::test]
async fn rows_240_241_250_no_more_than_registered_and_nothing_of_a_users() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Rs384);
    server.add(Client { scope: "system/Patient.rs".to_owned(), ..backend("system", &key.jwks()) }).await;
    let wide =
        ask(&server, &key.assertion(&server, "system", "j-1"), "system/*.rs user/*.rs offline_access").await;
    assert_eq!(wide.ok()["scope"], "system/Patient.rs");
    for (jti, scope) in [("j-2", "system/Observation.rs"), ("j-3", "user/Patient.rs"), ("j-4", "")] {
        let refused = ask(&server, &key.assertion(&server, "system", jti), scope).await;
        assert_eq!(refused.error(), (400, "invalid_scope".to_owned()), "{scope}");
    }
}

#[tokio::test]
async fn row_336_an_assertion_counts_once() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    server.add(backend("system", &key.jwks())).await;
    let assertion = key.assertion(&server, "system", "j-1");
    ask(&server, &assertion, "system/*.rs").await.ok();
    assert_eq!(ask(&server, &assertion, "system/*.rs").await.error(), (401, "invalid_client".to_owned()));
    let assertion = key.assertion(&server, "system", "j-2");
    let both = futures_util::future::join_all((0..6).map(|_| ask(&server, &assertion, "system/*.rs"))).await;
    assert_eq!(both.iter().filter(|answer| answer.status.is_success()).count(), 1, "at once");
}

#[tokio::test]
async fn rows_249_335_337_340_a_bad_assertion_is_invalid_client() {
    let server = Server::start().await;
    let (ours, theirs) = (ClientKey::new(SigningAlgorithm::Es384), ClientKey::new(SigningAlgorithm::Es384));
    server.add(backend("system", &ours.jwks())).await;
    server.add(backend("other", &theirs.jwks())).await;
    let altered = |name: &str, value| {
        let mut claims = claims(&server, "system", "j-1");
        claims[name] = value;
        ours.sign(&claims)
    };
    let now = 1_800_000_000;
    for assertion in [
        theirs.assertion(&server, "system", "j-1"),
        ours.assertion(&server, "nobody", "j-1"),
        altered("sub", json!("other")),
        altered("iss", json!("other")),
        altered("aud", json!("https://gate.example/fhir/r4")),
        altered("exp", json!(now - 120)),
        altered("exp", json!(now + 3600)),
        altered("jti", json!("")),
        "nonsense".to_owned(),
    ] {
        let answer = ask(&server, &assertion, "system/*.rs").await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()), "{assertion}");
    }
    ask(&server, &ours.assertion(&server, "system", "j-1"), "system/*.rs").await.ok();
}

#[tokio::test]
async fn row_344_a_secret_is_not_enough_and_an_app_is_not_a_system() {
    let server = Server::start().await;
    server.add(confidential("app", "s")).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("client_secret", "s"),
        ("scope", "system/*.rs"),
    ];
    assert_eq!(server.token(&fields).await.error(), (400, "unauthorized_client".to_owned()));
    let key = ClientKey::new(SigningAlgorithm::Es384);
    server.add(backend("system", &key.jwks())).await;
    let assertion = key.assertion(&server, "system", "j-1");
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "cgc_x"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(server.token(&code).await.error(), (400, "unauthorized_client".to_owned()));
}
