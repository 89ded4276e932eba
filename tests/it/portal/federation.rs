//! OpenID Connect against a provider that misbehaves in each way that matters (S-05, S-21): what does not hold lets nobody in.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use chartgate::accounts::By;
use chartgate::accounts::federation::{FederationError, NotLetIn, Proved, Provider, ProviderSettings};
use chartgate::credentials::signing::{SigningAlgorithm, SigningKey, jwks};
use chartgate::domain::account::AccountKind;
use chartgate::domain::clock::{Clock as _, SystemClock};
use chartgate::domain::ids::FhirId;
use chartgate::domain::random::SystemRandom;
use chartgate::outbound::{Outbound, OutboundOptions, Purpose, PurposeOptions};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::world::World;

/// What the provider answers with.
struct Idp {
    issuer: String,
    key: Mutex<SigningKey>,
    token: Mutex<String>,
    asked_for_keys: Mutex<u32>,
}

impl Idp {
    async fn start() -> Arc<Self> {
        chartgate::credentials::install_crypto_provider();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idp = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key: Mutex::new(SigningKey::generate(SigningAlgorithm::Rs256).unwrap()),
            token: Mutex::default(),
            asked_for_keys: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&idp));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        idp
    }

    fn provider(&self) -> Provider {
        let options = OutboundOptions {
            identity_provider: PurposeOptions { private_networks: true, ..PurposeOptions::default() },
            ..OutboundOptions::default()
        };
        let settings = ProviderSettings {
            label: "Children\u{2019}s ID".to_owned(),
            issuer: self.issuer.parse().unwrap(),
            client_id: "chartgate".to_owned(),
            client_secret: None,
            scopes: vec!["email".to_owned()],
            reset_url: None,
            redirect_uri: "https://gate.example/sign-in/childrens-id/callback".parse().unwrap(),
            after_sign_out: "https://gate.example/sign-in".parse().unwrap(),
        };
        let http = Outbound::new(&options).unwrap().client(Purpose::IdentityProvider);
        Provider::new(settings, http, Arc::new(SystemClock))
    }

    fn claims(&self, nonce: &str) -> Value {
        let now = SystemClock.now().as_seconds();
        json!({
            "iss": self.issuer, "aud": "chartgate", "sub": "s-1", "nonce": nonce, "iat": now, "exp": now + 300,
            "email": "Kim@Example.org", "email_verified": true, "fhirUser": "Person/p", "sid": "there",
        })
    }

    fn sign(&self, claims: &Value) {
        *self.token.lock() = self.key.lock().sign_jwt(claims).unwrap();
    }
}

async fn metadata(State(idp): State<Arc<Idp>>) -> Json<Value> {
    let issuer = &idp.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/out"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
    }))
}

async fn keys(State(idp): State<Arc<Idp>>) -> Json<Value> {
    *idp.asked_for_keys.lock() += 1;
    Json(jwks([&*idp.key.lock()]))
}

async fn token(State(idp): State<Arc<Idp>>) -> Json<Value> {
    let token = idp.token.lock().clone();
    Json(json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token }))
}

fn query(url: &url::Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

#[tokio::test]
async fn s21_an_answer_that_holds_tells_who_it_is() {
    let idp = Idp::start().await;
    let provider = idp.provider();
    let (url, begun) = provider.begin("/help", &SystemRandom).await.unwrap();
    assert_eq!(query(&url, "response_type"), "code");
    assert_eq!(query(&url, "scope"), "openid email");
    assert_eq!(query(&url, "code_challenge_method"), "S256");
    assert_eq!(query(&url, "state"), begun.state);
    idp.sign(&idp.claims(&query(&url, "nonce")));
    let proved = provider.finish(&begun, "code", Some(&idp.issuer)).await.unwrap();
    assert_eq!(proved.subject, "s-1");
    assert_eq!(proved.verified_email(), Some("kim@example.org"));
    assert_eq!((proved.fhir_user.as_deref(), proved.sid.as_deref()), (Some("Person/p"), Some("there")));
    let out = provider.sign_out_url(Some("hint")).await.unwrap();
    assert_eq!((out.path(), query(&out, "id_token_hint").as_str()), ("/out", "hint"));
}

#[tokio::test]
async fn s21_what_does_not_hold_lets_nobody_in() {
    let idp = Idp::start().await;
    let provider = idp.provider();
    let (url, begun) = provider.begin("/", &SystemRandom).await.unwrap();
    let nonce = query(&url, "nonce");
    let mut spoiled = Vec::new();
    for (name, value, wrong) in [
        ("nonce", json!("another"), "nonce"),
        ("nonce", Value::Null, "nonce"),
        ("aud", json!("somebody-else"), "audience"),
        ("aud", json!(["chartgate", "somebody-else"]), "audience"),
        ("iss", json!("https://evil.example"), "issuer"),
        ("exp", json!(SystemClock.now().as_seconds() - 60), "expired"),
        // A stale time of issue counts as expired, in the word of the library.
        ("iat", json!(SystemClock.now().as_seconds() - 3600), "expired"),
    ] {
        let mut claims = idp.claims(&nonce);
        claims[name] = value;
        if claims[name].is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        spoiled.push((claims, wrong));
    }
    for (claims, wrong) in spoiled {
        idp.sign(&claims);
        let refused = provider.finish(&begun, "code", None).await.unwrap_err();
        assert_eq!(refused, FederationError::Invalid(wrong), "{claims}");
    }
    // Unsigned, with a MAC, and signed by somebody else.
    let claims = idp.claims(&nonce);
    let part = |value: &Value| B64.encode(value.to_string());
    let unsigned = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims));
    let mac = format!("{}.{}.{}", part(&json!({"alg": "HS256"})), part(&claims), B64.encode([1; 32]));
    let other = SigningKey::generate(SigningAlgorithm::Rs256).unwrap().sign_jwt(&claims).unwrap();
    for token in [unsigned, mac, other] {
        *idp.token.lock() = token;
        let refused = provider.finish(&begun, "code", None).await;
        assert!(matches!(refused, Err(FederationError::Invalid(_))), "{refused:?}");
    }
    // Mix-up: another provider's `iss` beside our code (RFC 9207).
    idp.sign(&claims);
    let mixed = provider.finish(&begun, "code", Some("https://evil.example")).await;
    assert_eq!(mixed, Err(FederationError::Invalid("iss")));
    assert!(provider.finish(&begun, "code", None).await.is_ok(), "the same without any of it");
}

#[tokio::test]
async fn s21_keys_rotate_and_unknown_ones_are_not_asked_for_without_end() {
    let idp = Idp::start().await;
    let provider = idp.provider();
    let (url, begun) = provider.begin("/", &SystemRandom).await.unwrap();
    let claims = idp.claims(&query(&url, "nonce"));
    idp.sign(&claims);
    provider.finish(&begun, "code", None).await.unwrap();
    let before = *idp.asked_for_keys.lock();
    let other = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
    *idp.token.lock() = other.sign_jwt(&claims).unwrap();
    for _ in 0..5 {
        assert!(provider.finish(&begun, "code", None).await.is_err());
    }
    assert!(*idp.asked_for_keys.lock() <= before + 1, "at most one more within half a minute");
    // A provider that is new to us takes the new key at once.
    *idp.key.lock() = other;
    let fresh = idp.provider();
    let (url, begun) = fresh.begin("/", &SystemRandom).await.unwrap();
    idp.sign(&idp.claims(&query(&url, "nonce")));
    fresh.finish(&begun, "code", None).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let idp = Idp::start().await;
    let mut gone = idp.provider().settings().clone();
    gone.issuer = "http://127.0.0.1:9".parse().unwrap();
    let options = OutboundOptions {
        identity_provider: PurposeOptions { private_networks: true, ..PurposeOptions::default() },
        ..OutboundOptions::default()
    };
    let http = Outbound::new(&options).unwrap().client(Purpose::IdentityProvider);
    let provider = Provider::new(gone, http, Arc::new(SystemClock));
    assert_eq!(provider.begin("/", &SystemRandom).await.unwrap_err(), FederationError::Unreachable);
}

fn proved(subject: &str, email: &str, verified: bool) -> Proved {
    Proved {
        subject: subject.to_owned(),
        email: Some(email.to_owned()),
        email_verified: verified,
        name: Some("Rosa Torres".to_owned()),
        fhir_user: Some("Person/p".to_owned()),
        sid: None,
        id_token: "token".to_owned(),
    }
}

#[tokio::test]
async fn s02_childrens_id_is_linked_once_by_a_verified_address_of_staff_or_a_physician() {
    let world = World::new().await;
    let accounts = &world.accounts;
    let by = By::operator();
    let enter = async |who: Proved| accounts.sign_in_with_childrens_id(&who, &by).await;
    for (subject, email, verified) in [
        ("s-1", "kim@example.org", false),
        ("s-1", "nobody@example.org", true),
        ("s-1", "jo@example.org", true),
        ("s-1", "gus@example.org", true),
    ] {
        let refused = enter(proved(subject, email, verified)).await.unwrap_err();
        assert_eq!(refused, NotLetIn::Unknown, "{email} {verified}");
    }
    let kim = enter(proved("s-1", "kim@example.org", true)).await.unwrap();
    assert_eq!(kim.account.email, "kim@example.org");
    // From then on the subject counts, whatever the address; and nobody else takes the account over.
    let again = enter(proved("s-1", "married@example.org", false)).await.unwrap();
    assert_eq!(again.account.id, kim.account.id);
    assert_eq!(enter(proved("s-2", "kim@example.org", true)).await.unwrap_err(), NotLetIn::Unknown);
    assert!(enter(proved("s-3", "ana@example.org", true)).await.is_ok(), "a physician");
    accounts.suspend_account(&kim.account.id, &by).await.unwrap();
    assert_eq!(enter(proved("s-1", "kim@example.org", true)).await.unwrap_err(), NotLetIn::Suspended);
}

#[tokio::test]
async fn s05_a_familys_account_is_made_at_the_first_sign_in_and_its_children_are_those_of_the_last() {
    let world = World::new().await;
    let accounts = &world.accounts;
    let by = By::operator();
    let child = |id: &str| FhirId::parse(id).unwrap();
    let rosa = proved("p-1", "rosa@example.org", true);
    let none = accounts.sign_in_with_patient_portal(&rosa, vec![], &by).await.unwrap_err();
    assert_eq!(none, NotLetIn::NoChildren);
    assert!(world.store.account_by_email("rosa@example.org").await.unwrap().is_none());
    let first =
        accounts.sign_in_with_patient_portal(&rosa, vec![child("mia"), child("leo")], &by).await.unwrap();
    assert_eq!(first.account.kind, AccountKind::Guardian { patients: vec![child("mia"), child("leo")] });
    let second = accounts.sign_in_with_patient_portal(&rosa, vec![child("leo")], &by).await.unwrap();
    assert_eq!(second.account.id, first.account.id);
    let stored = world.store.account(&first.account.id).await.unwrap().unwrap();
    assert_eq!(stored.kind, AccountKind::Guardian { patients: vec![child("leo")] });
    accounts.sign_in_with_patient_portal(&rosa, vec![], &by).await.unwrap_err();
    let stored = world.store.account(&first.account.id).await.unwrap().unwrap();
    assert_eq!(stored.kind, AccountKind::Guardian { patients: vec![] }, "nobody's any more");
    // A clinician's address does not make a guardian of the clinician.
    let ana = proved("p-2", "ana@example.org", true);
    let other = accounts.sign_in_with_patient_portal(&ana, vec![child("mia")], &by).await.unwrap();
    assert!(other.account.email.ends_with("@patient-portal.invalid"));
}
