//! Standalone launch with the patient picker, and EHR launch from the portal.

use std::time::Duration;

use axum::http::StatusCode;
use chartgate::domain::client::{ContextItem, Launch, LaunchContext};
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::{AccountId, ClientId, FhirId};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use serde_json::json;

use super::harness::{Server, borrowed, exchange, public, request, set, words};

const SCOPE: &str = "launch/patient openid fhirUser patient/*.rs";
const EHR_SCOPE: &str = "launch openid fhirUser patient/*.rs";

#[tokio::test]
async fn rows_27_53_56_75_76_78_83_88_91_167_to_170_173_175_353_358_360_363_a_standalone_launch_with_a_picked_patient()
 {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    assert!(picker.body.contains("Mia Torres") && picker.body.contains("Noah Baker"));
    assert!(!picker.body.contains("Zoe"), "offers only patients within reach");

    let chosen = ana.submit(&picker.form_to("/oauth/authorize/patient").with("patient", "mia")).await;
    assert!(!chosen.location().contains("mia"), "no PHI in URLs: {}", chosen.location());
    let consent = ana.settle(chosen).await;
    assert!(consent.body.contains("Mia Torres") && consent.body.contains("Sample App"));

    let answer = ana.allow(&consent).await;
    assert_eq!(answer.app_parameter("state").as_deref(), Some("state 1"), "row 59");
    let token = server.token(&borrowed(&exchange(&client, &answer.code()))).await.ok();
    assert_eq!(token["patient"], "mia", "row 170");
    assert_eq!(token["need_patient_banner"], true, "row 173");
    assert_eq!(token["token_type"], "Bearer", "row 75");
    assert_eq!(token["expires_in"], 3600, "rows 76 and 91");
    assert_eq!(words(&token["scope"]), words(&json!(SCOPE)), "row 78");
    assert!(token["refresh_token"].is_null());
    let style = token["smart_style_url"].as_str().unwrap().strip_prefix("https://gate.example").unwrap();
    assert!(server.get(style, &[]).await.ok()["color_background"].is_string(), "row 175");
    assert_eq!(server.log.whats(), ["authorize", "authorization_code"], "both are on record");
}

#[tokio::test]
async fn an_app_comes_back_to_the_same_patient_without_a_picker_and_nobody_else_does() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let chosen = ana.submit(&picker.form_to("/oauth/authorize/patient").with("patient", "mia")).await;
    let consent = ana.settle(chosen).await;
    let answer = ana.allow(&consent).await;
    let token = server.token(&borrowed(&exchange(&client, &answer.code()))).await.ok();
    let handle = token["__cg_context"].as_str().unwrap().to_owned();
    assert!(!handle.contains("mia"), "sealed: {handle}");

    let again = set(&request(&client, SCOPE), "__cg_context", &handle);
    let back = ana.authorize(&borrowed(&again)).await;
    let back = ana.settle(back).await;
    assert!(!back.body.contains("/oauth/authorize/patient"), "no picker");
    let answer = if back.body.contains("Mia Torres") { ana.allow(&back).await } else { back };
    let token = server.token(&borrowed(&exchange(&client, &answer.code()))).await.ok();
    assert_eq!(token["patient"], "mia");

    let other = server.signed_in("ben").await;
    let picker = other.authorize(&borrowed(&again)).await;
    assert!(picker.body.contains("/oauth/authorize/patient"), "the handle is Ana's");
}

#[tokio::test]
async fn a_patient_beyond_reach_cannot_be_picked() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    for patient in ["zoe", "nobody", "../mia"] {
        let answer = ana.submit(&picker.form_to("/oauth/authorize/patient").with("patient", patient)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{patient}");
    }
}

#[tokio::test]
async fn s31_the_picker_searches_by_number_and_by_name_with_birth_date() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let search = |fields: &[(&str, &str)]| {
        let mut form = picker.form_to("/oauth/authorize/patient");
        form.fields.retain(|(name, _)| name == "csrf" || name == "request");
        fields.iter().fold(form, |form, (name, value)| form.with(name, value))
    };
    let by_mrn = ana.submit(&search(&[("sought", "CG-7-noah")])).await;
    assert!(by_mrn.body.contains("Search result"), "{}", by_mrn.body);
    let by_name = search(&[("sought", "Noah Baker"), ("birth_date", "3/14/2019")]);
    assert!(ana.submit(&by_name).await.body.contains("Search result"));
    let refused = ana.submit(&search(&[("sought", "MRN: CG-7-zoe")])).await;
    assert!(refused.body.contains("You are not authorized to see this record"));
    let nobody = ana.submit(&search(&[("sought", "CG-7-none")])).await;
    assert!(nobody.body.contains("No patient matches exactly"));
    for wrong in [
        &[][..],
        &[("birth_date", "3/14/2019")],
        &[("sought", "Noah Baker")],
        &[("sought", "Baker"), ("birth_date", "3/14/2019")],
        &[("sought", "N B"), ("birth_date", "soon")],
    ] {
        let answer = ana.submit(&search(wrong)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        assert!(answer.body.contains("needs your attention"));
    }
}

#[tokio::test]
async fn the_picker_says_so_when_the_ehr_is_away() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    server.lose_the_ehr();
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    assert_eq!(picker.status, StatusCode::OK);
    assert!(picker.body.contains("does not answer"));
}

#[tokio::test]
async fn rows_164_165_367_368_a_patient_scope_alone_asks_for_a_patient() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let ana = server.signed_in("ana").await;
    let token = ana.tokens(&client, "patient/Observation.rs").await;
    assert_eq!(token["patient"], "mia");
    let without = ana.tokens(&client, "user/Observation.rs openid").await;
    assert!(without["patient"].is_null(), "user scopes need none");
}

#[tokio::test]
async fn a_picked_patient_is_for_one_user_one_client_and_a_while() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let other = server.add(public("other")).await;
    let ana = server.signed_in("ana").await;
    let picker = ana.authorize(&borrowed(&request(&client, SCOPE))).await;
    let path = ana.submit(&picker.form_to("/oauth/authorize/patient").with("patient", "mia")).await;
    let path = path.location().to_owned();
    let is_picker = |body: &str| body.contains("Choose a patient");
    assert!(!is_picker(&ana.get(&path).await.body));
    assert!(is_picker(&server.signed_in("ben").await.get(&path).await.body), "another user");
    let elsewhere = path.replace("client_id=app", &format!("client_id={}", other.id));
    assert!(is_picker(&ana.get(&elsewhere).await.body), "another client");
    server.clock.advance(Duration::from_mins(29));
    assert!(!is_picker(&ana.get(&path).await.body));
    server.clock.advance(Duration::from_mins(2));
    let ana = server.signed_in("ana").await;
    assert!(is_picker(&ana.get(&path).await.body), "too old");
}

async fn launch_handle(server: &Server, client: &ClientId, account: &str) -> String {
    let token = PlainToken::generate(TokenKind::Launch, &SystemRandom);
    let launch = Launch {
        hash: token.hash(),
        client: client.clone(),
        account: AccountId::parse(account).unwrap(),
        context: LaunchContext {
            patient: FhirId::parse("noah").ok(),
            encounter: FhirId::parse("enc-1").ok(),
            need_patient_banner: false,
            intent: Some("reconcile-medications".to_owned()),
            fhir_context: ContextItem::of("DocumentReference", &FhirId::parse("doc-1").unwrap(), None)
                .into_iter()
                .collect(),
        },
        expires_at: server.clock.now().plus(Duration::from_mins(5)),
    };
    server.store.insert_launch(&launch).await.unwrap();
    token.expose().to_owned()
}

#[tokio::test]
async fn rows_171_172_174_176_352_359_361_362_an_ehr_launch_brings_its_context() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let handle = launch_handle(&server, &client.id, "ana").await;
    let ana = server.signed_in("ana").await;
    let fields = set(&request(&client, &format!("{EHR_SCOPE} launch/encounter")), "launch", &handle);
    let consent = ana.settle(ana.authorize(&borrowed(&fields)).await).await;
    assert!(consent.body.contains("Noah Baker"), "{}", consent.body);
    let code = ana.allow(&consent).await.code();
    let token = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    assert_eq!(token["patient"], "noah");
    let item = json!([{"reference": "DocumentReference/doc-1", "type": "DocumentReference"}]);
    assert_eq!(token["fhirContext"], item, "rows 172, 177 to 191");
    assert_eq!(token["tenant"], "tenant-7", "row 176");
    assert_eq!(token["smart_style_url"], "https://gate.example/oauth/style.json", "row 175");
    assert_eq!(token["encounter"], "enc-1", "row 171");
    assert_eq!(token["need_patient_banner"], false, "row 359");
    assert_eq!(token["intent"], "reconcile-medications", "row 174");
    assert!(words(&token["scope"]).contains("launch"));

    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let form = [("token", token["access_token"].as_str().unwrap())];
    let told = server.form("/oauth/introspect", &[("authorization", &bearer)], &form).await.ok();
    for name in
        ["patient", "encounter", "fhirContext", "need_patient_banner", "intent", "tenant", "smart_style_url"]
    {
        assert_eq!(told[name], token[name], "row 277: {name}");
    }
}

#[tokio::test]
async fn rows_104_168_a_refresh_repeats_the_context() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let handle = launch_handle(&server, &client.id, "ana").await;
    let ana = server.signed_in("ana").await;
    let fields =
        set(&request(&client, &format!("{EHR_SCOPE} launch/encounter offline_access")), "launch", &handle);
    let consent = ana.settle(ana.authorize(&borrowed(&fields)).await).await;
    let code = ana.allow(&consent).await.code();
    let first = server.token(&borrowed(&exchange(&client, &code))).await.ok();
    let refresh = first["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh)];
    let second = server.token(&form).await.ok();
    for name in
        ["patient", "encounter", "fhirContext", "need_patient_banner", "intent", "tenant", "smart_style_url"]
    {
        assert_eq!(second[name], first[name], "{name}");
    }
}

#[tokio::test]
async fn a_launch_is_taken_once_by_its_user_and_its_client_in_time() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let other = server.add(public("other")).await;
    let ana = server.signed_in("ana").await;
    let with = |client, handle: &str| set(&request(client, EHR_SCOPE), "launch", handle);

    let handle = launch_handle(&server, &client.id, "ana").await;
    let first = ana.settle(ana.authorize(&borrowed(&with(&client, &handle))).await).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(
        ana.authorize(&borrowed(&with(&client, &handle))).await.app_error(),
        "invalid_request",
        "twice"
    );

    let handle = launch_handle(&server, &client.id, "ana").await;
    assert_eq!(ana.authorize(&borrowed(&with(&other, &handle))).await.app_error(), "invalid_request");

    let handle = launch_handle(&server, &client.id, "ben").await;
    assert_eq!(ana.authorize(&borrowed(&with(&client, &handle))).await.app_error(), "invalid_request");

    let handle = launch_handle(&server, &client.id, "ana").await;
    server.clock.advance(Duration::from_mins(6));
    assert_eq!(ana.authorize(&borrowed(&with(&client, &handle))).await.app_error(), "invalid_request");
}

#[tokio::test]
async fn a_launch_survives_sign_in() {
    let server = Server::start().await;
    let client = server.add(public("app")).await;
    let handle = launch_handle(&server, &client.id, "ana").await;
    let fields = set(&request(&client, EHR_SCOPE), "launch", &handle);
    let answer = server.anonymous().authorize(&borrowed(&fields)).await;
    assert!(answer.location().starts_with("/sign-in"));
    let ana = server.signed_in("ana").await;
    let consent = ana.settle(ana.authorize(&borrowed(&fields)).await).await;
    assert!(consent.body.contains("Noah Baker"));
}
