//! Signing keys change while people sign in, on two processes over one database, before the eyes of apps that keep our key set
//! for as long as they may.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chartgate::app::keys::{KeyRing, PUBLISHED_AFTER, PUBLISHED_BEFORE};
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::client::Client;
use chartgate::domain::clock::{Clock as _, Timestamp};
use chartgate::domain::random::SystemRandom;
use chartgate::oauth::keys::IdTokenKeys;
use chartgate::oauth::throttle::Limits;
use chartgate::store::keys::KeyState;
use jsonwebtoken::jwk::JwkSet;
use rstest::rstest;
use serde_json::Value;

use super::harness::{ISSUER, Server, public};
use crate::support::databases::Kind;

const LIFE: Duration = Duration::from_hours(1);

/// A process and its keys.
struct Node {
    server: Server,
    ring: KeyRing,
    keys: Arc<IdTokenKeys>,
}

impl Node {
    async fn new(first: &Server) -> Self {
        let ring = KeyRing::new(first.store.clone(), &SealingKey::from_bytes([7; 32]));
        let keys = ring.ready(&*first.clock, &SystemRandom).await.unwrap();
        let keys = Arc::new(IdTokenKeys::new(keys));
        let server = first.other_with(keys.clone(), Limits::NONE).await;
        let ring = KeyRing::new(server.store.clone(), &SealingKey::from_bytes([7; 32]));
        Self { server, ring, keys }
    }

    async fn look(&self) {
        self.ring.refresh(&self.keys, LIFE, &*self.server.clock, &SystemRandom).await.unwrap();
    }

    /// The next tokens of a chain.
    async fn refresh(&self, client: &Client, before: &Value) -> Value {
        let token = before["refresh_token"].as_str().unwrap();
        let id = client.id.as_str();
        let fields = [("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", token)];
        self.server.token(&fields).await.ok()
    }
}

/// An app that keeps the key set as long as `Cache-Control` lets it, and never looks sooner.
#[derive(Default)]
struct App {
    kept: Option<(JwkSet, Timestamp)>,
}

impl App {
    /// Verifies an `id_token`; fetches the keys from `node` if those kept are too old. The key's name.
    async fn verify(&mut self, node: &Server, id_token: &str) -> String {
        let now = node.clock.now();
        if self.kept.as_ref().is_none_or(|(_, until)| now >= *until) {
            let answer = node.get("/oauth/jwks", &[]).await;
            let cache_control = answer.header("cache-control").unwrap();
            let seconds = cache_control.split("max-age=").nth(1).unwrap().parse().unwrap();
            let kept_for = Duration::from_secs(seconds);
            assert!(kept_for < PUBLISHED_BEFORE, "a key is published for longer before it signs");
            self.kept = Some((serde_json::from_value(answer.ok()).unwrap(), now.plus(kept_for)));
        }
        let kid = jsonwebtoken::decode_header(id_token).unwrap().kid.unwrap();
        let (keys, _) = self.kept.as_ref().unwrap();
        let key = keys.find(&kid).unwrap_or_else(|| panic!("{kid} signs and was not published in time"));
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        validation.set_audience(&["app"]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_exp = false;
        let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(id_token, &key, &validation).unwrap();
        kid
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn keys_rotate_by_schedule_and_by_command_without_a_failed_request(#[case] kind: Kind) {
    let first = Server::on(kind).await;
    let client = first.add(public("app")).await;
    let browser = first.signed_in("ana").await;
    let mut chains = Vec::new();
    for _ in 0..2 {
        chains.push(browser.tokens(&client, "openid offline_access user/*.rs").await);
    }
    let nodes = [Node::new(&first).await, Node::new(&first).await];
    for node in &nodes {
        node.server.store.refresh().await.unwrap();
    }
    let mut apps = [App::default(), App::default()];
    let mut seen = BTreeSet::new();
    let mut last_hour: Vec<(Timestamp, String)> = Vec::new();
    // Every two and a half minutes for four hours; the second process looks for keys only every other time.
    for step in 0..96 {
        first.clock.advance(Duration::from_secs(150));
        let now = first.clock.now();
        if step == 40 {
            nodes[1].ring.announce(&*first.clock, &SystemRandom).await.unwrap();
        }
        let second = async {
            if step % 2 == 0 {
                nodes[1].look().await;
            }
        };
        let (one, two, (), ()) = tokio::join!(
            nodes[0].refresh(&client, &chains[0]),
            nodes[1].refresh(&client, &chains[1]),
            nodes[0].look(),
            second,
        );
        last_hour.retain(|(at, _)| now.since(*at) < LIFE);
        for chain in [&one, &two] {
            last_hour.push((now, chain["id_token"].as_str().unwrap().to_owned()));
        }
        chains = vec![one, two];
        for (n, app) in apps.iter_mut().enumerate() {
            for (_, id_token) in &last_hour {
                // The keys come now from one process and now from the other.
                seen.insert(app.verify(&nodes[(n + step) % 2].server, id_token).await);
            }
        }
    }
    assert!(seen.len() >= 4, "three by schedule and one by command: {seen:?}");

    let states = async || {
        let keys = first.store.keys().await.unwrap();
        let count = |state| keys.iter().filter(|key| key.state == state).count();
        (count(KeyState::Active), count(KeyState::Next), count(KeyState::Retiring))
    };
    assert!(states().await.0 == 1 && states().await.2 >= 3, "{:?}", states().await);
    first.clock.advance(PUBLISHED_AFTER + Duration::from_secs(1));
    nodes[0].look().await;
    assert!(states().await.2 <= 1, "what nothing lives of is gone: {:?}", states().await);
}

#[tokio::test]
async fn keys_sealed_under_the_master_key_before_are_sealed_anew() {
    let server = Server::start().await;
    let (before, after) = (SealingKey::from_bytes([1; 32]), SealingKey::from_bytes([2; 32]));
    let old = KeyRing::new(server.store.clone(), &before);
    let kid = old.ready(&*server.clock, &SystemRandom).await.unwrap()[0].kid().to_owned();
    let new = KeyRing::new(server.store.clone(), &after);
    assert!(new.id_token_keys(&SystemRandom).await.is_err(), "without the one before");
    let new = new.with_previous(std::slice::from_ref(&before));
    assert_eq!(new.id_token_keys(&SystemRandom).await.unwrap()[0].kid(), kid);
    let alone = KeyRing::new(server.store.clone(), &after);
    assert_eq!(alone.id_token_keys(&SystemRandom).await.unwrap()[0].kid(), kid, "sealed anew");
}
