//! SMART Backend Services towards the EHR.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use secrecy::SecretString;
use serde_json::Value;

use crate::access::upstream::{Fetched, UpstreamError, Validator};
use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::clock::ManualClock;
use crate::domain::ids::FhirId;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::client::Ehr;
use super::faulty::{Act, Faulty, Heard, connect};
use super::options::{BreakerOptions, EhrAuth};

/// What the token endpoint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Grants { seconds: u64 },
    Refuses,
    Fails,
}

/// An EHR that demands a token, and counts.
struct World {
    server: Faulty,
    ehr: Arc<Ehr>,
    clock: Arc<ManualClock>,
    endpoint: Arc<Mutex<Endpoint>>,
    /// The number of the oldest token that is still taken.
    oldest_good: Arc<AtomicUsize>,
    key: Arc<SigningKey>,
}

fn read() -> Interaction {
    Interaction::Read { resource_type: ResourceType::Organization, id: FhirId::parse("x").unwrap() }
}

impl World {
    async fn new(algorithm: SigningAlgorithm) -> Self {
        let endpoint = Arc::new(Mutex::new(Endpoint::Grants { seconds: 300 }));
        let (issued, oldest_good) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
        let (does, oldest) = (Arc::clone(&endpoint), Arc::clone(&oldest_good));
        let server = Faulty::start(move |heard, _| answer(heard, *does.lock(), &issued, &oldest)).await;
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        let mut options = server.options();
        options.retries = 0;
        options.breaker = BreakerOptions { failures: 1000, ..BreakerOptions::default() };
        options.auth = EhrAuth::BackendServices {
            client_id: "chartgate-client".into(),
            signer: Arc::clone(&key) as _,
            token_url: None,
            scope: "system/*.rs".into(),
        };
        let (ehr, clock) = connect(&options);
        Self { server, ehr: Arc::new(ehr), clock, endpoint, oldest_good, key }
    }

    async fn ask(&self) -> Result<(), UpstreamError> {
        self.ehr.ask(&read(), Validator::default()).await.map(|fetched| {
            assert!(matches!(fetched, Fetched::Body(..)));
        })
    }

    fn heard(&self, path: &str) -> Vec<Heard> {
        self.server.heard().into_iter().filter(|heard| heard.path == path).collect()
    }

    fn tokens_asked(&self) -> usize {
        self.heard("/token").len()
    }
}

fn json(status: u16, body: &str) -> Act {
    Act::Answer(status, vec![("Content-Type", "application/json".into())], body.as_bytes().to_vec())
}

fn answer(heard: &Heard, endpoint: Endpoint, issued: &AtomicUsize, oldest: &AtomicUsize) -> Act {
    match (heard.path.as_str(), endpoint) {
        ("/fhir/.well-known/smart-configuration", _) => {
            let host = &heard.headers["host"];
            json(200, &format!(r#"{{"token_endpoint":"http://{host}/token"}}"#))
        }
        ("/token", Endpoint::Grants { seconds }) => {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(
                r#"{{"access_token":"t{number}","token_type":"bearer","expires_in":{seconds},"scope":"system/*.rs"}}"#
            );
            Act::After(Duration::from_millis(20), Box::new(json(200, &body)))
        }
        ("/token", Endpoint::Refuses) => json(400, r#"{"error":"invalid_client"}"#),
        ("/token", Endpoint::Fails) => Act::status(500),
        _ => {
            let number = heard
                .headers
                .get("authorization")
                .and_then(|value| value.strip_prefix("Bearer t")?.parse().ok());
            match number {
                Some(number) if oldest.load(Ordering::SeqCst) <= number => {
                    Act::json(r#"{"resourceType":"Organization","id":"x"}"#)
                }
                Some::<usize>(_) | None => Act::status(401),
            }
        }
    }
}

#[tokio::test]
async fn smart_backend_services_by_either_algorithm() {
    crate::credentials::install_crypto_provider();
    for (algorithm, theirs) in
        [(SigningAlgorithm::Es384, Algorithm::ES384), (SigningAlgorithm::Rs384, Algorithm::RS384)]
    {
        let world = World::new(algorithm).await;
        world.ask().await.unwrap();
        let request = &world.heard("/token")[0];
        let form: HashMap<String, String> = serde_urlencoded::from_str(&request.body).unwrap();
        assert_eq!((&*form["grant_type"], &*form["scope"]), ("client_credentials", "system/*.rs"));
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert!(!request.headers.contains_key("authorization") && !form.contains_key("client_secret"));
        let jwk = serde_json::from_value(world.key.jwk().clone()).unwrap();
        let mut rules = Validation::new(theirs);
        rules.set_audience(&[world.server.base.join("/token").unwrap().as_str()]);
        // The clock of the test is not the machine's.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(
            &form["client_assertion"],
            &DecodingKey::from_jwk(&jwk).unwrap(),
            &rules,
        )
        .unwrap()
        .claims;
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&"chartgate-client".into(), &"chartgate-client".into())
        );
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((1..=300).contains(&life), "SMART: no more than five minutes");
        assert!(claims["jti"].as_str().unwrap().len() >= 16);
    }
}

#[tokio::test]
async fn one_token_for_all_who_wait() {
    let world = Arc::new(World::new(SigningAlgorithm::Es384).await);
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.ask().await })
        })
        .collect();
    for asker in askers {
        asker.await.unwrap().unwrap();
    }
    assert_eq!(world.tokens_asked(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_nobody_waits_for_that() {
    let world = World::new(SigningAlgorithm::Es384).await;
    world.ask().await.unwrap();
    world.clock.advance(Duration::from_secs(241));
    world.ask().await.unwrap();
    assert_eq!(world.heard("/fhir/Organization/x")[1].headers["authorization"], "Bearer t1");
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.ask().await.unwrap();
    assert_eq!(world.heard("/fhir/Organization/x")[2].headers["authorization"], "Bearer t2");
    assert_eq!(world.tokens_asked(), 2);
    world.clock.advance(Duration::from_secs(301));
    world.ask().await.unwrap();
    assert_eq!(world.tokens_asked(), 3, "an expired one is never sent");
}

#[tokio::test]
async fn a_token_refused_early_is_renewed_once() {
    let world = World::new(SigningAlgorithm::Es384).await;
    world.ask().await.unwrap();
    world.oldest_good.store(2, Ordering::SeqCst);
    world.ask().await.unwrap();
    assert_eq!(world.tokens_asked(), 2);
    world.oldest_good.store(1000, Ordering::SeqCst);
    assert_eq!(world.ask().await.unwrap_err(), UpstreamError::Forbidden);
    assert_eq!(world.tokens_asked(), 3, "no loop");
}

#[tokio::test]
async fn a_refusal_of_the_client_is_said_and_not_hammered() {
    let world = World::new(SigningAlgorithm::Es384).await;
    *world.endpoint.lock() = Endpoint::Refuses;
    for _ in 0..10 {
        assert_eq!(world.ask().await.unwrap_err(), UpstreamError::Forbidden);
    }
    assert_eq!(world.tokens_asked(), 1, "the failure stands for a second");
    *world.endpoint.lock() = Endpoint::Grants { seconds: 60 };
    world.clock.advance(Duration::from_secs(1));
    world.ask().await.unwrap();
}

#[tokio::test]
async fn the_token_endpoint_may_fail_while_a_token_is_good() {
    let world = World::new(SigningAlgorithm::Es384).await;
    world.ask().await.unwrap();
    *world.endpoint.lock() = Endpoint::Fails;
    world.clock.advance(Duration::from_secs(250));
    world.ask().await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.ask().await.unwrap_err(), UpstreamError::Unavailable { retry_after: None });
}

#[tokio::test]
async fn a_static_token_is_sent_as_it_is() {
    let server = Faulty::script(vec![Act::json(r#"{"resourceType":"Organization","id":"x"}"#)]).await;
    let mut options = server.options();
    options.auth = EhrAuth::StaticToken(SecretString::from("abc".to_owned()));
    let (ehr, _) = connect(&options);
    ehr.ask(&read(), Validator::default()).await.unwrap();
    assert_eq!(server.heard()[0].headers["authorization"], "Bearer abc");
    assert!(!format!("{ehr:?}").contains("abc"), "no secret in Debug");
}
