//! A client's key for DPoP; proofs are signed by a library that is not ours.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chartgate::credentials::signing::{SigningAlgorithm, SigningKey};
use chartgate::domain::clock::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

pub struct ProofKey {
    public: Value,
    thumbprint: String,
    key: EncodingKey,
    count: AtomicU32,
}

impl ProofKey {
    pub fn new() -> Self {
        let key = SigningKey::generate(SigningAlgorithm::Es384).unwrap();
        Self {
            public: key.jwk().clone(),
            thumbprint: key.kid().to_owned(),
            key: EncodingKey::from_ec_der(&key.to_pkcs8().unwrap()),
            count: AtomicU32::new(0),
        }
    }

    /// `jkt`.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// A proof with an identifier of its own; `more` adds claims or replaces them.
    pub fn proof(&self, now: Timestamp, method: &str, url: &str, more: &Value) -> String {
        let jti = format!("jti-{}", self.count.fetch_add(1, Ordering::SeqCst));
        let mut claims = json!({"jti": jti, "htm": method, "htu": url, "iat": now.as_seconds()});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(serde_json::from_value(self.public.clone()).unwrap()),
            ..Header::new(Algorithm::ES384)
        };
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

/// `ath` of an access token.
pub fn ath(token: &str) -> Value {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    json!({"ath": URL_SAFE_NO_PAD.encode(hash.as_ref())})
}
