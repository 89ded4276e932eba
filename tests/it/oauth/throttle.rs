//! Who gets it wrong again and again has to wait; nobody else does.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use chartgate::oauth::throttle::Limits;
use chartgate::web::address::ClientAddress;
use rstest::rstest;

use super::harness::{Answer, Server, confidential, encode};

const LIMITS: Limits = Limits { free_failures: 3, requests_per_minute: 0 };

async fn from(server: &Server, address: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(ClientAddress(address.to_owned()));
    server.send(request.body(Body::from(encode(fields))).unwrap()).await
}

#[rstest]
#[case::token("/oauth/token")]
#[case::par("/oauth/par")]
#[case::introspect("/oauth/introspect")]
#[case::revoke("/oauth/revoke")]
#[tokio::test]
async fn rfc_9700_4_13_guessing_at_a_secret_is_slowed_down_and_its_owner_is_not(#[case] path: &str) {
    let first = Server::start().await;
    let server = first.other_with(first.keys.clone(), LIMITS).await;
    first.add(confidential("app", "s3cret")).await;
    server.store.refresh().await.unwrap();
    let with = |secret| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", "cgr_x"),
            ("token", "x"),
            ("client_id", "app"),
            ("client_secret", secret),
        ]
    };
    for _ in 0..4 {
        let answer = from(&server, "198.51.100.9", path, &with("guess")).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    }
    let slowed = from(&server, "198.51.100.9", path, &with("s3cret")).await;
    assert_eq!(slowed.error(), (429, "temporarily_unavailable".to_owned()));
    assert_eq!(slowed.header("retry-after"), Some("1"));
    assert_eq!(slowed.header("cache-control"), Some("no-store"));
    let owner = from(&server, "192.0.2.1", path, &with("s3cret")).await;
    assert!(![401, 429].contains(&owner.status.as_u16()), "{}", owner.body);
    first.clock.advance(Duration::from_secs(1));
    let again = from(&server, "198.51.100.9", path, &with("s3cret")).await;
    assert_ne!(again.status.as_u16(), 429, "slowed down, not locked out");
}

#[tokio::test]
async fn codes_and_refresh_tokens_cannot_be_guessed_at_leisure() {
    let first = Server::start().await;
    let server = first.other_with(first.keys.clone(), LIMITS).await;
    first.add(confidential("app", "s")).await;
    server.store.refresh().await.unwrap();
    let guess = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "s"),
        ("code", "cgc_guess"),
    ];
    for _ in 0..4 {
        assert_eq!(from(&server, "192.0.2.1", "/oauth/token", &guess).await.error().1, "invalid_grant");
    }
    assert_eq!(from(&server, "192.0.2.1", "/oauth/token", &guess).await.status.as_u16(), 429);
}

#[tokio::test]
async fn a_body_beyond_measure_is_refused_as_such() {
    let server = Server::start().await;
    let long = "x".repeat(300_000);
    let answer = from(&server, "192.0.2.1", "/oauth/token", &[("code", &long)]).await;
    assert_eq!(answer.error(), (413, "invalid_request".to_owned()));
}
