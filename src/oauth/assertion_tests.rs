use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::oauth::testing::TestKey;

const TOKEN: &str = "https://gate.example/oauth/token";

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn claims() -> Value {
    json!({"iss": "backend", "sub": "backend", "aud": TOKEN, "exp": now().as_seconds() + 300, "jti": "j-1"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn check(key: &TestKey, claims: &Value, jwks_uri: Option<&str>) -> Result<Checked, AssertionError> {
    let assertion = Assertion::parse(&key.sign(&json!({}), claims))?;
    let client = ClientId::parse("backend").unwrap();
    let checked = assertion.check_claims(&client, &[TOKEN], jwks_uri, now())?;
    let keys = KeySet::parse(key.jwks().to_string().as_bytes()).unwrap();
    if assertion.is_signed_by(&keys) { Ok(checked) } else { Err(AssertionError::Signature) }
}

#[rstest]
#[case::es384(TestKey::es384("k1"))]
#[case::rs384(TestKey::rs384("k1"))]
fn row_310_both_algorithms_verify(#[case] key: TestKey) {
    let checked = check(&key, &claims(), None).unwrap();
    assert_eq!(checked.jti, "j-1");
    assert_eq!(checked.until, now().plus(Duration::from_mins(6)));
}

#[rstest]
#[case::row_337_iss(with("iss", json!("other")), AssertionError::Issuer)]
#[case::sub(with("sub", json!("other")), AssertionError::Issuer)]
#[case::aud(with("aud", json!("https://evil.example/token")), AssertionError::Audience)]
#[case::auds(with("aud", json!(["https://evil.example/token"])), AssertionError::Audience)]
#[case::expired(with("exp", json!(now().as_seconds() - 61)), AssertionError::Expired)]
#[case::too_long(with("exp", json!(now().as_seconds() + 361)), AssertionError::TooLong)]
#[case::iat(with("iat", json!(now().as_seconds() + 100)), AssertionError::NotYet)]
#[case::nbf(with("nbf", json!(now().as_seconds() + 100)), AssertionError::NotYet)]
#[case::no_jti(with("jti", json!("")), AssertionError::Malformed)]
#[case::long_jti(with("jti", json!("x".repeat(300))), AssertionError::Malformed)]
#[case::exp_as_text(with("exp", json!("soon")), AssertionError::Malformed)]
#[case::exp_beyond_time(with("exp", json!(1e300)), AssertionError::Malformed)]
fn row_335_claims_are_checked(#[case] claims: Value, #[case] error: AssertionError) {
    assert_eq!(check(&TestKey::es384("k1"), &claims, None).unwrap_err(), error);
}

#[test]
fn audience_may_be_a_list_and_times_may_have_fractions() {
    let claims = with("aud", json!(["https://other.example", TOKEN]));
    assert!(check(&TestKey::es384("k1"), &claims, None).is_ok());
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let exp = now().as_seconds() as f64 + 100.5;
    assert!(check(&TestKey::es384("k1"), &with("exp", json!(exp)), None).is_ok());
}

#[test]
fn row_335_a_signature_by_another_key_or_over_other_words_does_not_count() {
    let (ours, theirs) = (TestKey::es384("k1"), TestKey::es384("k1"));
    let keys = KeySet::parse(ours.jwks().to_string().as_bytes()).unwrap();
    let jwt = ours.sign(&json!({}), &claims());
    assert!(Assertion::parse(&jwt).unwrap().is_signed_by(&keys));
    assert!(!Assertion::parse(&theirs.sign(&json!({}), &claims())).unwrap().is_signed_by(&keys));
    let altered = URL_SAFE_NO_PAD.encode(with("jti", json!("j-2")).to_string());
    let parts: Vec<_> = jwt.split('.').collect();
    let altered = format!("{}.{altered}.{}", parts[0], parts[2]);
    assert!(!Assertion::parse(&altered).unwrap().is_signed_by(&keys));
    let other_kid = KeySet::parse(TestKey::es384("k2").jwks().to_string().as_bytes()).unwrap();
    assert!(!Assertion::parse(&jwt).unwrap().is_signed_by(&other_kid));
}

#[test]
fn row_338_a_jku_must_be_the_registered_one() {
    let key = TestKey::es384("k1");
    let jwt = key.sign(&json!({"jku": "https://app.example/jwks"}), &claims());
    let assertion = Assertion::parse(&jwt).unwrap();
    let client = ClientId::parse("backend").unwrap();
    let check = |registered| assertion.check_claims(&client, &[TOKEN], registered, now());
    assert!(check(Some("https://app.example/jwks")).is_ok());
    assert_eq!(check(Some("https://app.example/other")).unwrap_err(), AssertionError::KeyUrl);
    assert_eq!(check(None).unwrap_err(), AssertionError::KeyUrl);
}

#[rstest]
#[case("")]
#[case("a.b.c")]
#[case("..")]
#[case("eyJhbGciOiJub25lIiwia2lkIjoiayJ9.e30.")]
fn what_is_not_a_jwt_is_refused(#[case] jwt: &str) {
    assert!(Assertion::parse(jwt).is_err());
}

#[rstest]
#[case("none")]
#[case("HS256")]
#[case("RS256")]
fn other_algorithms_are_refused(#[case] alg: &str) {
    let jwt = TestKey::es384("k1").sign(&json!({"alg": alg}), &claims());
    assert_eq!(Assertion::parse(&jwt).err(), Some(AssertionError::Algorithm));
}

/// A signed JWT whose parts are written by hand; signed with `key` as they stand.
fn raw(key: &TestKey, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.signature(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

const HEADER: &str = r#"{"alg":"ES384","kid":"k1"}"#;

#[rstest]
#[case::crit(r#"{"alg":"ES384","kid":"k1","crit":["exp"]}"#)]
#[case::crit_empty(r#"{"alg":"ES384","kid":"k1","crit":[]}"#)]
#[case::unencoded(r#"{"alg":"ES384","kid":"k1","crit":["b64"],"b64":false}"#)]
#[case::alg_twice(r#"{"alg":"none","alg":"ES384","kid":"k1"}"#)]
#[case::kid_twice(r#"{"alg":"ES384","kid":"k2","kid":"k1"}"#)]
#[case::alg_list(r#"{"alg":["ES384"],"kid":"k1"}"#)]
#[case::alg_lower(r#"{"alg":"es384","kid":"k1"}"#)]
#[case::alg_space(r#"{"alg":"ES384 ","kid":"k1"}"#)]
#[case::no_kid(r#"{"alg":"ES384"}"#)]
#[case::kid_number(r#"{"alg":"ES384","kid":1}"#)]
#[case::list("[]")]
#[case::trailing(r#"{"alg":"ES384","kid":"k1"} x"#)]
fn row_335_tricks_with_the_header_are_refused(#[case] header: &str) {
    let key = TestKey::es384("k1");
    assert!(Assertion::parse(&raw(&key, HEADER, &claims().to_string())).is_ok());
    assert!(Assertion::parse(&raw(&key, header, &claims().to_string())).is_err(), "{header}");
}

#[rstest]
#[case::own_key("jwk")]
#[case::chain("x5c")]
#[case::address("x5u")]
fn row_338_a_key_in_the_header_is_not_looked_at(#[case] name: &str) {
    let (ours, theirs) = (TestKey::es384("k1"), TestKey::es384("k1"));
    let key = theirs.jwks()["keys"][0].clone();
    let jwt = theirs.sign(&json!({ name: key }), &claims());
    let keys = KeySet::parse(ours.jwks().to_string().as_bytes()).unwrap();
    assert!(!Assertion::parse(&jwt).unwrap().is_signed_by(&keys));
}

#[test]
fn row_335_a_public_key_is_no_secret_and_a_signature_is_no_other_form_of_it() {
    let key = TestKey::es384("k1");
    let keys = KeySet::parse(key.jwks().to_string().as_bytes()).unwrap();
    let jwt = key.sign(&json!({}), &claims());
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let der = [&[0x30, 0x64, 0x02, 0x30], &bytes[..48], &[0x02, 0x30], &bytes[48..]].concat();
    for other in [der, Vec::new(), vec![0; 96], bytes[..95].to_vec()] {
        let jwt = format!("{message}.{}", URL_SAFE_NO_PAD.encode(other));
        assert!(!Assertion::parse(&jwt).unwrap().is_signed_by(&keys));
    }
    let by_mac = key.sign(&json!({"alg": "HS256"}), &claims());
    assert_eq!(Assertion::parse(&by_mac).err(), Some(AssertionError::Algorithm));
}

#[rstest]
#[case::padding("=")]
#[case::space(" ")]
#[case::line("\n")]
#[case::part(".x")]
#[case::parts(".x.y")]
fn row_335_other_spellings_of_the_same_jwt_are_refused(#[case] tail: &str) {
    let key = TestKey::es384("k1");
    let jwt = key.sign(&json!({}), &claims());
    let keys = KeySet::parse(key.jwks().to_string().as_bytes()).unwrap();
    let passes = |jwt: &str| Assertion::parse(jwt).is_ok_and(|assertion| assertion.is_signed_by(&keys));
    assert!(passes(&jwt));
    assert!(!passes(&format!("{jwt}{tail}")));
    assert!(!passes(&format!("{tail}{jwt}")));
    assert!(!passes(&jwt.replacen('.', &format!("{tail}."), 1)));
}

#[rstest]
#[case::no_aud(r#"{"iss":"backend","sub":"backend","exp":1800000100,"jti":"j"}"#)]
#[case::aud_object(r#"{"iss":"backend","sub":"backend","aud":{},"exp":1800000100,"jti":"j"}"#)]
#[case::aud_nested(r#"{"iss":"backend","sub":"backend","aud":[["https://gate.example/oauth/token"]],"exp":1800000100,"jti":"j"}"#)]
#[case::aud_none(r#"{"iss":"backend","sub":"backend","aud":[],"exp":1800000100,"jti":"j"}"#)]
#[case::iss_twice(r#"{"iss":"other","iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":1800000100,"jti":"j"}"#)]
#[case::exp_twice(r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":1,"exp":1800000100,"jti":"j"}"#)]
#[case::no_exp(r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","jti":"j"}"#)]
#[case::exp_null(
    r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":null,"jti":"j"}"#
)]
#[case::exp_infinite(
    r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":1e999,"jti":"j"}"#
)]
#[case::exp_before_time(
    r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":-1e300,"jti":"j"}"#
)]
#[case::nbf_beyond_time(r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":1800000100,"nbf":1e300,"jti":"j"}"#)]
#[case::jti_number(
    r#"{"iss":"backend","sub":"backend","aud":"https://gate.example/oauth/token","exp":1800000100,"jti":7}"#
)]
#[case::iss_other_letters(r#"{"iss":"Backend","sub":"Backend","aud":"https://gate.example/oauth/token","exp":1800000100,"jti":"j"}"#)]
#[case::iss_full_width(r#"{"iss":"ｂackend","sub":"ｂackend","aud":"https://gate.example/oauth/token","exp":1800000100,"jti":"j"}"#)]
#[case::null("null")]
#[case::list("[]")]
fn row_335_tricks_with_the_claims_are_refused(#[case] claims: &str) {
    let jwt = raw(&TestKey::es384("k1"), HEADER, claims);
    let client = ClientId::parse("backend").unwrap();
    let checked = Assertion::parse(&jwt).and_then(|a| a.check_claims(&client, &[TOKEN], None, now()));
    assert!(checked.is_err(), "{claims}");
}

#[test]
fn row_338_where_two_keys_match_none_does() {
    let (one, two, rsa) = (TestKey::es384("k1"), TestKey::es384("k1"), TestKey::rs384("k1"));
    let set = |keys: &[&TestKey]| {
        let keys: Vec<_> = keys.iter().map(|key| key.jwks()["keys"][0].clone()).collect();
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    };
    let assertion = Assertion::parse(&one.sign(&json!({}), &claims())).unwrap();
    assert!(assertion.is_signed_by(&set(&[&one])));
    assert!(assertion.is_signed_by(&set(&[&rsa, &one])), "one of each kind is one that fits");
    assert!(!assertion.is_signed_by(&set(&[&one, &two])));
    assert!(!assertion.is_signed_by(&set(&[&two, &one])));
}
