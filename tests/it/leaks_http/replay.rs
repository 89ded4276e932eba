//! What counts once counts once: on any node, for as long as clocks that differ would still take it.

use std::time::Duration;

use chartgate::credentials::signing::{SigningAlgorithm, SigningKey};
use chartgate::domain::client::{
    AccessToken, Authorization, AuthorizationCode, Client, ClientAuth, LaunchContext, Principal,
};
use chartgate::domain::clock::Timestamp;
use chartgate::domain::ids::{AccountId, AuthorizationId, ClientId};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenHash, TokenKind};
use chartgate::domain::thumbprint::KeyThumbprint;
use serde_json::{Value, json};

use crate::oracle_server::server::{Answer, NOW, Running, client_of};
use crate::support::dpop::{ProofKey, ath};

use super::House;

/// How far the second node's clock is behind.
const BEHIND: Duration = Duration::from_secs(50);

async fn form(node: &Running, fields: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string(fields).unwrap();
    node.send("POST", "/oauth/token", &[("content-type", "application/x-www-form-urlencoded")], Some(&body))
        .await
}

fn assertion(key: &SigningKey, jti: &str, expires_at: Timestamp) -> String {
    let claims = json!({"iss": "keyed", "sub": "keyed", "aud": "https://gate.example/oauth/token",
        "exp": expires_at.as_seconds(), "jti": jti});
    key.sign_jwt(&claims).unwrap()
}

async fn exchange(node: &Running, assertion: &str) -> u16 {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "system/*.rs"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    form(node, &fields).await.status.as_u16()
}

#[tokio::test]
async fn leak_a_client_assertion_is_replayed_within_clock_skew() {
    let house = House::new().await;
    let key = SigningKey::generate(SigningAlgorithm::Es384).unwrap();
    let jwks = json!({"keys": [key.jwk()]}).to_string();
    let client = Client {
        auth: ClientAuth::Keys { jwks },
        scope: "system/*.rs".to_owned(),
        ..client_of("keyed", Some("north"))
    };
    house.node.store.insert_client(&client).await.unwrap();
    let behind = house.node.beside(NOW.minus(BEHIND)).await;
    let nodes = [&house.node, &behind];
    let expires_at = NOW.plus(Duration::from_mins(2));
    let first = assertion(&key, "j-1", expires_at);
    assert_eq!(exchange(nodes[0], &first).await, 200);
    for node in nodes {
        assert_eq!(exchange(node, &first).await, 401, "at once");
    }
    // By the first node's clock it has expired with all leeway, and what is remembered of it may be swept away; by the second's
    // an assertion of that life still counts.
    for node in nodes {
        node.clock.advance(Duration::from_secs(181));
    }
    house.node.store.sweep().await.unwrap();
    let same_life = assertion(&key, "j-2", expires_at);
    assert_eq!(exchange(nodes[1], &same_life).await, 200, "the second node's clock would still take one");
    assert_eq!(exchange(nodes[1], &first).await, 401, "but not this one");
    assert_eq!(exchange(nodes[0], &first).await, 401);
}

/// A token bound to this key.
async fn bound(node: &Running, key: &ProofKey) -> String {
    let token = PlainToken::generate(TokenKind::Access, &SystemRandom);
    let authorization = authorization(node).await;
    let stored = AccessToken {
        hash: token.hash(),
        authorization,
        scope: "user/*.rs".to_owned(),
        bound_to: Some(KeyThumbprint::parse(key.thumbprint()).unwrap()),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_hours(1)),
    };
    node.store.insert_access_token(&stored).await.unwrap();
    token.expose().to_owned()
}

async fn authorization(node: &Running) -> AuthorizationId {
    let authorization = Authorization {
        id: AuthorizationId::generate(&SystemRandom),
        client: ClientId::parse("app").unwrap(),
        principal: Principal::Account(AccountId::parse("ana").unwrap()),
        session: None,
        scope: "user/*.rs".to_owned(),
        context: LaunchContext::default(),
        nonce: None,
        authenticated_at: NOW,
        created_at: NOW,
        revoked_at: None,
    };
    node.store.insert_authorization(&authorization).await.unwrap();
    authorization.id
}

#[tokio::test]
async fn leak_a_dpop_proof_is_replayed_within_clock_skew() {
    let house = House::new().await;
    let key = ProofKey::new();
    let token = bound(&house.node, &key).await;
    let behind = house.node.beside(NOW.minus(BEHIND)).await;
    let nodes = [&house.node, &behind];
    let path = "/fhir/r4/Observation/kim-lab1";
    let proof = |issued_at: Timestamp| {
        let mut claims = ath(&token);
        claims["iat"] = json!(issued_at.as_seconds());
        key.proof(NOW, "GET", &format!("https://gate.example{path}"), &claims)
    };
    let read = async |node: &Running, proof: &str| {
        let bearer = format!("DPoP {token}");
        node.send("GET", path, &[("authorization", bearer.as_str()), ("dpop", proof)], None)
            .await
            .status
            .as_u16()
    };
    let first = proof(NOW);
    assert_eq!(read(nodes[0], &first).await, 200);
    for node in nodes {
        assert_eq!(read(node, &first).await, 401, "at once");
    }
    for node in nodes {
        node.clock.advance(Duration::from_secs(121));
    }
    house.node.store.sweep().await.unwrap();
    assert_eq!(read(nodes[1], &proof(NOW)).await, 200, "the second node's clock would still take one");
    assert_eq!(read(nodes[1], &first).await, 401, "but not this one");
    assert_eq!(read(nodes[0], &first).await, 401);
}

#[tokio::test]
async fn leak_a_dpop_proof_from_ahead_is_replayed() {
    let house = House::new().await;
    let key = ProofKey::new();
    let token = bound(&house.node, &key).await;
    let path = "/fhir/r4/Observation/kim-lab1";
    let mut claims = ath(&token);
    claims["iat"] = json!(NOW.plus(Duration::from_secs(59)).as_seconds());
    let proof = key.proof(NOW, "GET", &format!("https://gate.example{path}"), &claims);
    let bearer = format!("DPoP {token}");
    let headers = [("authorization", bearer.as_str()), ("dpop", proof.as_str())];
    assert_eq!(house.node.send("GET", path, &headers, None).await.status, 200);
    for seconds in [1, 118, 58] {
        house.node.clock.advance(Duration::from_secs(seconds));
        house.node.store.sweep().await.unwrap();
        assert_eq!(house.node.send("GET", path, &headers, None).await.status, 401, "{seconds}");
    }
}

#[tokio::test]
async fn leak_an_authorization_code_is_replayed() {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let house = House::new().await;
    let behind = house.node.beside(NOW.minus(BEHIND)).await;
    let nodes = [&house.node, &behind];
    let authorization = authorization(&house.node).await;
    let code = PlainToken::generate(TokenKind::Code, &SystemRandom);
    let stored = AuthorizationCode {
        hash: code.hash(),
        authorization,
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: CHALLENGE.to_owned(),
        bound_to: None,
        expires_at: NOW.plus(Duration::from_mins(1)),
    };
    house.node.store.insert_code(&stored).await.unwrap();
    let redeem = async |node: &Running| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", "https://app.example/cb"),
            ("code_verifier", VERIFIER),
            ("client_id", "app"),
        ];
        form(node, &fields).await
    };
    let tokens = redeem(nodes[0]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let tokens: Value = tokens.json();
    let token = tokens["access_token"].as_str().unwrap();
    for node in nodes {
        node.store.refresh().await.unwrap();
        assert_eq!(node.get("/Observation/kim-lab1", token).await.status, 200);
    }
    // A second use, on the other node, long after: no tokens, and those of the first end everywhere.
    for node in nodes {
        node.clock.advance(Duration::from_mins(3));
        node.store.sweep().await.unwrap();
    }
    assert_eq!(redeem(nodes[1]).await.status, 400);
    for node in nodes {
        node.store.refresh().await.unwrap();
        assert_eq!(node.get("/Observation/kim-lab1", token).await.status, 401);
        assert_eq!(redeem(node).await.status, 400);
    }
    assert!(house.node.store.subject_of(&TokenHash::of(token)).await.unwrap().is_none());
}
