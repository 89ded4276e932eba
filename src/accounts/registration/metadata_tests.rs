use super::*;

const EC: &str = r#"{"keys":[{"kty":"EC","crv":"P-384","kid":"k","x":"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX","y":"YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY"}]}"#;

fn good() -> Metadata {
    Metadata {
        name: " Growth Charts ".to_owned(),
        redirect_uris: vec![
            "https://app.example/cb".to_owned(),
            "https://app.example/cb ".to_owned(),
            String::new(),
        ],
        scope: "launch/patient patient/Observation.cruds system/*.rs unheard-of".to_owned(),
        organization: Some("  ".to_owned()),
        ..Metadata::default()
    }
}

fn wrong(metadata: Metadata) -> (&'static str, WrongKind) {
    let wrong = metadata.checked().unwrap_err();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    (wrong[0].field, wrong[0].kind)
}

#[test]
fn what_is_said_is_tidied_and_scopes_are_those_that_can_be_granted() {
    let checked = good().checked().unwrap();
    assert_eq!(checked.name, "Growth Charts");
    assert_eq!(checked.redirect_uris, ["https://app.example/cb"]);
    assert_eq!(checked.scope, "launch/patient patient/Observation.rs");
    assert_eq!(checked.organization, None);
    assert_eq!(checked.clone().checked().unwrap(), checked, "checked again it is the same");
}

#[test]
fn each_wrong_value_is_told_at_its_field() {
    let set = |change: fn(&mut Metadata)| {
        let mut metadata = good();
        change(&mut metadata);
        wrong(metadata)
    };
    let metadata = |field| (field, WrongKind::Metadata);
    assert_eq!(set(|m| m.name = " ".into()), metadata("client_name"));
    assert_eq!(set(|m| m.name = "x".repeat(101)), metadata("client_name"));
    assert_eq!(set(|m| m.name = "App\u{202e}lanidep".into()), metadata("client_name"));
    assert_eq!(set(|m| m.purpose = Some("\u{7}".into())), metadata("purpose"));
    assert_eq!(set(|m| m.contacts = vec!["nobody".into()]), metadata("contacts"));
    assert_eq!(
        set(|m| m.contacts = (0..6).map(|n| format!("a{n}@b.example")).collect()),
        metadata("contacts")
    );
    assert_eq!(set(|m| m.launch_uri = Some("http://app.example/".into())), metadata("launch_uri"));
    assert_eq!(set(|m| m.client_uri = Some("javascript:alert(1)".into())), metadata("client_uri"));
    assert_eq!(set(|m| m.policy_uri = Some("https://u:p@app.example/".into())), metadata("policy_uri"));
    assert_eq!(set(|m| m.scope = String::new()), metadata("scope"));
    assert_eq!(set(|m| m.scope = "system/*.rs offline_access patient/*.c".into()), metadata("scope"));
    assert_eq!(set(|m| m.auth = NewClientAuth::Secret), metadata("token_endpoint_auth_method"));
    for uri in [
        "http://app.example/cb",
        "https://app.example/cb#x",
        "https://*.app.example/cb",
        "https://user@app.example/cb",
        "/cb",
        "javascript:alert(1)",
        "https://app.example/c b",
    ] {
        let found = wrong(Metadata { redirect_uris: vec![uri.to_owned()], ..good() });
        assert_eq!(found, ("redirect_uris", WrongKind::RedirectUri), "{uri}");
    }
    let none = wrong(Metadata { redirect_uris: vec![], ..good() });
    assert_eq!(none, ("redirect_uris", WrongKind::RedirectUri));
}

#[test]
fn a_backend_client_has_keys_and_a_practice_and_nothing_of_an_app() {
    let backend = Metadata {
        kind: ClientKind::Backend,
        auth: NewClientAuth::Keys(EC.to_owned()),
        redirect_uris: vec![],
        practice: Some("1234567893".to_owned()),
        scope: "system/Patient.rs patient/*.rs openid".to_owned(),
        ..good()
    };
    assert_eq!(backend.clone().checked().unwrap().scope, "system/Patient.rs");
    assert_eq!(wrong(Metadata { practice: None, ..backend.clone() }).0, "practice");
    assert_eq!(
        wrong(Metadata { auth: NewClientAuth::Secret, ..backend.clone() }).0,
        "token_endpoint_auth_method"
    );
    let with_uri = Metadata { redirect_uris: vec!["https://a.example/".into()], ..backend };
    assert_eq!(wrong(with_uri).0, "redirect_uris");
}

#[test]
fn rows_296_297_keys_are_public_and_can_sign() {
    assert_eq!(check_keys(EC), Ok(()));
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}"#,
        r#"{"keys":[{"kty":"EC","crv":"P-521","kid":"k","x":"x","y":"y"}]}"#,
        r#"{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}"#,
        &EC.replace("\"kid\":\"k\",", ""),
        &EC.replace("\"kid\"", "\"d\":\"x\",\"kid\""),
    ] {
        assert!(check_keys(bad).is_err(), "{bad}");
    }
}
