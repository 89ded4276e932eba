//! Tokens that are bound to a key, at the FHIR endpoint (RFC 9449 7).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::account::{Account, AccountKind, AccountState};
use chartgate::domain::client::{
    AccessToken, Authorization, Client, ClientAuth, ClientDetails, ClientKind, ClientSecurity, ClientState,
    LaunchContext, Principal,
};
use chartgate::domain::clock::{Clock as _, Timestamp};
use chartgate::domain::ids::{AccountId, AuthorizationId, ClientId, Npi};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use chartgate::domain::thumbprint::KeyThumbprint;
use chartgate::facade::{Endpoints, Facade, Limits, Origins, Throttle, routes};
use chartgate::web::proofs::Proofs;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::hospital::NPI_OF_ANA;
use super::world::{Answer, BASE, World};
use crate::support::databases::{Database, Kind, START};
use crate::support::dpop::{ProofKey, ath};

struct Nobody;

impl Origins for Nobody {
    fn is_registered(&self, origin: &str) -> bool {
        origin == "https://app.example"
    }
}

/// The endpoint over a real store: its tokens, and proofs noted in it.
struct Gate {
    database: Database,
    router: Router,
    _world: World,
}

const PATIENT: &str = "/Patient/seen";

impl Gate {
    async fn new() -> Self {
        let world = World::new().await;
        let database = Database::new(Kind::Sqlite).await;
        let store = database.store.clone();
        let proofs = Proofs::new(
            store.clone(),
            database.clock.clone(),
            &SealingKey::from_bytes([7; 32]),
            "https://gate.example".parse().unwrap(),
        );
        let endpoints = Endpoints {
            authorize: "https://gate.example/oauth/authorize".into(),
            token: "https://gate.example/oauth/token".into(),
            revoke: "https://gate.example/oauth/revoke".into(),
            introspect: "https://gate.example/oauth/introspect".into(),
            manage: "https://gate.example/account/apps".into(),
            register: None,
            date: "2026-05-01T00:00:00Z".into(),
        };
        let facade = Facade::new(
            world.records.clone(),
            Arc::new(store),
            Arc::new(Nobody),
            endpoints,
            Arc::new(SystemRandom),
            Some(proofs),
            Throttle::new(Limits::NONE, world.clock.clone()),
        );
        let gate = Self { database, router: routes(facade, None, "/fhir/r4"), _world: world };
        gate.add_people().await;
        gate
    }

    async fn add_people(&self) {
        let account = Account {
            id: AccountId::parse("ana").unwrap(),
            kind: AccountKind::Provider { npi: Npi::parse(NPI_OF_ANA).unwrap() },
            email: "ana@practice.example".to_owned(),
            name: "Dr. Ana Ellis".to_owned(),
            phone: None,
            state: AccountState::Active,
            created_at: START,
        };
        self.database.store.insert_account(&account).await.unwrap();
        for (id, fapi) in [("viewer", false), ("strict", true)] {
            let security = ClientSecurity { fapi, ..ClientSecurity::default() };
            let client = Client {
                id: ClientId::parse(id).unwrap(),
                name: "Viewer".to_owned(),
                kind: ClientKind::Public,
                auth: ClientAuth::None,
                redirect_uris: vec!["https://app.example/cb".to_owned()],
                launch_uri: None,
                scope: "user/*.rs".to_owned(),
                practice: None,
                trusted: false,
                state: ClientState::Active,
                details: ClientDetails { security, ..ClientDetails::default() },
                created_at: START,
            };
            self.database.store.insert_client(&client).await.unwrap();
        }
    }

    /// A token of `client`, bound to this key.
    async fn token(&self, client: &str, key: Option<&ProofKey>) -> String {
        let token = PlainToken::generate(TokenKind::Access, &SystemRandom);
        let authorization = Authorization {
            id: AuthorizationId::generate(&SystemRandom),
            client: ClientId::parse(client).unwrap(),
            principal: Principal::Account(AccountId::parse("ana").unwrap()),
            session: None,
            scope: "user/*.rs".to_owned(),
            context: LaunchContext::default(),
            nonce: None,
            authenticated_at: START,
            created_at: START,
            revoked_at: None,
        };
        self.database.store.insert_authorization(&authorization).await.unwrap();
        let stored = AccessToken {
            hash: token.hash(),
            authorization: authorization.id,
            scope: authorization.scope,
            bound_to: key.map(|key| KeyThumbprint::parse(key.thumbprint()).unwrap()),
            issued_at: START,
            expires_at: START.plus(Duration::from_hours(1)),
        };
        self.database.store.insert_access_token(&stored).await.unwrap();
        token.expose().to_owned()
    }

    fn now(&self) -> Timestamp {
        self.database.clock.now()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().uri(format!("/fhir/r4{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn shown(&self, path: &str, token: &str, proof: &str) -> Answer {
        self.get(path, &[("authorization", &format!("DPoP {token}")), ("dpop", proof)]).await
    }

    fn proof(&self, key: &ProofKey, path: &str, token: &str, more: &Value) -> String {
        let mut claims = ath(token);
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        key.proof(self.now(), "GET", &format!("{BASE}{path}"), &claims)
    }
}

#[tokio::test]
async fn rfc_9449_7_1_a_bound_token_reads_with_its_key() {
    let gate = Gate::new().await;
    let key = ProofKey::new();
    let token = gate.token("viewer", Some(&key)).await;
    for path in [PATIENT, "/Observation?patient=seen"] {
        // The query does not belong to htu.
        let address = path.split('?').next().unwrap();
        let answer = gate.shown(path, &token, &gate.proof(&key, address, &token, &json!({}))).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn rfc_9449_7_2_no_bound_token_counts_as_a_bearers_and_the_reverse() {
    let gate = Gate::new().await;
    let key = ProofKey::new();
    let (bound, free) = (gate.token("viewer", Some(&key)).await, gate.token("viewer", None).await);
    let refused = gate.get(PATIENT, &[("authorization", &format!("Bearer {bound}"))]).await;
    assert_eq!(refused.status.as_u16(), 401);
    let challenges: Vec<_> =
        refused.headers.get_all("www-authenticate").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(challenges.iter().any(|c| c.starts_with("Bearer ")), "{challenges:?}");
    assert!(challenges.iter().any(|c| c.starts_with("DPoP algs=\"ES256 ")), "{challenges:?}");
    let proof = gate.proof(&key, PATIENT, &bound, &json!({}));
    let both = [("authorization", &*format!("Bearer {bound}")), ("dpop", &*proof)];
    assert_eq!(gate.get(PATIENT, &both).await.status.as_u16(), 401, "a proof beside Bearer changes nothing");
    let proof = gate.proof(&key, PATIENT, &free, &json!({}));
    assert_eq!(gate.shown(PATIENT, &free, &proof).await.status.as_u16(), 401);
    let bearer = gate.get(PATIENT, &[("authorization", &format!("Bearer {free}"))]).await;
    assert_eq!(bearer.status.as_u16(), 200, "{}", bearer.text());
}

#[tokio::test]
async fn rfc_9449_4_3_a_proof_is_for_one_request_one_token_and_one_time() {
    let gate = Gate::new().await;
    let key = ProofKey::new();
    let token = gate.token("viewer", Some(&key)).await;
    let other = gate.token("viewer", Some(&key)).await;
    let good = gate.proof(&key, PATIENT, &token, &json!({}));
    assert_eq!(gate.shown(PATIENT, &token, &good).await.status.as_u16(), 200);
    for (proof, what) in [
        (good, "used before"),
        (gate.proof(&key, "/Patient/other", &token, &json!({})), "another address"),
        (gate.proof(&key, PATIENT, &other, &json!({})), "another token"),
        (gate.proof(&key, PATIENT, &token, &json!({"htm": "POST"})), "another method"),
        (gate.proof(&key, PATIENT, &token, &json!({"iat": gate.now().as_seconds() - 600})), "too old"),
        (gate.proof(&ProofKey::new(), PATIENT, &token, &json!({})), "another key"),
        ("nonsense".to_owned(), "nonsense"),
    ] {
        let answer = gate.shown(PATIENT, &token, &proof).await;
        assert_eq!(answer.status.as_u16(), 401, "{what}");
        assert!(answer.text().contains("OperationOutcome"), "{what}");
    }
    let none = gate.get(PATIENT, &[("authorization", &format!("DPoP {token}"))]).await;
    assert!(none.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""));
}

#[tokio::test]
async fn rfc_9449_9_a_client_held_to_fapi_shows_a_nonce_of_ours() {
    let gate = Gate::new().await;
    let key = ProofKey::new();
    let token = gate.token("strict", Some(&key)).await;
    let asked = gate.shown(PATIENT, &token, &gate.proof(&key, PATIENT, &token, &json!({}))).await;
    assert_eq!(asked.status.as_u16(), 401);
    assert!(asked.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\""));
    let nonce = asked.header("dpop-nonce").to_owned();
    let proof = gate.proof(&key, PATIENT, &token, &json!({"nonce": nonce}));
    assert_eq!(gate.shown(PATIENT, &token, &proof).await.status.as_u16(), 200);
    gate.database.clock.advance(Duration::from_mins(6));
    let old = gate.proof(&key, PATIENT, &token, &json!({"nonce": nonce}));
    assert!(!gate.shown(PATIENT, &token, &old).await.header("dpop-nonce").is_empty());
}

#[tokio::test]
async fn browsers_may_send_proofs() {
    let gate = Gate::new().await;
    let asked = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let mut request = Request::builder().method("OPTIONS").uri("/fhir/r4/Patient/seen");
    for (name, value) in asked {
        request = request.header(name, value);
    }
    let answer = gate.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("access-control-allow-headers").contains("DPoP"));
    assert!(header("access-control-expose-headers").contains("DPoP-Nonce"));
}
