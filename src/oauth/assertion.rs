//! Client assertions: JWTs by which a client proves that it holds its private key (RFC 7523 3; SMART "Client
//! Authentication: Asymmetric", "Signature Verification"). Checked without I/O; keys and `jti` are the caller's.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::credentials::jwk::JwsAlgorithm;
use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;

use super::client_keys::{ALGORITHMS, FAPI_ALGORITHMS, KeySet};

/// How far clocks may differ.
const SKEW: Duration = Duration::from_mins(1);
/// The longest life of an assertion (SMART: no more than five minutes).
const LONGEST_LIFE: Duration = Duration::from_mins(5);
/// Longest assertion and `jti` that are looked at.
const LONGEST: usize = 8 * 1024;
const LONGEST_JTI: usize = 256;

/// Why an assertion does not count. For the log; the client hears `invalid_client` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not a JWT of the form required.
    #[error("the assertion is not a JWT with alg, kid, iss, sub, aud, exp and jti")]
    Malformed,
    /// `alg` is not one that the client may use.
    #[error("the assertion's alg is not one that the client may use")]
    Algorithm,
    /// `iss` or `sub` is not the client.
    #[error("the assertion's iss and sub are not the client_id")]
    Issuer,
    /// `aud` is not the token endpoint.
    #[error("the assertion's aud is not the token endpoint")]
    Audience,
    /// `exp` has passed.
    #[error("the assertion has expired")]
    Expired,
    /// `exp` is too far ahead.
    #[error("the assertion lives longer than five minutes")]
    TooLong,
    /// `nbf` or `iat` lies ahead.
    #[error("the assertion is not valid yet")]
    NotYet,
    /// `jku` is not the registered URL.
    #[error("the assertion's jku is not the registered jwks_uri")]
    KeyUrl,
    /// No registered key verifies the signature.
    #[error("no registered key verifies the assertion")]
    Signature,
    /// `jti` was used before.
    #[error("the assertion was used before")]
    Replayed,
    /// The client's keys cannot be fetched or read.
    #[error("the client's keys cannot be had")]
    NoKeys,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    jku: Option<String>,
    /// Extensions that must be understood (RFC 7515 4.1.11). We know none.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn names(&self, audiences: &[&str]) -> bool {
        let is_ours = |text: &String| audiences.contains(&text.as_str());
        match self {
            Self::One(text) => is_ours(text),
            Self::Many(texts) => texts.iter().any(is_ours),
        }
    }
}

/// A parsed assertion of which nothing is proven yet.
pub struct Assertion {
    header: Header,
    algorithm: JwsAlgorithm,
    claims: Claims,
    signed: String,
    signature: Vec<u8>,
}

/// What a checked assertion says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// To be used once.
    pub jti: String,
    /// Until when the `jti` must be remembered: expiry and skew.
    pub until: Timestamp,
}

impl Assertion {
    /// Takes a compact JWT apart.
    pub fn parse(jwt: &str) -> Result<Self, AssertionError> {
        let malformed = || AssertionError::Malformed;
        if jwt.len() > LONGEST {
            return Err(malformed());
        }
        let (signed, signature) = jwt.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| AssertionError::Malformed);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
        if header.crit.is_some() || claims.jti.is_empty() || claims.jti.len() > LONGEST_JTI {
            return Err(malformed());
        }
        let algorithm = JwsAlgorithm::parse(&header.alg).filter(|a| ALGORITHMS.contains(a));
        let algorithm = algorithm.ok_or(AssertionError::Algorithm)?;
        let signature = decode(signature)?;
        Ok(Self { header, algorithm, claims, signed: signed.to_owned(), signature })
    }

    /// The client that the assertion says it is from: a claim, not a fact.
    pub fn issuer(&self) -> Option<ClientId> {
        ClientId::parse(&self.claims.iss).ok()
    }

    /// The key that it says it was signed with.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Checks the claims (rows 335, 337) and, where there is a `jku`, that it is the registered one (row 338).
    pub fn check_claims(
        &self,
        client: &ClientId,
        audiences: &[&str],
        jwks_uri: Option<&str>,
        now: Timestamp,
    ) -> Result<Checked, AssertionError> {
        let claims = &self.claims;
        if claims.iss != client.as_str() || claims.sub != client.as_str() {
            return Err(AssertionError::Issuer);
        }
        if !claims.aud.names(audiences) {
            return Err(AssertionError::Audience);
        }
        if self.header.jku.as_deref().is_some_and(|jku| Some(jku) != jwks_uri) {
            return Err(AssertionError::KeyUrl);
        }
        let expiry = moment(claims.exp)?;
        if expiry.plus(SKEW) <= now {
            return Err(AssertionError::Expired);
        }
        if expiry > now.plus(LONGEST_LIFE + SKEW) {
            return Err(AssertionError::TooLong);
        }
        for earliest in [claims.nbf, claims.iat].into_iter().flatten() {
            if moment(earliest)? > now.plus(SKEW) {
                return Err(AssertionError::NotYet);
            }
        }
        Ok(Checked { jti: claims.jti.clone(), until: expiry.plus(SKEW) })
    }

    /// Checks what FAPI 2.0 asks beyond that: the issuer as the one audience, in a string (5.3.2.1, 8), and its algorithms
    /// (5.4.1).
    pub fn check_fapi(&self, issuer: &str) -> Result<(), AssertionError> {
        if !FAPI_ALGORITHMS.contains(&self.algorithm) {
            return Err(AssertionError::Algorithm);
        }
        match &self.claims.aud {
            OneOrMany::One(audience) if audience == issuer => Ok(()),
            _ => Err(AssertionError::Audience),
        }
    }

    /// Whether one of `keys` with the assertion's `kid` and algorithm verifies the signature.
    pub fn is_signed_by(&self, keys: &KeySet) -> bool {
        keys.verify(&self.header.kid, self.algorithm, self.signed.as_bytes(), &self.signature)
    }
}

/// A JWT `NumericDate`, which may have a fraction.
fn moment(seconds: f64) -> Result<Timestamp, AssertionError> {
    // Nine thousand years on either side; beyond it the conversion would not be exact.
    if !seconds.is_finite() || seconds.abs() > 2.5e11 {
        return Err(AssertionError::Malformed);
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Ok(Timestamp::from_millis((seconds * 1000.0) as i64))
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
