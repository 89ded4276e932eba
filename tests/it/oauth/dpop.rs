//! Tokens bound to a key of the client (RFC 9449).

use std::time::Duration;

use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::{Client, ClientSecurity};
use serde_json::{Value, json};

use crate::support::dpop::{ProofKey, ath};

use super::harness::{
    Answer, ISSUER, Server, backend, borrowed, confidential, exchange, public, request, set,
};
use super::par::pushed;
use super::signing::{ClientKey, JWT_BEARER};

fn proof(server: &Server, key: &ProofKey, path: &str, more: &Value) -> String {
    key.proof(now(server), "POST", &format!("{ISSUER}{path}"), more)
}

fn now(server: &Server) -> chartgate::domain::clock::Timestamp {
    use chartgate::domain::clock::Clock as _;
    server.clock.now()
}

async fn token(server: &Server, key: &ProofKey, fields: &[(String, String)]) -> Answer {
    let proof = proof(server, key, "/oauth/token", &json!({}));
    server.form("/oauth/token", &[("dpop", &proof)], &borrowed(fields)).await
}

async fn userinfo(server: &Server, scheme: &str, token: &str, proof: Option<&str>) -> Answer {
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(proof.map(|proof| ("dpop", proof)));
    server.get("/oauth/userinfo", &headers).await
}

fn at_userinfo(server: &Server, key: &ProofKey, token: &str) -> String {
    key.proof(now(server), "GET", &format!("{ISSUER}/oauth/userinfo"), &ath(token))
}

fn refresh(client: &str, token: &Value) -> Vec<(String, String)> {
    let token = token["refresh_token"].as_str().unwrap();
    [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

const SCOPE: &str = "openid offline_access user/*.rs";

#[tokio::test]
async fn rfc_9449_5_the_token_of_a_public_client_and_its_refresh_token_are_bound() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let key = ProofKey::new();
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let first = token(&server, &key, &exchange(&client, &code)).await.ok();
    assert_eq!(first["token_type"], "DPoP");
    let access = first["access_token"].as_str().unwrap();
    let proof = at_userinfo(&server, &key, access);
    assert_eq!(userinfo(&server, "DPoP", access, Some(&proof)).await.ok()["sub"], "ana");

    // RFC 9449 5: the refresh token goes with the key, and a wrong or missing key spends nothing.
    let fields = refresh("app", &first);
    let thief = ProofKey::new();
    assert_eq!(server.token(&borrowed(&fields)).await.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(token(&server, &thief, &fields).await.error(), (400, "invalid_grant".to_owned()));
    let second = token(&server, &key, &fields).await.ok();
    assert_eq!(second["token_type"], "DPoP");
    let third = refresh("app", &second);
    assert_eq!(server.token(&borrowed(&third)).await.error(), (400, "invalid_grant".to_owned()), "rotated");
    token(&server, &key, &third).await.ok();
}

#[tokio::test]
async fn rfc_9449_7_a_bound_token_is_no_bearer_token_and_the_reverse() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let key = ProofKey::new();
    let browser = server.signed_in("ana").await;
    let code = browser.launch(&client, SCOPE).await;
    let bound = token(&server, &key, &exchange(&client, &code)).await.ok();
    let bound = bound["access_token"].as_str().unwrap();
    let free = browser.tokens(&client, SCOPE).await;
    let free = free["access_token"].as_str().unwrap();

    let as_bearer = userinfo(&server, "Bearer", bound, None).await;
    assert_eq!(as_bearer.error(), (401, "invalid_token".to_owned()));
    let challenges: Vec<_> = as_bearer.headers.get_all("www-authenticate").iter().collect();
    assert!(
        challenges.iter().any(|c| c.to_str().unwrap().starts_with("DPoP algs=\"ES256 ")),
        "{challenges:?}"
    );
    let with_proof = at_userinfo(&server, &key, bound);
    assert_eq!(userinfo(&server, "Bearer", bound, Some(&with_proof)).await.status.as_u16(), 401);
    let proof = at_userinfo(&server, &key, free);
    assert_eq!(userinfo(&server, "DPoP", free, Some(&proof)).await.status.as_u16(), 401);
    userinfo(&server, "Bearer", free, None).await.ok();

    let none = userinfo(&server, "DPoP", bound, None).await;
    assert_eq!(none.error(), (401, "invalid_dpop_proof".to_owned()));
    assert!(none.header("www-authenticate").unwrap().starts_with("DPoP error=\"invalid_dpop_proof\", algs="));
    let proof = at_userinfo(&server, &key, bound);
    userinfo(&server, "dpop", bound, Some(&proof)).await.ok();
    let replayed = userinfo(&server, "DPoP", bound, Some(&proof)).await;
    assert_eq!(replayed.error(), (401, "invalid_dpop_proof".to_owned()), "RFC 9449 11.1");
    let other = at_userinfo(&server, &ProofKey::new(), bound);
    assert_eq!(userinfo(&server, "DPoP", bound, Some(&other)).await.error().1, "invalid_token");
    let foreign = at_userinfo(&server, &key, free);
    assert_eq!(userinfo(&server, "DPoP", bound, Some(&foreign)).await.error().1, "invalid_dpop_proof");
}

#[tokio::test]
async fn rfc_9449_5_a_bad_proof_is_named_and_spends_no_code() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let key = ProofKey::new();
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let good = proof(&server, &key, "/oauth/token", &json!({}));
    let two = server.form("/oauth/token", &[("dpop", &good), ("dpop", &good)], &borrowed(&fields)).await;
    assert_eq!(two.error(), (400, "invalid_dpop_proof".to_owned()), "RFC 9449 4.3, 1");
    for bad in [
        "nonsense".to_owned(),
        proof(&server, &key, "/oauth/revoke", &json!({})),
        proof(&server, &key, "/oauth/token", &json!({"htm": "GET"})),
        proof(&server, &key, "/oauth/token", &json!({"iat": 1_700_000_000})),
    ] {
        let answer = server.form("/oauth/token", &[("dpop", &bad)], &borrowed(&fields)).await;
        assert_eq!(answer.error(), (400, "invalid_dpop_proof".to_owned()), "{bad}");
    }
    server.form("/oauth/token", &[("dpop", &good)], &borrowed(&fields)).await.ok();
}

#[tokio::test]
async fn rfc_9449_10_a_code_is_bound_by_dpop_jkt_and_by_a_proof_with_the_pushed_request() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let browser = server.signed_in("ana").await;
    let (key, thief) = (ProofKey::new(), ProofKey::new());
    let named = set(&request(&client, "user/*.rs"), "dpop_jkt", key.thumbprint());
    for (shown, works) in [(None, false), (Some(&thief), false), (Some(&key), true)] {
        let page = browser.authorize(&borrowed(&named)).await;
        let fields = exchange(&client, &browser.allow(&page).await.code());
        let answer = match shown {
            Some(key) => token(&server, key, &fields).await,
            None => server.token(&borrowed(&fields)).await,
        };
        if works {
            answer.ok();
        } else {
            assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
        }
    }
    // RFC 9449 10.1.
    let at_par = proof(&server, &key, "/oauth/par", &json!({}));
    let plain = request(&client, "user/*.rs");
    let answer = server.form("/oauth/par", &[("dpop", &at_par)], &borrowed(&plain)).await;
    let request_uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    let page = browser.authorize(&[("client_id", "app"), ("request_uri", &request_uri)]).await;
    let page = browser.settle(page).await;
    let fields = exchange(&client, &browser.allow(&page).await.code());
    assert_eq!(token(&server, &thief, &fields).await.error().1, "invalid_grant");
    let at_par = proof(&server, &thief, "/oauth/par", &json!({}));
    let differs = server.form("/oauth/par", &[("dpop", &at_par)], &borrowed(&named)).await;
    assert_eq!(differs.error(), (400, "invalid_dpop_proof".to_owned()));
    pushed(&server, &named).await;
}

#[tokio::test]
async fn rfc_9449_6_2_introspection_names_the_key() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s")).await;
    let key = ProofKey::new();
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = set(&exchange(&client, &code), "client_secret", "s");
    let issued = token(&server, &key, &fields).await.ok();
    let access = issued["access_token"].as_str().unwrap();
    let asked = [("token", access), ("client_id", "app"), ("client_secret", "s")];
    let said = server.form("/oauth/introspect", &[], &asked).await.ok();
    assert_eq!(said["token_type"], "DPoP");
    assert_eq!(said["cnf"]["jkt"], key.thumbprint());
    // With the token itself as what authorizes the question.
    let authorization = format!("DPoP {access}");
    let proof = proof(&server, &key, "/oauth/introspect", &ath(access));
    let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
    server.form("/oauth/introspect", &headers, &[("token", access)]).await.ok();
    // A confidential client's refresh token is bound to the client, not to a key (RFC 9449 5).
    let next = token(&server, &ProofKey::new(), &set(&refresh("app", &issued), "client_secret", "s")).await;
    assert_eq!(next.ok()["token_type"], "DPoP");
}

#[tokio::test]
async fn rfc_9449_5_2_a_client_held_to_it_gets_no_bearer_token() {
    let server = Server::start().await;
    let jwk = ClientKey::new(SigningAlgorithm::Es384);
    let mut client = backend("system", &jwk.jwks());
    client.details.security = ClientSecurity { bound_tokens: true, ..ClientSecurity::default() };
    server.add(client).await;
    let fields = |jti: &str| {
        [
            ("grant_type", "client_credentials"),
            ("scope", "system/*.rs"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", &jwk.assertion(&server, "system", jti)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    let plain = server.token(&borrowed(&fields("j-1"))).await;
    assert_eq!(plain.error(), (400, "invalid_dpop_proof".to_owned()));
    let bound = token(&server, &ProofKey::new(), &fields("j-2")).await.ok();
    assert_eq!(bound["token_type"], "DPoP");
}

/// A public client held to FAPI 2.0, to see nonces by themselves.
fn with_nonces(client: Client) -> Client {
    let mut client = client;
    client.details.security = ClientSecurity { bound_tokens: true, ..ClientSecurity::default() };
    client
}

#[tokio::test]
async fn rfc_9449_8_a_nonce_that_is_not_ours_or_old_is_answered_with_a_new_one() {
    let server = Server::start().await;
    let client = server.add(with_nonces(public("app"))).await;
    let key = ProofKey::new();
    let code = server.signed_in("ana").await.launch(&client, SCOPE).await;
    let fields = exchange(&client, &code);
    let ask = async |nonce: &str| {
        let proof = proof(&server, &key, "/oauth/token", &json!({"nonce": nonce}));
        server.form("/oauth/token", &[("dpop", &proof)], &borrowed(&fields)).await
    };
    let refused = ask("made-up").await;
    assert_eq!(refused.error(), (400, "use_dpop_nonce".to_owned()));
    let nonce = refused.header("dpop-nonce").unwrap().to_owned();
    server.clock.advance(Duration::from_secs(30));
    let issued = ask(&nonce).await.ok();
    let access = issued["access_token"].as_str().unwrap();

    server.clock.advance(Duration::from_mins(6));
    let mut claims = ath(access);
    claims["nonce"] = json!(nonce);
    let old = key.proof(now(&server), "GET", &format!("{ISSUER}/oauth/userinfo"), &claims);
    let old = userinfo(&server, "DPoP", access, Some(&old)).await;
    assert_eq!(old.error(), (401, "use_dpop_nonce".to_owned()));
    assert!(old.header("www-authenticate").unwrap().starts_with("DPoP error=\"use_dpop_nonce\""));
    claims["nonce"] = json!(old.header("dpop-nonce").unwrap());
    let fresh = key.proof(now(&server), "GET", &format!("{ISSUER}/oauth/userinfo"), &claims);
    userinfo(&server, "DPoP", access, Some(&fresh)).await.ok();
}

#[tokio::test]
async fn browsers_may_send_proofs_and_read_nonces() {
    let server = Server::start().await;
    server.add(public("app")).await;
    let origin = [("origin", "https://app.example")];
    let answer = server.form("/oauth/token", &origin, &[]).await;
    assert!(answer.header("access-control-expose-headers").unwrap().contains("DPoP-Nonce"));
    let metadata = server.get("/.well-known/openid-configuration", &[]).await.ok();
    let algorithms = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ES256")) && !algorithms.contains(&json!("none")));
}
