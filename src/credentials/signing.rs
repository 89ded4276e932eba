//! Signing keys held ready: parsed once, signed with for as long as the process lives.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// JWS algorithms that the product signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RSA 2048 with SHA-256: `id_token`s (OpenID Connect Core 3.1.3.7).
    Rs256,
    /// RSA 2048 with SHA-384: assertions to the EHR (SMART App Launch 2.2, asymmetric authentication).
    Rs384,
    /// ECDSA P-384 with SHA-384: likewise.
    Es384,
}

impl SigningAlgorithm {
    /// The JWS name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Es384 => "ES384",
        }
    }

    /// From the JWS name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Rs384, Self::Es384].into_iter().find(|a| a.name() == name)
    }
}

/// A key could not be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// Not a PKCS#8 private key of the algorithm.
    #[error("it is not a PKCS#8 private key for this algorithm")]
    Key,
    /// The cryptographic library failed.
    #[error("the signature could not be made")]
    Signature,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// A private key and what is published of it.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    kid: String,
    jwk: Value,
    pair: Pair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm.name(), self.kid)
    }
}

impl SigningKey {
    /// A new key. RSA takes a tenth of a second or so: not on a request's path.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, SigningError> {
        let pair = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Rs384 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningError::Key)?)
            }
            SigningAlgorithm::Es384 => Pair::Ec(
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| SigningError::Key)?,
            ),
        };
        Self::of(algorithm, pair)
    }

    /// From PKCS#8 DER.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, SigningError> {
        let pair = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Rs384 => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| SigningError::Key)?)
            }
            SigningAlgorithm::Es384 => Pair::Ec(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der)
                    .map_err(|_| SigningError::Key)?,
            ),
        };
        Self::of(algorithm, pair)
    }

    /// From PKCS#8 in PEM, as an operator keeps the key for the EHR: P-384 signs ES384, RSA signs RS384. `kid` is the name
    /// under which the key was registered; its thumbprint when absent.
    pub fn from_pem(pem: &str, kid: Option<&str>) -> Result<Self, SigningError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SigningError::Key)?;
        let der = der.secret_pkcs8_der();
        let mut key = Self::from_pkcs8(SigningAlgorithm::Es384, der)
            .or_else(|_| Self::from_pkcs8(SigningAlgorithm::Rs384, der))?;
        if let Some(kid) = kid {
            kid.clone_into(&mut key.kid);
            if let Some(members) = key.jwk.as_object_mut() {
                members.insert("kid".to_owned(), json!(kid));
            }
        }
        Ok(key)
    }

    fn of(algorithm: SigningAlgorithm, pair: Pair) -> Result<Self, SigningError> {
        // Members in lexical order and nothing else: RFC 7638 3.3.
        let canonical = match &pair {
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                json!({
                    "e": B64.encode(key.exponent().big_endian_without_leading_zero()),
                    "kty": "RSA",
                    "n": B64.encode(key.modulus().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair) => {
                // SEC 1 uncompressed: 04, x, y.
                let (x, y) = pair
                    .public_key()
                    .as_ref()
                    .get(1..)
                    .and_then(|point| point.split_at_checked(48))
                    .ok_or(SigningError::Key)?;
                json!({ "crv": "P-384", "kty": "EC", "x": B64.encode(x), "y": B64.encode(y) })
            }
        };
        let text = serde_json::to_string(&canonical).map_err(|_| SigningError::Key)?;
        let kid = B64.encode(digest::digest(&digest::SHA256, text.as_bytes()));
        let mut jwk = canonical;
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(kid));
            members.insert("use".to_owned(), json!("sig"));
            members.insert("alg".to_owned(), json!(algorithm.name()));
            members.insert("key_ops".to_owned(), json!(["verify"]));
        }
        Ok(Self { algorithm, kid, jwk, pair })
    }

    /// PKCS#8 DER, to be sealed and stored.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SigningError> {
        match &self.pair {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair)
                .map(|der| Zeroizing::new(der.as_ref().to_vec()))
                .map_err(|_| SigningError::Key),
            Pair::Ec(pair) => pair
                .to_pkcs8v1()
                .map(|der| Zeroizing::new(der.as_ref().to_vec()))
                .map_err(|_| SigningError::Key),
        }
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// RFC 7638 thumbprint, unless another name was given.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JWK with `kid`, `use`, `alg`, `key_ops`.
    pub const fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The key as PKCS#8 in PEM, as [`SigningKey::from_pem`] reads it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        let der = self.to_pkcs8()?;
        let text = Zeroizing::new(STANDARD.encode(&*der));
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let begun = "-----BEGIN PRIVATE KEY-----";
        Ok(Zeroizing::new(format!("{begun}\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))))
    }

    /// The private key as a JWK, for the demo's own clients; ES384 keys only.
    pub fn private_jwk(&self) -> Option<Value> {
        let Pair::Ec(pair) = &self.pair else { return None };
        let d = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&pair.private_key()).ok()?;
        let mut jwk = self.jwk.clone();
        let members = jwk.as_object_mut()?;
        members.insert("d".to_owned(), json!(B64.encode(d.as_ref())));
        members.insert("key_ops".to_owned(), json!(["sign"]));
        Some(jwk)
    }

    /// `claims` as a signed compact JWT with `alg`, `kid` and `typ` in its header.
    pub fn sign_jwt(&self, claims: &impl Serialize) -> Result<String, SigningError> {
        let header = json!({ "alg": self.algorithm.name(), "kid": self.kid, "typ": "JWT" });
        let header = serde_json::to_vec(&header).map_err(|_| SigningError::Signature)?;
        let claims = serde_json::to_vec(claims).map_err(|_| SigningError::Signature)?;
        let mut jwt = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 352);
        B64.encode_string(header, &mut jwt);
        jwt.push('.');
        B64.encode_string(claims, &mut jwt);
        let signature = self.sign(jwt.as_bytes())?;
        jwt.push('.');
        B64.encode_string(signature, &mut jwt);
        Ok(jwt)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        // aws-lc draws its own randomness here whatever is handed in.
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding = if self.algorithm == SigningAlgorithm::Rs384 {
                    &RSA_PKCS1_SHA384
                } else {
                    &RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).map_err(|_| SigningError::Signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Signature),
        }
    }
}

/// A JWK Set of these keys' public halves (RFC 7517 5).
pub fn jwks<'k>(keys: impl IntoIterator<Item = &'k SigningKey>) -> Value {
    json!({ "keys": keys.into_iter().map(SigningKey::jwk).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};

    use super::*;

    #[test]
    fn each_algorithm_signs_what_an_independent_reader_verifies() {
        crate::credentials::install_crypto_provider();
        for (algorithm, theirs) in [
            (SigningAlgorithm::Rs256, Algorithm::RS256),
            (SigningAlgorithm::Rs384, Algorithm::RS384),
            (SigningAlgorithm::Es384, Algorithm::ES384),
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwt = key.sign_jwt(&json!({ "sub": "x", "aud": "y" })).unwrap();
            let jwk: Jwk = serde_json::from_value(key.jwk().clone()).unwrap();
            let mut validation = Validation::new(theirs);
            validation.required_spec_claims.clear();
            validation.set_audience(&["y"]);
            let read =
                jsonwebtoken::decode::<Value>(&jwt, &DecodingKey::from_jwk(&jwk).unwrap(), &validation)
                    .unwrap();
            assert_eq!(read.claims["sub"], "x");
            assert_eq!(read.header.kid.as_deref(), Some(key.kid()));
            assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), key.kid(), "RFC 7638");
        }
    }

    #[test]
    fn a_key_survives_storage() {
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es384] {
            let key = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(key.jwk(), again.jwk());
        }
        assert_eq!(SigningKey::from_pkcs8(SigningAlgorithm::Es384, b"junk").unwrap_err(), SigningError::Key);
    }

    #[test]
    fn a_pem_key_is_recognised_by_its_kind() {
        let pem = |key: &SigningKey| {
            let text = base64::engine::general_purpose::STANDARD.encode(&*key.to_pkcs8().unwrap());
            format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
        };
        for algorithm in [SigningAlgorithm::Rs384, SigningAlgorithm::Es384] {
            let key = SigningKey::generate(algorithm).unwrap();
            let read = SigningKey::from_pem(&pem(&key), None).unwrap();
            assert_eq!((read.algorithm(), read.jwk()), (algorithm, key.jwk()));
            let named = SigningKey::from_pem(&pem(&key), Some("ours")).unwrap();
            assert_eq!((named.kid(), &named.jwk()["kid"]), ("ours", &json!("ours")));
        }
        for text in ["", "junk", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(SigningKey::from_pem(text, None).unwrap_err(), SigningError::Key);
        }
    }

    #[test]
    fn the_published_set_holds_no_private_member() {
        let key = SigningKey::generate(SigningAlgorithm::Es384).unwrap();
        let text = jwks([&key]).to_string();
        assert!(!text.contains("\"d\""));
        assert!(key.private_jwk().unwrap().get("d").is_some());
    }
}
