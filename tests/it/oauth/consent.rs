//! What the user decides.

use axum::http::StatusCode;
use chartgate::domain::client::Client;
use serde_json::json;

use super::harness::{Answer, Server, borrowed, confidential, exchange, public, request, set, words};

const SCOPE: &str = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs";
const CONSENT: &str = "/oauth/authorize/consent";

async fn consent_page(server: &Server, client: &Client, scope: &str) -> Answer {
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(client, scope))).await;
    ana.pick(&picker, "mia").await
}

#[tokio::test]
async fn the_page_tells_in_words_what_is_asked_for() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let page = consent_page(&server, &client, SCOPE).await;
    for words in [
        "Let Sample App see records?",
        "Name, birth date, address and contacts",
        "Test results, vital signs and other measurements",
        "Also when you are not signed in",
        "Laboratory results",
        "https://app.example",
    ] {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(page.body.contains("Do not ask again"), "its redirect is to a web address of its own");
}

#[tokio::test]
async fn rows_79_145_what_is_unticked_is_not_granted() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let page = ana.pick(&ana.authorize(&borrowed(&request(&client, SCOPE))).await, "mia").await;
    let form = page
        .form_to(CONSENT)
        .without("scope", "patient/Patient.rs")
        .without("scope", "offline_access")
        .with("scope", "user/*.rs")
        .with("decision", "allow");
    let code = ana.submit(&form).await.code();
    let token = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    assert_eq!(
        words(&token["scope"]),
        words(&json!("launch/patient openid fhirUser patient/Observation.rs"))
    );
    assert!(token["refresh_token"].is_null());
}

#[tokio::test]
async fn row_370_a_whole_type_can_be_narrowed_to_a_category() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let page = ana.pick(&ana.authorize(&borrowed(&request(&client, SCOPE))).await, "mia").await;
    let narrow = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let form = page
        .form_to(CONSENT)
        .with("kind", &format!("patient/Observation.rs {narrow}"))
        .with("decision", "allow");
    let code = ana.submit(&form).await.code();
    let token = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    let scope = words(&token["scope"]);
    assert!(scope.contains(narrow) && !scope.contains("patient/Observation.rs"), "{scope:?}");
}

#[tokio::test]
async fn row_54_no_is_access_denied() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let cancelled = ana.submit(&picker.form_to(CONSENT).with("decision", "deny")).await;
    assert_eq!(cancelled.app_error(), "access_denied");
    let page = ana.pick(&picker, "mia").await;
    for decision in ["deny", "", "perhaps"] {
        let answer = ana.submit(&page.form_to(CONSENT).with("decision", decision)).await;
        assert_eq!(answer.app_error(), "access_denied", "{decision}");
        assert_eq!(answer.app_parameter("state").as_deref(), Some("state 1"));
    }
}

#[tokio::test]
async fn nothing_left_is_a_denial() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let fields = request(&client, "user/Patient.rs");
    let page = ana.authorize(&borrowed(&fields)).await;
    let form = page.form_to(CONSENT).without("scope", "user/Patient.rs").with("decision", "allow");
    assert_eq!(ana.submit(&form).await.app_error(), "access_denied");
}

#[tokio::test]
async fn rows_127_128_369_v1_scopes_are_answered_as_v1() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "patient/Observation.read patient/Patient.* user/*.read").await;
    let expected = "patient/Observation.read patient/Patient.read user/*.read";
    assert_eq!(words(&token["scope"]), words(&json!(expected)));
}

#[tokio::test]
async fn a_remembered_consent_is_not_asked_for_again_unless_more_is_wanted() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s")).await;
    let ana = server.signed_in("ana").await;
    let scope = "openid user/Patient.rs user/Observation.rs";
    let page = ana.authorize(&borrowed(&request(&client, scope))).await;
    let form = page.form_to(CONSENT).with("remember", "yes").with("decision", "allow");
    ana.submit(&form).await.code();

    ana.authorize(&borrowed(&request(&client, scope))).await.code();
    ana.authorize(&borrowed(&request(&client, "openid user/Patient.rs"))).await.code();
    let more = ana.authorize(&borrowed(&request(&client, "openid user/*.rs"))).await;
    assert_eq!(more.status, StatusCode::OK, "more than before");
    let asked = ana.authorize(&borrowed(&set(&request(&client, scope), "prompt", "consent"))).await;
    assert_eq!(asked.status, StatusCode::OK, "prompt=consent");
    let ben = server.signed_in("ben").await;
    assert_eq!(ben.authorize(&borrowed(&request(&client, scope))).await.status, StatusCode::OK);
    ana.authorize(&borrowed(&set(&request(&client, scope), "prompt", "none"))).await.code();
}

#[tokio::test]
async fn a_narrowed_consent_is_remembered_as_the_user_left_it() {
    let server = Server::start().await;
    let client = server.add(confidential("app", "s")).await;
    let ana = server.signed_in("ana").await;
    let scope = "openid offline_access user/Patient.rs user/Observation.rs user/Condition.read";
    let vital =
        "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs";
    let page = ana.authorize(&borrowed(&request(&client, scope))).await;
    let form = page
        .form_to(CONSENT)
        .without("scope", "user/Patient.rs")
        .without("scope", "offline_access")
        .with("kind", &format!("user/Observation.rs {vital}"))
        .with("remember", "yes")
        .with("decision", "allow");
    ana.submit(&form).await.code();
    let left = json!(format!("openid {vital} user/Condition.read"));

    let exchange = |code: &str| {
        let mut fields = exchange(&client, code);
        fields.push(("client_secret".to_owned(), "s".to_owned()));
        fields
    };
    for prompt in ["", "none"] {
        let code = ana.authorize(&borrowed(&set(&request(&client, scope), "prompt", prompt))).await.code();
        let token = server.token(&borrowed(&exchange(&code))).await.ok();
        assert_eq!(words(&token["scope"]), words(&left), "prompt={prompt}");
        assert!(token["refresh_token"].is_null());
    }
    let again = ana.authorize(&borrowed(&set(&request(&client, scope), "prompt", "consent"))).await;
    let code = ana.allow(&again).await.code();
    let token = server.token(&borrowed(&exchange(&code))).await.ok();
    assert_eq!(words(&token["scope"]), words(&left), "the earlier choice is ticked, and nothing else");
    let refused = ana.authorize(&borrowed(&request(&client, "user/Patient.rs"))).await;
    assert_eq!(
        refused.status,
        StatusCode::OK,
        "all of it was taken away: the user is asked, not passed over"
    );
}

#[tokio::test]
async fn a_consent_is_not_remembered_where_anybody_could_pose_as_the_app() {
    let server = Server::start().await;
    let native = Client { redirect_uris: vec!["http://127.0.0.1:9999/cb".to_owned()], ..public("native") };
    let native = server.add(native).await;
    let ana = server.signed_in("ana").await;
    let fields = set(&request(&native, "openid user/Patient.rs"), "redirect_uri", "http://127.0.0.1:9999/cb");
    let page = ana.authorize(&borrowed(&fields)).await;
    assert!(!page.body.contains("Do not ask again"));
    let form = page.form_to(CONSENT).with("remember", "yes").with("decision", "allow");
    assert!(ana.submit(&form).await.location().contains("code="));
    assert_eq!(ana.authorize(&borrowed(&fields)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_hospitals_own_app_is_not_asked_about() {
    let server = Server::start().await;
    let client = server.add(Client { trusted: true, ..public("viewer") }).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    assert!(picker.body.contains("Choose a patient"), "a patient has to be chosen all the same");
    assert!(ana.pick(&picker, "mia").await.location().contains("code="));
}

#[tokio::test]
async fn row_197_who_is_not_in_the_directory_has_no_fhir_user() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ben = server.signed_in("ben").await;
    let token = ben.tokens(&client, "openid fhirUser user/Patient.rs").await;
    assert_eq!(words(&token["scope"]), words(&json!("openid user/Patient.rs")));
}
