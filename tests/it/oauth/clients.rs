//! Client authentication at the token endpoint, and who may call it from a browser.

use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::{Client, ClientAuth, ClientKind};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::harness::{Server, borrowed, confidential, exchange, public};
use super::signing::{ClientKey, JWT_BEARER};

const SCOPE: &str = "openid user/*.rs";

#[tokio::test]
async fn row_356_a_secret_by_header_or_by_form() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "cgk_s3cret")).await;
    let ana = server.signed_in("ana").await;
    let basic = format!("Basic {}", STANDARD.encode("app:cgk_s3cret"));
    let code = ana.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    server.form("/oauth/token", &[("authorization", &basic)], &borrowed(&fields)).await.ok();

    let code = ana.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let mut fields = borrowed(&fields);
    fields.push(("client_secret", "cgk_s3cret"));
    server.token(&fields).await.ok();
}

#[tokio::test]
async fn a_wrong_secret_is_invalid_client_and_spends_no_code() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "cgk_s3cret")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let fields = borrowed(&fields);
    let wrong = format!("Basic {}", STANDARD.encode("app:wrong"));
    let answer = server.form("/oauth/token", &[("authorization", &wrong)], &fields).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"), "RFC 6749 5.2");
    let none = server.token(&fields).await;
    assert_eq!(none.error(), (401, "invalid_client".to_owned()), "none at all");
    assert!(none.header("www-authenticate").is_none());
    let unknown = format!("Basic {}", STANDARD.encode("nobody:wrong"));
    let mut without_id = fields.clone();
    without_id.retain(|(name, _)| *name != "client_id");
    let unknown = server.form("/oauth/token", &[("authorization", &unknown)], &without_id).await;
    assert_eq!(unknown.body, answer.body, "an unknown client and a wrong secret are one answer");
    let right = format!("Basic {}", STANDARD.encode("app:cgk_s3cret"));
    server.form("/oauth/token", &[("authorization", &right)], &fields).await.ok();
}

#[tokio::test]
async fn row_355_a_public_client_has_nothing_to_prove_and_may_not_pretend() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let mut fields = borrowed(&fields);
    fields.push(("client_secret", "made-up"));
    assert_eq!(server.token(&fields).await.error(), (401, "invalid_client".to_owned()));
}

fn asymmetric(auth: ClientAuth) -> Client {
    Client { kind: ClientKind::Confidential, auth, ..public("app") }
}

#[tokio::test]
async fn rows_297_310_357_a_key_registered_inline() {
    for algorithm in [SigningAlgorithm::Es384, SigningAlgorithm::Rs384] {
        let server = Server::start().await;
        let key = ClientKey::new(algorithm);
        let client = server.add(asymmetric(ClientAuth::Keys { jwks: key.jwks().to_string() })).await;
        let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
        let assertion = key.assertion(&server, "app", "j-1");
        let fields = exchange(&client, &code);
        let mut fields = borrowed(&fields);
        fields.extend([("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())]);
        server.token(&fields).await.ok();
        let replayed = server.token(&fields).await;
        assert_eq!(replayed.error(), (401, "invalid_client".to_owned()), "row 336: a jti counts once");
    }
}

#[tokio::test]
async fn rows_296_326_339_a_key_behind_a_url() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    let app = MockServer::start().await;
    Mock::given(path("/jwks"))
        .respond_with(ResponseTemplate::new(200).set_body_json(key.jwks()))
        .mount(&app)
        .await;
    let jwks_uri = format!("{}/jwks", app.uri());
    let client = server.add(asymmetric(ClientAuth::KeysUrl { jwks_uri })).await;
    let ana = server.signed_in("ana").await;
    for jti in ["j-1", "j-2"] {
        let code = ana.launch(&client, SCOPE).await;
        let assertion = key.assertion(&server, "app", jti);
        let fields = exchange(&client, &code);
        let mut fields = borrowed(&fields);
        fields.extend([("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())]);
        server.token(&fields).await.ok();
    }
    assert_eq!(app.received_requests().await.unwrap().len(), 1, "row 342: kept while fresh");
}

#[tokio::test]
async fn row_340_a_worthless_assertion_fetches_nothing() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    let app = MockServer::start().await;
    let jwks_uri = format!("{}/jwks", app.uri());
    server.add(asymmetric(ClientAuth::KeysUrl { jwks_uri })).await;
    let mut claims = super::signing::claims(&server, "app", "j-1");
    claims["aud"] = json!("https://elsewhere.example");
    let assertion = key.sign(&claims);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "cgc_x"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(server.token(&fields).await.error(), (401, "invalid_client".to_owned()));
    assert!(app.received_requests().await.unwrap().is_empty());
}

async fn preflight(server: &Server, origin: &str) -> super::harness::Answer {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/oauth/token")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .body(axum::body::Body::empty())
        .unwrap();
    server.send(request).await
}

#[tokio::test]
async fn row_17_registered_origins_may_call_the_token_endpoint_from_a_browser() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let allowed = preflight(&server, "https://app.example").await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("Authorization"));
    for origin in ["https://evil.example", "null", "http://app.example"] {
        assert!(preflight(&server, origin).await.header("access-control-allow-origin").is_none(), "{origin}");
    }
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let answer = server.form("/oauth/token", &[("origin", "https://app.example")], &borrowed(&fields)).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("vary"), Some("Origin"));
}
