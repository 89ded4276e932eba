use axum::http::{Method, StatusCode};
use rstest::rstest;

use super::harness::{FHIR, ISSUER, Server};

#[rstest]
#[case("/fhir/r4/.well-known/smart-configuration")]
#[case("/.well-known/openid-configuration")]
#[case("/.well-known/oauth-authorization-server")]
#[case("/oauth/jwks")]
#[case("/oauth/style.json")]
#[tokio::test]
async fn rows_16_30_372_374_376_377_380_documents_are_json_for_anybody(#[case] path: &str) {
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

/// Every document that anybody may read, on any page.
const PUBLIC: &[&str] = &[
    "/fhir/r4/.well-known/smart-configuration",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/jwks",
    "/oauth/style.json",
    "/brands.json",
];

#[tokio::test]
async fn rows_16_400_423_any_origin_may_ask_even_with_a_preflight() {
    let server = Server::start().await;
    for path in PUBLIC {
        let headers = [
            ("origin", "https://anything.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization"),
        ];
        let answer = server.ask(Method::OPTIONS, path, &headers).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert!(answer.header("access-control-allow-methods").unwrap().contains("GET"), "{path}");
        assert!(answer.header("access-control-allow-headers").unwrap().contains("Authorization"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let head = server.ask(Method::HEAD, path, &[("origin", "https://anything.example")]).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""), "{path}");
        assert_eq!(head.header("access-control-allow-origin"), Some("*"), "{path}");
        let posted = server.ask(Method::POST, path, &[]).await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn rows_401_424_a_weak_etag_saves_sending_again() {
    let server = Server::start().await;
    for path in PUBLIC {
        let first = server.get(path, &[]).await;
        let etag = first.header("etag").unwrap().to_owned();
        assert!(etag.starts_with("W/\""), "{path}: {etag}");
        assert!(first.header("cache-control").unwrap().starts_with("public, max-age="), "{path}");
        let again = server.get(path, &[("if-none-match", &etag)]).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        assert_eq!(again.header("etag"), Some(etag.as_str()), "{path}");
    }
}

#[tokio::test]
async fn rows_387_388_406_407_409_to_412_427_to_432_the_configuration_names_the_bundle_and_its_first_brand() {
    let server = Server::start().await;
    let smart = server.get("/fhir/r4/.well-known/smart-configuration", &[]).await.ok();
    let bundle = smart["user_access_brand_bundle"].as_str().unwrap();
    let identifier = &smart["user_access_brand_identifier"];
    assert_eq!(identifier["system"], "urn:ietf:rfc:3986", "rows 411 and 431");
    let value = identifier["value"].as_str().unwrap();
    let bundle = server.get(bundle.strip_prefix(ISSUER).unwrap(), &[]).await.ok();
    let matching = bundle["entry"].as_array().unwrap().iter().filter(|entry| {
        let identifiers = entry["resource"]["identifier"].as_array().cloned().unwrap_or_default();
        entry["resource"]["resourceType"] == "Organization" && identifiers.iter().any(|i| i["value"] == value)
    });
    assert_eq!(matching.count(), 1, "rows 412 and 432");
}

#[tokio::test]
async fn rows_396_to_403_407_417_to_419_421_to_423_433_the_bundle_says_who_the_hospital_is_and_where_it_answers()
 {
    let server = Server::start().await;
    let answer = server.get("/brands.json", &[("accept", "application/fhir+json")]).await;
    assert_eq!(answer.header("content-type"), Some("application/fhir+json"));
    let plain = server.get("/brands.json", &[("accept", "application/json")]).await;
    assert_eq!(plain.header("content-type"), Some("application/json"));
    let xml = server.get("/brands.json", &[("accept", "application/fhir+xml")]).await;
    assert_eq!((xml.status.as_u16(), xml.json()["resourceType"].as_str()), (406, Some("OperationOutcome")));

    let bundle = answer.ok();
    assert_eq!(bundle["type"], "collection");
    assert_eq!(bundle["timestamp"], "2026-05-01T00:00:00Z", "rows 398 and 418");
    let entries = bundle["entry"].as_array().unwrap();
    let of = |kind: &str| -> Vec<_> {
        entries.iter().map(|e| &e["resource"]).filter(|r| r["resourceType"] == kind).collect()
    };
    let (brands, endpoints) = (of("Organization"), of("Endpoint"));
    assert_eq!((brands.len(), endpoints.len()), (2, 1), "row 433: ours and no others");
    assert_eq!(endpoints[0]["address"], FHIR);
    let reference = format!("Endpoint/{}", endpoints[0]["id"].as_str().unwrap());
    assert_eq!(brands[0]["endpoint"][0]["reference"], reference.as_str(), "rows 396 and 417");
    assert_eq!(brands[1]["partOf"]["reference"], "Organization/hospital", "row 397: a hierarchy");
    for resource in entries.iter().map(|entry| &entry["resource"]) {
        assert_eq!(resource["meta"]["lastUpdated"], "2026-05-01T00:00:00Z", "rows 399 and 419");
    }
    assert_eq!(brands[0]["identifier"][0]["value"], "https://hospital.example", "rows 403 and 421");
}

#[tokio::test]
async fn rows_126_228_285_to_289_346_348_to_351_the_capability_sets_are_whole() {
    let server = Server::start().await;
    let smart = server.get("/fhir/r4/.well-known/smart-configuration", &[]).await.ok();
    let has = |capability: &str| smart["capabilities"].as_array().unwrap().iter().any(|c| c == capability);
    let one_of_clients = has("client-public") || has("client-confidential-symmetric");
    assert!(one_of_clients && has("client-confidential-asymmetric"));
    for (set, needed) in [
        ("row 348", &["launch-standalone", "context-standalone-patient", "permission-patient"][..]),
        ("row 349", &["launch-ehr", "context-ehr-patient", "permission-patient"]),
        ("row 350", &["launch-standalone", "permission-user", "permission-patient"]),
        (
            "row 351",
            &[
                "launch-ehr",
                "context-ehr-patient",
                "context-ehr-encounter",
                "permission-user",
                "permission-patient",
            ],
        ),
    ] {
        for capability in needed {
            assert!(has(capability), "{set}: {capability}");
        }
    }
    assert!(has("permission-v1"), "row 126");
    let lists = |name: &str, value: &str| smart[name].as_array().unwrap().iter().any(|v| v == value);
    assert!(lists("token_endpoint_auth_methods_supported", "private_key_jwt"), "row 288");
    for algorithm in ["RS384", "ES384"] {
        assert!(lists("token_endpoint_auth_signing_alg_values_supported", algorithm), "row 289");
    }
    assert!(lists("grant_types_supported", "authorization_code"), "row 384");
    assert!(lists("grant_types_supported", "client_credentials"), "row 384");
    assert!(lists("scopes_supported", "system/*.rs"), "row 287");
}

#[tokio::test]
async fn rows_390_439_management_and_associated_endpoints() {
    let server = Server::start().await;
    let smart = server.get("/fhir/r4/.well-known/smart-configuration", &[]).await.ok();
    assert_eq!(smart["management_endpoint"], format!("{ISSUER}/account/apps"));
    let associated = smart["associated_endpoints"].as_array().unwrap();
    assert_eq!(associated[0]["url"], FHIR);
    assert_eq!(associated[0]["capabilities"], smart["capabilities"]);
}
