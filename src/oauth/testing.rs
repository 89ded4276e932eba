//! Sample values for the unit tests of this module.

use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA384};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;

/// A public client that may ask for everything.
pub fn client(id: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: "Sample App".to_owned(),
        kind: ClientKind::Public,
        auth: ClientAuth::None,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        launch_uri: Some("https://app.example/launch".to_owned()),
        scope: "launch launch/patient launch/encounter openid fhirUser profile offline_access online_access \
                patient/*.rs user/*.rs"
            .to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: Timestamp::from_millis(0),
    }
}

/// A client's key pair that signs assertions.
pub struct TestKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Es384(EcdsaKeyPair),
    Rs384(Box<RsaKeyPair>),
}

impl TestKey {
    /// A new P-384 key.
    pub fn es384(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self { kid: kid.to_owned(), pair: Pair::Es384(pair) }
    }

    /// A new RSA key.
    pub fn rs384(kid: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Self { kid: kid.to_owned(), pair: Pair::Rs384(Box::new(pair)) }
    }

    /// The public half as a JWK Set.
    pub fn jwks(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = match &self.pair {
            Pair::Es384(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-384", "x": encode(&point[1..49]), "y": encode(&point[49..])})
            }
            Pair::Rs384(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero().to_vec();
                let e = public.exponent().big_endian_without_leading_zero().to_vec();
                json!({"kty": "RSA", "n": encode(&n), "e": encode(&e)})
            }
        };
        let mut key = key;
        key["kid"] = json!(self.kid);
        json!({"keys": [key]})
    }

    /// A JWT over `claims`; `header` adds to or replaces `alg` and `kid`.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let alg = if matches!(self.pair, Pair::Es384(_)) { "ES384" } else { "RS384" };
        let mut full = json!({"typ": "JWT", "alg": alg, "kid": self.kid});
        for (name, value) in header.as_object().unwrap() {
            full[name] = value.clone();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&full), encode(claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The signature over `message`, as JWTs hold it.
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        match &self.pair {
            Pair::Es384(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rs384(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA384, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}
