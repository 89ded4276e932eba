//! Rows that no other test is about.

use chartgate::config;
use rstest::rstest;

use super::harness::{Server, borrowed, public, request, words};

#[rstest]
#[case::row_102_offline("offline_access user/*.rs", true)]
#[case::online("online_access user/*.rs", true)]
#[case::neither("openid user/*.rs", false)]
#[tokio::test]
async fn rows_81_89_a_refresh_token_is_given_where_it_was_asked_for(
    #[case] scope: &str,
    #[case] given: bool,
) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, scope).await;
    assert_eq!(token["refresh_token"].is_string(), given);
}

#[tokio::test]
async fn rows_85_134_tokens_are_short_and_of_the_characters_of_a_bearer_token() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let token = server.signed_in("ana").await.tokens(&client, "offline_access user/*.rs").await;
    for kind in ["access_token", "refresh_token"] {
        let token = token[kind].as_str().unwrap();
        assert!(token.len() <= 64, "{kind}: {}", token.len());
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)), "RFC 6750 2.1");
    }
}

#[tokio::test]
async fn row_129_interactions_out_of_order_or_unknown_are_left_out() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let scope = "user/Patient.rs user/Observation.sr user/Condition.x user/Encounter. made/up.thing";
    let token = server.signed_in("ana").await.tokens(&client, scope).await;
    assert_eq!(token["scope"], "user/Patient.rs");
}

#[tokio::test]
async fn rows_149_163_a_context_that_is_not_there_is_not_granted() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let scope = "launch/patient launch/encounter patient/*.rs";
    let token = server.signed_in("ana").await.tokens(&client, scope).await;
    assert_eq!(token["patient"], "mia");
    assert!(token["encounter"].is_null(), "nobody picked one");
    assert!(!words(&token["scope"]).contains("launch/encounter"));
}

#[tokio::test]
async fn rows_205_206_the_code_flow_and_optional_parameters_that_do_nothing() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let mut fields = request(&client, "openid user/Patient.rs");
    for (name, value) in [
        ("acr_values", "urn:example:silver"),
        ("ui_locales", "en es"),
        ("claims_locales", "en"),
        ("display", "page"),
        ("login_hint", "ana"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let page = ana.authorize(&borrowed(&fields)).await;
    assert!(!ana.allow(&page).await.code().is_empty());
}

/// Of SMART, OAuth and OpenID Connect; whatever else we add is marked as ours.
const STANDARD: &[&str] = &[
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
    "id_token",
    "patient",
    "encounter",
    "fhirContext",
    "need_patient_banner",
    "intent",
    "smart_style_url",
    "tenant",
];

#[tokio::test]
async fn row_217_what_we_add_to_the_standard_begins_with_two_underscores() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let scope = "launch/patient openid fhirUser offline_access patient/*.rs";
    let token = server.signed_in("ana").await.tokens(&client, scope).await;
    for name in token.as_object().unwrap().keys() {
        assert!(STANDARD.contains(&name.as_str()) || name.starts_with("__"), "{name}");
    }
}

#[test]
fn row_231_plain_http_is_for_loopback_and_behind_a_proxy() {
    let text = |listen: &str, url: &str| {
        format!(
            "[server]\nlisten = \"{listen}\"\npublic_url = \"{url}\"\n[database]\nmaster_key = \"{}=\"\n[ehr]\nbase_url = \"https://ehr.example\"",
            "A".repeat(43)
        )
    };
    config::parse(&text("127.0.0.1:80", "http://localhost"), "test").unwrap();
    for (listen, url) in [("0.0.0.0:80", "https://gate.example"), ("127.0.0.1:80", "http://gate.example")] {
        assert!(config::parse(&text(listen, url), "test").is_err(), "{listen} {url}");
    }
}
