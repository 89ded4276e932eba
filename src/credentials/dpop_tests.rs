use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// The example of RFC 9449 7.1: a proof for a protected resource, with its token and the moment of its making.
const RFC_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const RFC_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const RFC_THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[test]
fn rfc_9449_7_1_the_example_is_accepted_and_names_its_key() {
    let url = url("https://resource.example.org/protectedresource");
    let about = About { method: "GET", url: &url, access_token: Some(RFC_TOKEN) };
    let now = Timestamp::from_millis(1_562_262_618_000);
    let proof = Proof::check(RFC_PROOF, about, now).unwrap();
    assert_eq!(proof.key.to_string(), RFC_THUMBPRINT, "RFC 9449 6.1");
    assert_eq!(proof.jti, "e1j3V_bKic8-LAEB");
    assert_eq!(proof.nonce, None);
    let check = |about, now| Proof::check(RFC_PROOF, about, now).unwrap_err();
    assert_eq!(check(About { method: "POST", ..about }, now), ProofError::Method);
    assert_eq!(check(About { access_token: Some("other"), ..about }, now), ProofError::Token);
    assert_eq!(check(about, now.plus(OLDEST)), ProofError::Time);
    assert_eq!(check(about, now.minus(AHEAD + Duration::from_secs(1))), ProofError::Time);
}

struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn header(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = self.0.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.0.sign(&aws_lc_rs::rand::SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

const HERE: &str = "https://gate.example/oauth/token";
const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"jti": "j", "htm": "POST", "htu": HERE, "iat": NOW})
}

fn check(jwt: &str) -> Result<Proof, ProofError> {
    let here = url(HERE);
    let about = About { method: "POST", url: &here, access_token: None };
    Proof::check(jwt, about, Timestamp::from_millis(NOW * 1000))
}

#[rstest]
#[case::typ("typ", json!("JWT"), ProofError::Malformed)]
#[case::crit("crit", json!(["exp"]), ProofError::Malformed)]
#[case::none("alg", json!("none"), ProofError::Algorithm)]
#[case::mac("alg", json!("HS256"), ProofError::Algorithm)]
#[case::other_alg("alg", json!("ES384"), ProofError::Signature)]
#[case::no_key("jwk", json!(null), ProofError::Key)]
#[case::secret("jwk", json!({"kty": "oct", "k": "AA"}), ProofError::Key)]
fn rfc_9449_4_3_the_header_is_checked(#[case] name: &str, #[case] value: Value, #[case] error: ProofError) {
    let key = Key::new();
    let mut header = key.header();
    header[name] = value;
    assert_eq!(check(&key.sign(&header, &claims())).unwrap_err(), error);
}

#[test]
fn rfc_9449_4_3_another_key_and_a_private_key_are_refused() {
    let (ours, theirs) = (Key::new(), Key::new());
    check(&ours.sign(&ours.header(), &claims())).unwrap();
    assert_eq!(check(&ours.sign(&theirs.header(), &claims())).unwrap_err(), ProofError::Signature);
    let mut private = ours.header();
    private["jwk"]["d"] = json!("AA");
    assert_eq!(check(&ours.sign(&private, &claims())).unwrap_err(), ProofError::Key);
}

#[rstest]
#[case::no_jti("jti", json!(""), ProofError::Malformed)]
#[case::long_jti("jti", json!("x".repeat(300)), ProofError::Malformed)]
#[case::method("htm", json!("post"), ProofError::Method)]
#[case::address("htu", json!("https://evil.example/oauth/token"), ProofError::Address)]
#[case::path("htu", json!("https://gate.example/oauth/revoke"), ProofError::Address)]
#[case::scheme("htu", json!("http://gate.example/oauth/token"), ProofError::Address)]
#[case::user("htu", json!("https://me@gate.example/oauth/token"), ProofError::Address)]
#[case::no_address("htu", json!("/oauth/token"), ProofError::Address)]
#[case::old("iat", json!(NOW - 120), ProofError::Time)]
#[case::ahead("iat", json!(NOW + 61), ProofError::Time)]
#[case::beyond("iat", json!(1e300), ProofError::Time)]
#[case::text("iat", json!("now"), ProofError::Malformed)]
fn rfc_9449_4_3_claims_are_checked(#[case] name: &str, #[case] value: Value, #[case] error: ProofError) {
    let key = Key::new();
    let mut claims = claims();
    claims[name] = value;
    assert_eq!(check(&key.sign(&key.header(), &claims)).unwrap_err(), error);
}

#[test]
fn rfc_9449_4_3_query_and_spelling_of_the_address_do_not_matter() {
    let key = Key::new();
    for htu in [
        "https://gate.example/oauth/token?x=1#f",
        "HTTPS://GATE.example:443/oauth/token",
        "https://gate.example/oauth/%74oken",
    ] {
        let mut claims = claims();
        claims["htu"] = json!(htu);
        check(&key.sign(&key.header(), &claims)).unwrap_or_else(|error| panic!("{htu}: {error}"));
    }
    assert_eq!(normal("/a%2fb%c3%A9%7e"), "/a%2Fb%C3%A9~");
    assert_eq!(normal("/a%2"), "/a%2");
    assert_ne!(normal("/a%2Fb"), normal("/a/b"));
}

#[test]
fn nonsense_is_no_proof() {
    for text in
        ["", ".", "..", "a.b.c", &format!("{0}.{0}.{0}", URL_SAFE_NO_PAD.encode("{}")), &"x".repeat(9000)]
    {
        assert_eq!(check(text).unwrap_err(), ProofError::Malformed, "{text}");
    }
}

#[test]
fn rfc_9449_8_a_nonce_is_ours_for_a_while() {
    let key = |byte| Nonces::new(&SealingKey::from_bytes([byte; 32]));
    let now = Timestamp::from_millis(NOW * 1000);
    let nonce = key(1).give(now);
    assert!(key(1).is_good(&nonce, now), "on every node");
    assert!(key(1).is_good(&nonce, now.plus(NONCE_LIFE).minus(Duration::from_millis(1))));
    assert!(!key(1).is_good(&nonce, now.plus(NONCE_LIFE)));
    assert!(!key(2).is_good(&nonce, now));
    let forged = URL_SAFE_NO_PAD.encode([0_u8; 24]);
    for other in ["", "AAAA", &nonce[..30], forged.as_str()] {
        assert!(!key(1).is_good(other, now), "{other}");
    }
}
