//! Clients held to the FAPI 2.0 Security Profile.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::{Client, ClientAuth, ClientKind, ClientSecurity};
use chartgate::domain::clock::Clock as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{
    Answer, ISSUER, REDIRECT, Server, borrowed, confidential, exchange, public, request, set,
};
use super::signing::{ClientKey, JWT_BEARER, claims};
use crate::support::dpop::{ProofKey, ath};

const LOOPBACK: &str = "http://127.0.0.1:9/cb";

/// A client's ES256 key; assertions are signed by a library that is not ours.
struct Es256 {
    jwk: Value,
    key: EncodingKey,
    count: AtomicU32,
}

impl Es256 {
    fn new() -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "use": "sig",
            "x": encode(&point[1..33]), "y": encode(&point[33..]),
        });
        Self { jwk, key: EncodingKey::from_ec_der(der.as_ref()), count: AtomicU32::new(0) }
    }

    fn assertion(&self, server: &Server, audience: &Value) -> String {
        let jti = format!("a-{}", self.count.fetch_add(1, Ordering::SeqCst));
        let mut claims = claims(server, "app", &jti);
        claims["aud"] = audience.clone();
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

fn held(client: Client) -> Client {
    let mut client = client;
    client.details.security = ClientSecurity { fapi: true, ..ClientSecurity::default() };
    client
}

fn fapi(jwks: &Value) -> Client {
    let auth = ClientAuth::Keys { jwks: jwks.to_string() };
    let redirect_uris = vec![REDIRECT.to_owned(), LOOPBACK.to_owned()];
    held(Client { kind: ClientKind::Confidential, auth, redirect_uris, ..public("app") })
}

struct World {
    server: Server,
    key: Es256,
    proofs: ProofKey,
    client: Client,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let key = Es256::new();
        let client = server.add(fapi(&json!({"keys": [key.jwk]}))).await;
        Self { server, key, proofs: ProofKey::new(), client }
    }

    /// A form with a client assertion to the issuer and, where asked, a proof; answers the request for a nonce once.
    async fn send(&self, path: &str, fields: &[(String, String)], proof: bool) -> Answer {
        let mut nonce: Option<String> = None;
        loop {
            let assertion = self.key.assertion(&self.server, &json!(ISSUER));
            let fields =
                set(&set(fields, "client_assertion", &assertion), "client_assertion_type", JWT_BEARER);
            let more = nonce.as_ref().map_or(json!({}), |nonce| json!({"nonce": nonce}));
            let shown = self.proofs.proof(self.server.clock.now(), "POST", &format!("{ISSUER}{path}"), &more);
            let headers: Vec<_> = proof.then_some(("dpop", shown.as_str())).into_iter().collect();
            let answer = self.server.form(path, &headers, &borrowed(&fields)).await;
            let asked = answer.header("dpop-nonce").map(str::to_owned);
            match asked {
                Some(asked) if nonce.is_none() => nonce = Some(asked),
                _ => return answer,
            }
        }
    }

    async fn code(&self, scope: &str) -> String {
        let answer = self.send("/oauth/par", &request(&self.client, scope), false).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
        let request_uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
        let browser = self.server.signed_in("ana").await;
        let page = browser.authorize(&[("client_id", "app"), ("request_uri", &request_uri)]).await;
        let done = browser.allow(&browser.settle(page).await).await;
        assert_eq!(done.app_parameter("iss").as_deref(), Some(ISSUER), "FAPI 2.0 5.3.2.2, 7");
        done.code()
    }
}

#[tokio::test]
async fn fapi_2_a_whole_flow_with_nonces_and_without_rotation() {
    let world = World::new().await;
    let code = world.code("openid offline_access user/*.rs").await;
    let fields = exchange(&world.client, &code);
    let tokens = world.send("/oauth/token", &fields, true).await.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    let access = tokens["access_token"].as_str().unwrap();

    let mut claims = ath(access);
    let userinfo = async |claims: &Value| {
        let url = format!("{ISSUER}/oauth/userinfo");
        let proof = world.proofs.proof(world.server.clock.now(), "GET", &url, claims);
        let authorization = format!("DPoP {access}");
        let headers = [("authorization", authorization.as_str()), ("dpop", proof.as_str())];
        world.server.get("/oauth/userinfo", &headers).await
    };
    let asked = userinfo(&claims).await;
    assert_eq!(asked.error(), (401, "use_dpop_nonce".to_owned()));
    claims["nonce"] = json!(asked.header("dpop-nonce").unwrap());
    assert_eq!(userinfo(&claims).await.ok()["sub"], "ana");

    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for _ in 0..2 {
        world.server.clock.advance(std::time::Duration::from_hours(24 * 60));
        let again = world.send("/oauth/token", &refresh, true).await.ok();
        assert_eq!(
            again["refresh_token"], tokens["refresh_token"],
            "FAPI 2.0 5.3.2.1, 9: no rotation; renewed"
        );
    }
    world.server.clock.advance(std::time::Duration::from_hours(24 * 94));
    assert_eq!(world.send("/oauth/token", &refresh, true).await.error().1, "invalid_grant");
}

#[tokio::test]
async fn fapi_2_5_3_2_1_tokens_are_bound_and_requests_are_pushed() {
    let world = World::new().await;
    let code = world.code("user/*.rs").await;
    let bearer = world.send("/oauth/token", &exchange(&world.client, &code), false).await;
    assert_eq!(bearer.error(), (400, "invalid_dpop_proof".to_owned()));
    let browser = world.server.signed_in("ana").await;
    let plain = browser.authorize(&borrowed(&request(&world.client, "user/*.rs"))).await;
    assert_eq!(plain.app_error(), "invalid_request");
}

#[rstest]
#[case::token_endpoint(json!(format!("{ISSUER}/oauth/token")))]
#[case::par_endpoint(json!(format!("{ISSUER}/oauth/par")))]
#[case::list(json!([ISSUER]))]
#[case::slash(json!(format!("{ISSUER}/")))]
#[tokio::test]
async fn fapi_2_5_3_2_1_the_issuer_is_the_one_audience(#[case] audience: Value) {
    let world = World::new().await;
    let assertion = world.key.assertion(&world.server, &audience);
    let fields = set(&request(&world.client, "user/*.rs"), "client_assertion", &assertion);
    let fields = set(&fields, "client_assertion_type", JWT_BEARER);
    let answer = world.server.form("/oauth/par", &[], &borrowed(&fields)).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn fapi_2_5_4_1_and_5_3_2_1_other_algorithms_and_secrets_are_refused() {
    let server = Server::start().await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    let client = server.add(fapi(&key.jwks())).await;
    let mut issuer = claims(&server, "app", "j-1");
    issuer["aud"] = json!(ISSUER);
    let fields = set(&request(&client, "user/*.rs"), "client_assertion", &key.sign(&issuer));
    let fields = set(&fields, "client_assertion_type", JWT_BEARER);
    assert_eq!(server.form("/oauth/par", &[], &borrowed(&fields)).await.error().0, 401);

    let secret = server.add(held(Client { ..confidential("with-secret", "s") })).await;
    let fields = set(&request(&secret, "user/*.rs"), "client_secret", "s");
    assert_eq!(server.form("/oauth/par", &[], &borrowed(&fields)).await.error().0, 401);
    let open = server.add(held(public("open"))).await;
    assert_eq!(server.form("/oauth/par", &[], &borrowed(&request(&open, "user/*.rs"))).await.error().0, 401);
}

#[tokio::test]
async fn row_311_a_client_that_is_not_held_to_it_may_sign_by_es256_too() {
    let server = Server::start().await;
    let key = Es256::new();
    let auth = ClientAuth::Keys { jwks: json!({"keys": [key.jwk]}).to_string() };
    let client = server.add(Client { kind: ClientKind::Confidential, auth, ..public("app") }).await;
    for audience in [json!(ISSUER), json!(format!("{ISSUER}/oauth/token"))] {
        let fields =
            set(&request(&client, "user/*.rs"), "client_assertion", &key.assertion(&server, &audience));
        let fields = set(&fields, "client_assertion_type", JWT_BEARER);
        assert_eq!(server.form("/oauth/par", &[], &borrowed(&fields)).await.status.as_u16(), 201);
    }
}

#[tokio::test]
async fn fapi_2_5_3_2_2_only_https_is_redirected_to() {
    let world = World::new().await;
    let fields = set(&request(&world.client, "user/*.rs"), "redirect_uri", LOOPBACK);
    assert_eq!(world.send("/oauth/par", &fields, false).await.error(), (400, "invalid_request".to_owned()));
}
