//! DPoP proofs (RFC 9449): JWTs by which a client shows with each request that it holds the key to which a token is bound.
//! Checked without I/O: that a proof comes once is for the caller to see to.

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::domain::clock::Timestamp;
use crate::domain::thumbprint::KeyThumbprint;

use super::jwk::{JwsAlgorithm, PublicJwk};
use super::seal::SealingKey;

/// How old a proof may be.
const OLDEST: Duration = Duration::from_mins(2);
/// How far ahead of ours the client's clock may be.
const AHEAD: Duration = Duration::from_mins(1);
/// How long a nonce is good.
const NONCE_LIFE: Duration = Duration::from_mins(5);
/// Longest proof and `jti` that are looked at.
const LONGEST: usize = 8 * 1024;
const LONGEST_JTI: usize = 256;
/// Bytes of a nonce's tag.
const TAG: usize = 16;

/// Why a proof does not count (RFC 9449 4.3). For the log; the client hears `invalid_dpop_proof`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not one JWT with `typ` `dpop+jwt` and the required claims.
    #[error("the DPoP header is not one dpop+jwt with jwk, jti, htm, htu and iat")]
    Malformed,
    /// `alg` is not one of ours.
    #[error("the proof's alg is not supported")]
    Algorithm,
    /// `jwk` is not a public key of a kind that is known.
    #[error("the proof's jwk is not a supported public key")]
    Key,
    /// The key in the header does not verify the signature.
    #[error("the proof's signature does not verify")]
    Signature,
    /// `htm` is another method.
    #[error("the proof's htm is not the method of the request")]
    Method,
    /// `htu` is another address.
    #[error("the proof's htu is not the address of the request")]
    Address,
    /// `iat` is too old or lies ahead.
    #[error("the proof's iat is too old or lies ahead")]
    Time,
    /// `ath` is missing or is another token's.
    #[error("the proof's ath is not the hash of the access token")]
    Token,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: serde_json::Value,
    /// Extensions that must be understood (RFC 7515 4.1.11). We know none.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// What a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Method of the request.
    pub method: &'a str,
    /// Its address; query and fragment do not matter.
    pub url: &'a Url,
    /// The access token that came with it, if one did.
    pub access_token: Option<&'a str>,
}

/// A proof whose signature was verified with the key that it carries.
#[derive(Debug)]
pub struct Proof {
    /// The key that the client holds.
    pub key: KeyThumbprint,
    /// Identifier, to be used once with this key.
    pub jti: String,
    /// The nonce, as the client says that it got it from us.
    pub nonce: Option<String>,
    /// Until when the `jti` must be remembered.
    pub until: Timestamp,
}

impl Proof {
    /// Checks a `DPoP` header against the request (RFC 9449 4.3, steps 2 to 12 without the nonce).
    pub fn check(jwt: &str, about: About<'_>, now: Timestamp) -> Result<Self, ProofError> {
        let (key, claims) = verified(jwt)?;
        if claims.htm != about.method {
            return Err(ProofError::Method);
        }
        if !is_address(&claims.htu, about.url) {
            return Err(ProofError::Address);
        }
        let issued = moment(claims.iat)?;
        if issued.plus(OLDEST) <= now || issued > now.plus(AHEAD) {
            return Err(ProofError::Time);
        }
        if let Some(token) = about.access_token {
            let hash = digest::digest(&digest::SHA256, token.as_bytes());
            let expected = URL_SAFE_NO_PAD.encode(hash.as_ref());
            let said = claims.ath.as_deref().unwrap_or_default();
            if !bool::from(said.as_bytes().ct_eq(expected.as_bytes())) {
                return Err(ProofError::Token);
            }
        }
        Ok(Self { key, jti: claims.jti, nonce: claims.nonce, until: issued.plus(OLDEST) })
    }
}

fn verified(jwt: &str) -> Result<(KeyThumbprint, Claims), ProofError> {
    let malformed = || ProofError::Malformed;
    if jwt.len() > LONGEST {
        return Err(malformed());
    }
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| ProofError::Malformed);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    if header.typ != "dpop+jwt" || header.crit.is_some() {
        return Err(malformed());
    }
    let algorithm = JwsAlgorithm::parse(&header.alg).ok_or(ProofError::Algorithm)?;
    let key = PublicJwk::read(&header.jwk).ok_or(ProofError::Key)?;
    if !key.verifies(algorithm, signed.as_bytes(), &decode(signature)?) {
        return Err(ProofError::Signature);
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_JTI {
        return Err(malformed());
    }
    Ok((key.thumbprint(), claims))
}

fn moment(seconds: f64) -> Result<Timestamp, ProofError> {
    if !seconds.is_finite() || seconds.abs() > 2.5e11 {
        return Err(ProofError::Time);
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Ok(Timestamp::from_millis((seconds * 1000.0) as i64))
}

/// Whether `htu` is this address, after the normalisation of RFC 3986 6.2.2 and 6.2.3, query and fragment left out.
fn is_address(htu: &str, url: &Url) -> bool {
    let Ok(said) = Url::parse(htu) else { return false };
    said.origin() == url.origin()
        && said.username().is_empty()
        && said.password().is_none()
        && normal(said.path()) == normal(url.path())
}

/// A path with upper-case escapes, and none where a character needs none.
fn normal(path: &str) -> String {
    let hex = |at: Option<&u8>| at.and_then(|digit| char::from(*digit).to_digit(16));
    let bytes = path.as_bytes();
    let mut normal = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            let decoded = u8::try_from(high * 16 + low).map_or('\0', char::from);
            if decoded.is_ascii_alphanumeric() || matches!(decoded, '-' | '.' | '_' | '~') {
                normal.push(decoded);
            } else {
                normal.extend(
                    bytes
                        .get(at..at + 3)
                        .unwrap_or_default()
                        .iter()
                        .map(|b| char::from(b.to_ascii_uppercase())),
                );
            }
            at += 3;
        } else {
            normal.push(char::from(*byte));
            at += 1;
        }
    }
    normal
}

/// Nonces for proofs (RFC 9449 8): a moment and a MAC over it, so that any node knows its own and nothing is stored.
pub struct Nonces(hmac::Key);

impl Nonces {
    /// Nonces under this key.
    pub fn new(key: &SealingKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.bytes()))
    }

    /// A nonce that is good from `now` on.
    pub fn give(&self, now: Timestamp) -> String {
        let moment = now.as_millis().to_be_bytes();
        let tag = hmac::sign(&self.0, &moment);
        URL_SAFE_NO_PAD.encode([&moment, tag.as_ref().get(..TAG).unwrap_or_default()].concat())
    }

    /// Whether a nonce is one of ours and not too old.
    pub fn is_good(&self, nonce: &str, now: Timestamp) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(nonce) else { return false };
        let Some((moment, tag)) = bytes.split_first_chunk::<8>() else { return false };
        let expected = hmac::sign(&self.0, moment);
        let ours: bool = expected.as_ref().get(..TAG).unwrap_or_default().ct_eq(tag).into();
        let given = Timestamp::from_millis(i64::from_be_bytes(*moment));
        ours && given <= now.plus(AHEAD) && now.since(given) < NONCE_LIFE
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces(..)")
    }
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
