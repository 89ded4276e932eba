//! Revocation, introspection, userinfo.

use std::time::Duration;

use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::clock::Clock as _;
use chartgate::domain::secret::TokenHash;
use serde_json::{Value, json};

use super::harness::{Answer, FHIR, ISSUER, Server, backend, confidential, public};
use super::signing::{ClientKey, JWT_BEARER};

const SCOPE: &str = "launch/patient openid fhirUser profile offline_access patient/*.rs";

fn text<'t>(token: &'t Value, name: &str) -> &'t str {
    token[name].as_str().unwrap()
}

async fn is_live(server: &Server, token: &Value) -> bool {
    server.store.subject_of(&TokenHash::of(text(token, "access_token"))).await.unwrap().is_some()
}

async fn revoke(server: &Server, client: &str, token: &str) -> Answer {
    server.form("/oauth/revoke", &[], &[("client_id", client), ("token", token)]).await
}

async fn introspect(server: &Server, token: &str) -> Answer {
    let fields = [("client_id", "resource-server"), ("client_secret", "s"), ("token", token)];
    server.form("/oauth/introspect", &[], &fields).await
}

#[tokio::test]
async fn rfc7009_an_access_token_goes_alone_and_a_refresh_token_takes_all_with_it() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, SCOPE).await;
    revoke(&server, "app", text(&token, "access_token")).await.ok();
    assert!(!is_live(&server, &token).await);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", text(&token, "refresh_token")),
    ];
    let token = server.token(&refresh).await.ok();
    revoke(&server, "app", text(&token, "refresh_token")).await.ok();
    assert!(!is_live(&server, &token).await);
    let refresh = [refresh[0], refresh[1], ("refresh_token", text(&token, "refresh_token"))];
    assert_eq!(server.token(&refresh).await.error().1, "invalid_grant");
    assert_eq!(server.log.whats().iter().filter(|what| *what == "revoke").count(), 2);
}

#[tokio::test]
async fn rfc7009_what_is_unknown_is_no_error_and_what_is_anothers_is_left_alone() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.add(public("other")).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    for unknown in ["cga_AAAA", "cgr_AAAA", "nonsense"] {
        revoke(&server, "app", unknown).await.ok();
    }
    for kind in ["access_token", "refresh_token"] {
        assert_eq!(revoke(&server, "other", text(&token, kind)).await.error().0, 400);
    }
    assert!(is_live(&server, &token).await);
    assert_eq!(revoke(&server, "nobody", "cga_AAAA").await.error(), (401, "invalid_client".to_owned()));
    let nothing = server.form("/oauth/revoke", &[], &[("client_id", "app")]).await;
    assert_eq!(nothing.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn rows_99_269_271_to_280_introspection_says_what_the_token_response_said() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.add(confidential("resource-server", "s")).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let issued_at = server.clock.now().as_seconds();
    server.clock.advance(Duration::from_mins(10));
    let said = introspect(&server, text(&token, "access_token")).await.ok();
    assert_eq!(said["active"], true, "row 272");
    assert_eq!(said["scope"], token["scope"], "row 273");
    assert_eq!(said["client_id"], "app", "row 274");
    assert_eq!(said["exp"], issued_at + 3600, "rows 275 and 276");
    for context in ["patient", "need_patient_banner", "smart_style_url"] {
        assert_eq!(said[context], token[context], "row 277: {context}");
    }
    assert_eq!((&said["iss"], &said["sub"]), (&json!(ISSUER), &json!("ana")), "rows 278 and 279");
    assert_eq!(said["fhirUser"], format!("{FHIR}/Practitioner/prac-1"), "row 280");

    let refresh = introspect(&server, text(&token, "refresh_token")).await.ok();
    assert_eq!(refresh["active"], true);
    server.clock.advance(Duration::from_mins(51));
    for dead in [text(&token, "access_token"), "cga_AAAA", "cgr_AAAA", "nonsense"] {
        assert_eq!(introspect(&server, dead).await.ok(), json!({"active": false}), "{dead}");
    }
}

#[tokio::test]
async fn rows_281_to_283_a_bearer_token_opens_introspection_and_a_public_client_does_not() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    server.add(backend("system", &key.jwks())).await;
    let token = server.signed_in("ana").await.tokens(&client, SCOPE).await;
    let assertion = key.assertion(&server, "system", "j-1");
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "system/Patient.rs"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion.as_str()),
    ];
    let system = server.token(&fields).await.ok();
    let bearer = format!("Bearer {}", text(&system, "access_token"));
    let ask = [("token", text(&token, "access_token"))];
    let said = server.form("/oauth/introspect", &[("authorization", &bearer)], &ask).await.ok();
    assert_eq!(said["client_id"], "app");
    let itself = [("token", text(&system, "access_token"))];
    let said = server.form("/oauth/introspect", &[("authorization", &bearer)], &itself).await.ok();
    assert_eq!(said["sub"], "system");

    let as_public = [ask[0], ("client_id", "app")];
    assert_eq!(server.form("/oauth/introspect", &[], &as_public).await.error().0, 403);
    assert_eq!(server.form("/oauth/introspect", &[], &ask).await.error().0, 401);
    let bad = server.form("/oauth/introspect", &[("authorization", "Bearer cga_AAAA")], &ask).await;
    assert_eq!(bad.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn row_214_userinfo_says_who_the_user_is() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, SCOPE).await;
    let bearer = format!("Bearer {}", text(&token, "access_token"));
    let said = server.get("/oauth/userinfo", &[("authorization", &bearer)]).await.ok();
    let expected =
        json!({"sub": "ana", "name": "Dr. Ana Ellis", "fhirUser": format!("{FHIR}/Practitioner/prac-1")});
    assert_eq!(said, expected);

    let without = ana.tokens(&client, "user/*.rs").await;
    let bearer = format!("Bearer {}", text(&without, "access_token"));
    let refused = server.get("/oauth/userinfo", &[("authorization", &bearer)]).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".to_owned()));
    let nobody = server.get("/oauth/userinfo", &[]).await;
    assert_eq!(nobody.error().0, 401);
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
}
