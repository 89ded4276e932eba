use std::sync::atomic::{AtomicU32, Ordering};

use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::domain::clock::ManualClock;
use crate::oauth::testing::TestKey;
use crate::outbound::{Outbound, OutboundOptions, Purpose, PurposeOptions};

#[test]
fn rows_341_342_freshness_is_what_the_client_says() {
    let minutes = |n| Duration::from_mins(n);
    assert_eq!(freshness(None), minutes(5));
    assert_eq!(freshness(Some("public")), minutes(5));
    assert_eq!(freshness(Some("public, max-age=60")), minutes(1));
    assert_eq!(freshness(Some("max-age=99999999")), LONGEST_FRESHNESS);
    for never in ["no-store", "max-age=60, no-cache", "max-age=0", "max-age=soon"] {
        assert_eq!(freshness(Some(never)), Duration::ZERO, "{never}");
    }
}

#[test]
fn odd_keys_are_left_out_and_the_others_stand() {
    let mut set = TestKey::es384("good").jwks();
    set["keys"].as_array_mut().unwrap().extend([
        serde_json::json!({"kty": "oct", "k": "AA", "kid": "symmetric"}),
        serde_json::json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "short"}),
        serde_json::json!({"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB", "kid": "encryption"}),
        serde_json::json!("nonsense"),
    ]);
    let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
    assert!(keys.has("good"));
    for left_out in ["symmetric", "short", "encryption"] {
        assert!(!keys.has(left_out), "{left_out}");
    }
    assert!(KeySet::parse(b"{}").is_none() && KeySet::parse(b"[").is_none());
}

async fn served(key: &TestKey, cache_control: &str) -> (MockServer, Arc<AtomicU32>) {
    let server = MockServer::start().await;
    let count = Arc::new(AtomicU32::new(0));
    let (counter, body, cache_control) = (Arc::clone(&count), key.jwks(), cache_control.to_owned());
    Mock::given(path("/jwks"))
        .respond_with(move |_: &wiremock::Request| {
            counter.fetch_add(1, Ordering::SeqCst);
            ResponseTemplate::new(200)
                .insert_header("cache-control", cache_control.as_str())
                .set_body_json(&body)
        })
        .mount(&server)
        .await;
    (server, count)
}

fn fetcher(clock: &Arc<ManualClock>, private_networks: bool) -> FetchedKeys {
    let jwks = PurposeOptions { private_networks, ..PurposeOptions::default() };
    let outbound = Outbound::new(&OutboundOptions { jwks, ..OutboundOptions::default() }).unwrap();
    FetchedKeys::new(outbound.client(Purpose::Jwks), clock.clone())
}

#[tokio::test]
async fn row_341_a_set_is_fetched_again_when_it_is_stale_or_lacks_the_key() {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let (server, count) = served(&TestKey::es384("k1"), "max-age=60").await;
    let keys = fetcher(&clock, true);
    let url = format!("{}/jwks", server.uri());
    for _ in 0..3 {
        assert!(keys.get(&url, "k1").await.unwrap().has("k1"));
    }
    assert_eq!(count.load(Ordering::SeqCst), 1, "kept while fresh");
    assert!(!keys.get(&url, "k2").await.unwrap().has("k2"));
    assert_eq!(count.load(Ordering::SeqCst), 1, "an unknown kid does not make us hammer the client");
    clock.advance(SHORTEST_INTERVAL);
    keys.get(&url, "k2").await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2, "an unknown kid makes us look again");
    clock.advance(Duration::from_mins(1));
    keys.get(&url, "k1").await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3, "stale");
}

#[tokio::test]
async fn a_private_address_is_not_asked_unless_configured() {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let (server, count) = served(&TestKey::es384("k1"), "").await;
    assert!(fetcher(&clock, false).get(&format!("{}/jwks", server.uri()), "k1").await.is_none());
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_broken_server_is_not_asked_again_and_again() {
    crate::credentials::install_crypto_provider();
    let server = MockServer::start().await;
    Mock::given(path("/jwks")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let keys = fetcher(&clock, true);
    let url = format!("{}/jwks", server.uri());
    for _ in 0..5 {
        assert!(keys.get(&url, "k1").await.is_none());
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    clock.advance(SHORTEST_INTERVAL);
    assert!(keys.get(&url, "k1").await.is_none());
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}
