//! The keys of `id_token`s: one signs, the others are published for as long as anything that they signed lives.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::credentials::signing::{SigningKey, jwks};

/// The keys in use, replaced as a whole when they rotate.
pub struct IdTokenKeys(ArcSwap<Vec<Arc<SigningKey>>>);

impl IdTokenKeys {
    /// These keys; the first one signs.
    pub fn new(keys: Vec<Arc<SigningKey>>) -> Self {
        Self(ArcSwap::from_pointee(keys))
    }

    /// Puts other keys in place, from the next request on.
    pub fn replace(&self, keys: Vec<Arc<SigningKey>>) {
        self.0.store(Arc::new(keys));
    }

    /// The key that signs; `None` when there is none, and no `id_token` can be made.
    pub fn active(&self) -> Option<Arc<SigningKey>> {
        self.0.load().first().cloned()
    }

    /// The claims of a JWT that one of these keys signed with RS256; nothing is said of its times. `None` for anything else.
    pub fn claims(&self, jwt: &str) -> Option<Value> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let read = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
        let header = read(header)?;
        if header.get("alg")?.as_str()? != "RS256" {
            return None;
        }
        let kid = header.get("kid")?.as_str()?;
        let keys = self.0.load();
        let key = keys.iter().find(|key| key.kid() == kid)?.jwk();
        let part = |name: &str| decode(key.get(name)?.as_str()?);
        let public = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)?).ok()?;
        read(claims)
    }

    /// The published JWK Set.
    pub fn public(&self) -> Value {
        jwks(self.0.load().iter().map(|key| &**key))
    }
}
