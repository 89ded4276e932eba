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
