//! Whether a request comes from whoever holds the key: DPoP proofs at every endpoint (RFC 9449), each taken once on any node.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::credentials::dpop::{About, Nonces, Proof, ProofError};
use crate::credentials::jwk::JwsAlgorithm;
use crate::credentials::seal::SealingKey;
use crate::domain::clock::SharedClock;
use crate::domain::ids::ClientId;
use crate::domain::thumbprint::KeyThumbprint;
use crate::store::Store;

/// The header that carries a proof.
pub const HEADER: &str = "dpop";
/// The header that carries a nonce to be used in the next proof.
pub const NONCE_HEADER: &str = "dpop-nonce";

/// Why a proof is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused {
    /// It does not count.
    #[error(transparent)]
    Invalid(#[from] ProofError),
    /// It came before.
    #[error("the proof was used before")]
    Replayed,
    /// It lacks a nonce of ours, or has an old one: the client is to try again with the one in the answer.
    #[error("the proof needs a nonce of ours")]
    Nonce,
    /// It cannot be noted as used.
    #[error("the database cannot be reached")]
    Unavailable,
}

/// Checks proofs. Cheap to clone.
#[derive(Clone)]
pub struct Proofs(Arc<Inner>);

struct Inner {
    store: Store,
    clock: SharedClock,
    nonces: Nonces,
    base: Url,
}

impl Proofs {
    /// Checks proofs for the server at `base`; nonces derive from `key`, which all nodes share.
    pub fn new(store: Store, clock: SharedClock, key: &SealingKey, base: Url) -> Self {
        Self(Arc::new(Inner { store, clock, nonces: Nonces::new(&key.derive("dpop nonces")), base }))
    }

    /// The key that the caller of this request holds; `None` when it shows none. `path` is the whole path as the client sent
    /// it, `access_token` the token that came with the request.
    pub async fn key(
        &self,
        headers: &HeaderMap,
        method: &Method,
        path: &str,
        access_token: Option<&str>,
        needs_nonce: bool,
    ) -> Result<Option<KeyThumbprint>, ProofRefused> {
        let mut given = headers.get_all(HEADER).iter();
        let Some(first) = given.next() else { return Ok(None) };
        // RFC 9449 4.3, 1: not more than one.
        let one = first.to_str().ok().filter(|_| given.next().is_none()).ok_or(ProofError::Malformed)?;
        let now = self.0.clock.now();
        let mut url = self.0.base.clone();
        url.set_path(path);
        let about = About { method: method.as_str(), url: &url, access_token };
        let proof = Proof::check(one, about, now)?;
        match &proof.nonce {
            Some(nonce) if !self.0.nonces.is_good(nonce, now) => return Err(ProofRefused::Nonce),
            None if needs_nonce => return Err(ProofRefused::Nonce),
            _ => {}
        }
        // No client is called like this: identifiers have no blank.
        let user = format!("dpop {}", proof.key);
        match self.0.store.use_jti(&user, &proof.jti, proof.until).await {
            Ok(true) => Ok(Some(proof.key)),
            Ok(false) => Err(ProofRefused::Replayed),
            Err(error) => {
                tracing::error!(%error, "a DPoP proof could not be noted");
                Err(ProofRefused::Unavailable)
            }
        }
    }

    /// Whether this client's proofs need a nonce: those held to FAPI 2.0 do.
    pub fn needs_nonce(&self, client: Option<&ClientId>) -> bool {
        client.and_then(|id| self.0.store.client(id)).is_some_and(|client| client.details.security.fapi)
    }

    /// A nonce for the next proof, as a header value.
    pub fn nonce(&self) -> HeaderValue {
        // base64url is always a header value.
        let nonce = self.0.nonces.give(self.0.clock.now());
        HeaderValue::from_str(&nonce).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// A `WWW-Authenticate` challenge for a bound token (RFC 9449 7.1), with the error if there was one.
pub fn challenge(error: Option<&str>) -> HeaderValue {
    let algs: Vec<_> = JwsAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let algs = format!("algs=\"{}\"", algs.join(" "));
    let text = match error {
        Some(error) => format!("DPoP error=\"{error}\", {algs}"),
        None => format!("DPoP {algs}"),
    };
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("DPoP"))
}
