//! The authorization request: what is refused where, and how the user gets through sign-in.

use std::time::Duration;

use axum::http::StatusCode;
use chartgate::domain::client::ClientState;
use rstest::rstest;

use super::harness::{Answer, REDIRECT, Server, backend, borrowed, encode, public, request, set};

const SCOPE: &str = "launch/patient openid fhirUser patient/*.rs";

fn is_page(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.header("location").is_none());
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert!(answer.body.contains("The app could not be connected"), "{}", answer.body);
}

#[rstest]
#[case::client_missing("client_id", "")]
#[case::client_unknown("client_id", "nobody")]
#[case::client_odd("client_id", "<script>")]
#[case::redirect_missing("redirect_uri", "")]
#[case::redirect_other("redirect_uri", "https://evil.example/cb")]
#[case::redirect_longer("redirect_uri", "https://app.example/cb/../evil")]
#[tokio::test]
async fn row_18_a_doubtful_client_or_redirect_uri_gets_a_page(#[case] name: &str, #[case] value: &str) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let fields = set(&request(&client, SCOPE), name, value);
    is_page(&server.anonymous().authorize(&borrowed(&fields)).await);
    is_page(&server.form("/oauth/authorize", &[], &borrowed(&fields)).await);
}

#[tokio::test]
async fn a_request_without_parameters_is_a_400_page() {
    let server = Server::start().await;
    is_page(&server.get("/oauth/authorize", &[]).await);
    is_page(&server.form("/oauth/authorize", &[], &[]).await);
    is_page(&server.get("/oauth/authorize/consent", &[]).await);
}

#[tokio::test]
async fn a_suspended_client_gets_a_page() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.store.set_client_state(&client.id, ClientState::Suspended).await.unwrap();
    is_page(&server.anonymous().authorize(&borrowed(&request(&client, SCOPE))).await);
}

#[rstest]
#[case::response_type("response_type", "token", "unsupported_response_type")]
#[case::row_14("code_challenge", "", "invalid_request")]
#[case::row_15("code_challenge_method", "plain", "invalid_request")]
#[case::row_96("aud", "https://elsewhere.example/fhir", "invalid_request")]
#[case::no_aud("aud", "", "invalid_request")]
#[case::scope("scope", "nothing/known.here", "invalid_scope")]
#[case::launch("launch", "made-up", "invalid_request")]
#[tokio::test]
async fn rows_54_59_what_is_wrong_is_told_to_the_app(
    #[case] name: &str,
    #[case] value: &str,
    #[case] error: &str,
) {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let answer = ana.authorize(&borrowed(&set(&request(&client, SCOPE), name, value))).await;
    assert_eq!(answer.app_error(), error);
    assert_eq!(answer.app_parameter("state").as_deref(), Some("state 1"));
    assert_eq!(answer.app_parameter("iss").as_deref(), Some("https://gate.example"), "RFC 9207");
    assert!(answer.app_parameter("code").is_none());
}

#[tokio::test]
async fn a_backend_client_cannot_ask_a_user() {
    let server = Server::start().await;
    let client = backend("system", &serde_json::json!({"keys": []}));
    let client = server
        .add(chartgate::domain::client::Client { redirect_uris: vec![REDIRECT.into()], ..client })
        .await;
    let answer = server.anonymous().authorize(&borrowed(&request(&client, "system/*.rs"))).await;
    assert_eq!(answer.app_error(), "unauthorized_client");
}

#[tokio::test]
async fn a_parameter_sent_twice_is_refused() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let query = encode(&borrowed(&request(&client, SCOPE)));
    let anonymous = server.anonymous();
    let twice = anonymous.get(&format!("/oauth/authorize?{query}&state=other")).await;
    assert_eq!(twice.app_error(), "invalid_request");
    is_page(&anonymous.get(&format!("/oauth/authorize?{query}&client_id=other")).await);
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_and_comes_back_with_nothing_lost() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let mut fields = request(&client, SCOPE);
    fields.push(("nonce".into(), "n & 1".into()));
    let answer = server.anonymous().authorize(&borrowed(&fields)).await;
    let url = url::Url::parse("https://gate.example").unwrap().join(answer.location()).unwrap();
    assert_eq!(url.path(), "/sign-in");
    let next = url.query_pairs().find(|(name, _)| name == "next").unwrap().1.into_owned();
    let back = url::Url::parse("https://gate.example").unwrap().join(&next).unwrap();
    assert_eq!(back.path(), "/oauth/authorize");
    for (name, value) in &fields {
        assert!(back.query_pairs().any(|(n, v)| n == *name && v == *value), "{name} is lost");
    }
    // The sign-in that follows is on time, and the way goes on.
    let ana = server.signed_in("ana").await;
    assert!(ana.get(&next).await.body.contains("Choose a patient"));
}

#[tokio::test]
async fn rows_48_49_354_post_is_the_same_as_get() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    // Another site's form comes without the session cookie; the redirect that follows comes with it.
    let answer = server.form("/oauth/authorize", &[], &borrowed(&request(&client, SCOPE))).await;
    let to = answer.location().to_owned();
    let ana = server.signed_in("ana").await;
    assert!(ana.get(&to).await.body.contains("Choose a patient"));
}

#[tokio::test]
async fn prompt_none_shows_nothing() {
    let server = Server::start().await;
    let client = server.add(confidential_like_public()).await;
    let fields = set(&request(&client, SCOPE), "prompt", "none");
    assert_eq!(server.anonymous().authorize(&borrowed(&fields)).await.app_error(), "login_required");
    let ana = server.signed_in("ana").await;
    assert_eq!(ana.authorize(&borrowed(&fields)).await.app_error(), "interaction_required");
    let no_patient = set(&fields, "scope", "openid user/*.rs");
    assert_eq!(ana.authorize(&borrowed(&no_patient)).await.app_error(), "consent_required");
}

fn confidential_like_public() -> chartgate::domain::client::Client {
    super::harness::confidential("app", "secret")
}

#[tokio::test]
async fn prompt_login_and_max_age_ask_for_a_fresh_sign_in() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    server.clock.advance(Duration::from_mins(5));
    for (name, value) in [("prompt", "login"), ("max_age", "60"), ("max_age", "0")] {
        let fields = set(&request(&client, SCOPE), name, value);
        let answer = ana.authorize(&borrowed(&fields)).await;
        assert!(answer.location().starts_with("/sign-in?again=yes&next="), "{name}={value}");
        let silent = if name == "prompt" { "none login" } else { "none" };
        let silent = ana.authorize(&borrowed(&set(&fields, "prompt", silent))).await;
        let expected = if name == "prompt" { "invalid_request" } else { "login_required" };
        assert_eq!(silent.app_error(), expected);
    }
    let recent = set(&request(&client, SCOPE), "max_age", "600");
    assert_eq!(ana.authorize(&borrowed(&recent)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn staff_and_guardians_cannot_use_clinical_apps() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let gus = server.signed_in("gus").await;
    let page = gus.authorize(&borrowed(&request(&client, SCOPE))).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("/sign-in?again=yes"), "another account is one click away");
    let back = gus.submit(&page.form_to("/oauth/authorize/consent").with("decision", "allow")).await;
    assert_eq!(back.app_error(), "access_denied");
    let silent = set(&request(&client, SCOPE), "prompt", "none");
    assert_eq!(gus.authorize(&borrowed(&silent)).await.app_error(), "access_denied");
}

#[tokio::test]
async fn pages_cannot_be_framed_and_forms_lead_to_the_app_alone() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let consent = ana.pick(&picker, "mia").await;
    for page in [&picker, &consent] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_does_nothing() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let mut form = picker.form_to("/oauth/authorize/patient").with("patient", "mia");
    form.fields.retain(|(name, _)| name != "csrf");
    assert_eq!(ana.submit(&form).await.status, StatusCode::FORBIDDEN);
}
