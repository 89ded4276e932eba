//! The signed assertion by which the product proves its identity to the EHR's token endpoint (RFC 7523; SMART Backend
//! Services, "Authenticate to the Authorization Server").

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::credentials::signing::{SigningError, SigningKey};
use crate::domain::clock::Timestamp;
use crate::domain::random::Random;

/// Life of an assertion; SMART allows five minutes.
const LIFE: Duration = Duration::from_mins(4);

/// Holds the private key whose public half is registered at the EHR, or chooses among several while they rotate.
pub trait AssertionSigner: Send + Sync + fmt::Debug {
    /// `claims` as a compact JWS, signed with ES384 or RS384.
    fn sign(&self, claims: &Value) -> Result<String, SigningError>;
}

impl AssertionSigner for SigningKey {
    fn sign(&self, claims: &Value) -> Result<String, SigningError> {
        self.sign_jwt(claims)
    }
}

/// The claims of one assertion by `client_id` for `token_url`.
pub(super) fn claims(client_id: &str, token_url: &str, now: Timestamp, random: &dyn Random) -> Value {
    let mut jti = [0_u8; 16];
    random.fill(&mut jti);
    json!({
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now.as_seconds(),
        "exp": now.plus(LIFE).as_seconds(),
        "jti": URL_SAFE_NO_PAD.encode(jti),
    })
}
