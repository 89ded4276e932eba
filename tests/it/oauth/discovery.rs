use axum::http::StatusCode;
use rstest::rstest;

use super::harness::{ISSUER, Server};

#[rstest]
#[case("/fhir/r4/.well-known/smart-configuration")]
#[case("/.well-known/openid-configuration")]
#[case("/.well-known/oauth-authorization-server")]
#[case("/oauth/jwks")]
#[case("/oauth/style.json")]
#[tokio::test]
async fn rows_16_372_374_377_documents_are_json_for_anybody(#[case] path: &str) {
    let server = Server::start().await;
    for accept in ["application/json", "application/fhir+xml", "text/html", "*/*;q=0"] {
        let answer = server.get(path, &[("accept", accept), ("origin", "https://anything.example")]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), Some("application/json"), "row 380");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.json().is_object());
    }
}

#[tokio::test]
async fn rows_373_381_383_385_the_documents_name_where_everything_is() {
    let server = Server::start().await;
    let smart = server.get("/fhir/r4/.well-known/smart-configuration", &[]).await.ok();
    let openid = server.get("/.well-known/openid-configuration", &[]).await.ok();
    for name in ["issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "introspection_endpoint"] {
        assert_eq!(smart[name], openid[name], "{name}");
        assert!(smart[name].as_str().unwrap().starts_with(ISSUER), "{name}");
    }
    assert_eq!(smart["capabilities"].as_array().unwrap().len(), 18);
    assert_eq!(openid["id_token_signing_alg_values_supported"], serde_json::json!(["RS256"]), "row 210");
}

#[tokio::test]
async fn row_207_keys_are_published_as_bare_jwks() {
    let keys = Server::start().await.get("/oauth/jwks", &[]).await.ok();
    let key = &keys["keys"][0];
    assert_eq!((key["kty"].as_str(), key["alg"].as_str()), (Some("RSA"), Some("RS256")));
    assert!(key["kid"].is_string() && key.get("d").is_none());
}
