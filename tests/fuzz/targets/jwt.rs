//! Client assertions, key sets and proofs of possession: nothing counts but what our key signed, letter by letter.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chartgate::credentials::dpop::{About, Nonces, Proof};
use chartgate::credentials::jwk::{JwsAlgorithm, PublicJwk};
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::clock::Timestamp;
use chartgate::domain::ids::ClientId;
use chartgate::oauth::assertion::Assertion;
use chartgate::oauth::client_keys::KeySet;
use serde_json::{Value, json};

use super::generator::Choices;
use super::text;

const TOKEN: &str = "https://gate.example/oauth/token";
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

struct Key {
    pair: EcdsaKeyPair,
    jwk: Value,
}

impl Key {
    fn new(curve: &str) -> Self {
        let (signing, half) = match curve {
            "P-256" => (&ECDSA_P256_SHA256_FIXED_SIGNING, 32),
            _ => (&ECDSA_P384_SHA384_FIXED_SIGNING, 48),
        };
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        let point = pair.public_key().as_ref();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = (encode(&point[1..=half]), encode(&point[half + 1..]));
        let jwk = json!({"kty": "EC", "crv": curve, "x": x, "y": y, "kid": "k1"});
        Self { pair, jwk }
    }

    fn sign(&self, message: &str) -> String {
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

static OURS: LazyLock<Key> = LazyLock::new(|| Key::new("P-384"));
static THEIRS: LazyLock<Key> = LazyLock::new(|| Key::new("P-384"));
static HOLDER: LazyLock<Key> = LazyLock::new(|| Key::new("P-256"));
static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::parse(json!({"keys": [OURS.jwk]}).to_string().as_bytes()).unwrap());

/// The parts of a token as they are written, before anybody signs them.
fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A change to a token that was signed; the same bytes make the same change.
fn altered(jwt: &str, choices: &mut Choices<'_>) -> String {
    let mut bytes = jwt.as_bytes().to_vec();
    let at = (usize::from(choices.byte()) << 8 | usize::from(choices.byte())) % bytes.len();
    match choices.below(6) {
        0 => bytes[at] ^= 1 << choices.below(7),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, choices.byte() & 0x7f),
        3 => bytes.truncate(at),
        4 => bytes.push(b'='),
        _ => bytes.extend_from_slice(b".x"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// First byte: a text as it comes, a key set, or an assertion made of choices.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (jwt, signed) = match choices.below(4) {
        0 => (text(choices.rest()).unwrap_or_default().to_owned(), String::new()),
        1 => return key_set(choices.rest()),
        _ => made(&mut choices),
    };
    let Ok(assertion) = Assertion::parse(&jwt) else { return };
    let client = ClientId::parse("backend").unwrap();
    let checked = assertion.check_claims(&client, &[TOKEN], None, NOW);
    let _ = (assertion.issuer(), assertion.check_fapi(TOKEN).is_ok());
    let verified = assertion.is_signed_by(&KEYS);
    assert!(!verified || jwt == signed, "not what was signed: {jwt}");
    let Ok(checked) = checked else { return };
    // What counts lives no longer than five minutes and the difference of clocks, and has a name of its own.
    assert!(!checked.jti.is_empty() && checked.jti.len() <= 256);
    assert!(checked.until > NOW && checked.until.since(NOW).as_secs() <= 7 * 60, "{jwt}");
    let claims: Value = jwt
        .split('.')
        .nth(1)
        .and_then(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok())
        .expect("claims");
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("backend"), Some("backend")));
    let audiences = claims["aud"].as_array().cloned().unwrap_or_else(|| vec![claims["aud"].clone()]);
    assert!(audiences.contains(&json!(TOKEN)), "{claims}");
}

/// An assertion, and what was signed with our key, if it was.
fn made(choices: &mut Choices<'_>) -> (String, String) {
    let header = match choices.below(10) {
        0..=4 => r#"{"alg":"ES384","kid":"k1"}"#.to_owned(),
        5 => r#"{"alg":"none","kid":"k1"}"#.to_owned(),
        6 => r#"{"alg":"ES384","kid":"k1","crit":["exp"]}"#.to_owned(),
        7 => r#"{"alg":"HS384","kid":"k1"}"#.to_owned(),
        8 => r#"{"alg":"ES384","alg":"none","kid":"k1"}"#.to_owned(),
        _ => choices.text(60),
    };
    let exp = choices.pick(&[
        "1800000200",
        "1800000200.5",
        "1800000301",
        "1800009999",
        "1799999000",
        "1e99",
        "-1",
        "null",
        "\"soon\"",
    ]);
    let audience = choices.pick(&[
        r#""https://gate.example/oauth/token""#,
        r#"["x","https://gate.example/oauth/token"]"#,
        r#""https://evil.example""#,
        "[]",
        "7",
    ]);
    let (iss, jti) =
        (choices.pick(&["backend", "backend", "other", ""]), choices.pick(&["j", "", "\\u0000", "k"]));
    let more = choices.pick(&[
        "",
        r#","nbf":1800000000"#,
        r#","iat":1900000000"#,
        r#","exp":1800000100"#,
        r#","iss":"backend""#,
    ]);
    let claims = match choices.below(8) {
        0 => choices.text(120),
        _ => format!(r#"{{"iss":"{iss}","sub":"{iss}","aud":{audience},"exp":{exp},"jti":"{jti}"{more}}}"#),
    };
    let message = message(&header, &claims);
    let signed = OURS.sign(&message);
    match choices.below(6) {
        0 | 1 => (signed.clone(), signed),
        2 => (THEIRS.sign(&message), signed),
        3 => (format!("{message}."), signed),
        _ => (altered(&signed, choices), signed),
    }
}

/// Any bytes as a key set: what is read is a public key, and verifies nothing that is not signed.
fn key_set(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        for key in value["keys"].as_array().into_iter().flatten().chain([&value]) {
            let Some(read) = PublicJwk::read(key) else { continue };
            assert!(
                ["d", "k", "p", "q"].iter().all(|private| key[private].is_null()),
                "a private key: {key}"
            );
            let _ = read.thumbprint().to_string();
            for algorithm in JwsAlgorithm::ALL {
                for signature in [&[0_u8; 96][..], &[0; 64], &[], bytes] {
                    assert!(!read.verifies(*algorithm, b"message", signature), "{key}");
                }
            }
        }
    }
    let Some(keys) = KeySet::parse(bytes) else { return };
    assert!(!keys.verify("k1", JwsAlgorithm::Es384, b"message", &[0; 96]));
}

/// A `DPoP` header: as it comes, or made of choices and signed with the key that it carries.
pub fn proof(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let url: url::Url = TOKEN.parse().unwrap();
    let about = About { method: "POST", url: &url, access_token: choices.once_in(3).then_some("token") };
    let nonces = Nonces::new(&SealingKey::from_bytes([7; 32]));
    if choices.below(4) == 0 {
        let text = text(choices.rest()).unwrap_or_default();
        assert!(!nonces.is_good(text, NOW));
        let mut given = nonces.give(NOW);
        assert!(nonces.is_good(&given, NOW));
        given.push_str(text);
        assert!(text.is_empty() || !nonces.is_good(&given, NOW));
        return drop(Proof::check(text, about, NOW));
    }
    let jwk = match choices.below(6) {
        0 => json!({"kty": "oct", "k": "AA"}).to_string(),
        1 => THEIRS.jwk.to_string(),
        2 => choices.text(80),
        _ => HOLDER.jwk.to_string(),
    };
    let typ = choices.pick(&["dpop+jwt", "dpop+jwt", "dpop+jwt", "JWT", "DPOP+JWT"]);
    let alg = choices.pick(&["ES256", "ES256", "ES256", "ES384", "none", "HS256"]);
    let htu = choices.pick(&[
        TOKEN,
        TOKEN,
        "https://gate.example/oauth/token?x=1#y",
        "HTTPS://GATE.example:443/oauth/%74oken",
        "https://evil.example/oauth/token",
        "https://a@gate.example/oauth/token",
        "",
    ]);
    let (htm, iat) = (
        choices.pick(&["POST", "POST", "GET", "post"]),
        choices.pick(&["1800000000", "1799999990.25", "1700000000", "1900000000", "1e99", "null"]),
    );
    let ath = choices.pick(&[
        "",
        r#","ath":"PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A""#,
        r#","ath":"x""#,
        r#","ath":null"#,
    ]);
    let claims = format!(r#"{{"jti":"j","htm":"{htm}","htu":"{htu}","iat":{iat}{ath}}}"#);
    let message = message(&format!(r#"{{"typ":"{typ}","alg":"{alg}","jwk":{jwk}}}"#), &claims);
    let signed = HOLDER.sign(&message);
    let jwt = if choices.once_in(3) { altered(&signed, &mut choices) } else { signed.clone() };
    let Ok(proof) = Proof::check(&jwt, about, NOW) else { return };
    assert_eq!(jwt, signed, "not what was signed");
    assert_eq!(proof.key.to_string(), PublicJwk::read(&HOLDER.jwk).unwrap().thumbprint().to_string());
    assert!(
        htm == "POST" && typ == "dpop+jwt" && htu.to_ascii_lowercase().starts_with("https://gate.example"),
        "{claims}"
    );
    assert!(about.access_token.is_none() || ath.contains("PEaenW"), "{claims}");
}
