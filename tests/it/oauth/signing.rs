//! Keys of test clients, and reading `id_token`s with a library that is not ours.

use chartgate::credentials::signing::{SigningAlgorithm, SigningKey};
use chartgate::domain::clock::Clock as _;
use serde_json::{Value, json};

use super::harness::{ISSUER, Server};

pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client's key.
pub struct ClientKey(SigningKey);

impl ClientKey {
    pub fn new(algorithm: SigningAlgorithm) -> Self {
        Self(SigningKey::generate(algorithm).unwrap())
    }

    pub fn jwks(&self) -> Value {
        json!({"keys": [self.0.jwk()]})
    }

    /// A good assertion of `client` with this `jti`.
    pub fn assertion(&self, server: &Server, client: &str, jti: &str) -> String {
        self.sign(&claims(server, client, jti))
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.0.sign_jwt(claims).unwrap()
    }
}

pub fn claims(server: &Server, client: &str, jti: &str) -> Value {
    json!({
        "iss": client,
        "sub": client,
        "aud": format!("{ISSUER}/oauth/token"),
        "exp": server.clock.now().as_seconds() + 240,
        "jti": jti,
    })
}

/// The claims of an `id_token`, verified against the published keys.
pub async fn verified(server: &Server, id_token: &str, client: &str) -> Value {
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(server.get("/oauth/jwks", &[]).await.ok()).unwrap();
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256, "row 210");
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[client]);
    validation.set_issuer(&[ISSUER]);
    // The library looks at the machine's clock; ours stands still.
    validation.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    jsonwebtoken::decode::<Value>(id_token, &key, &validation).unwrap().claims
}
