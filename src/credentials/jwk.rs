//! Public keys that others present as JWKs (RFC 7517), and verifying signatures with them (RFC 7515, RFC 7518, RFC 8037).
//! Asymmetric algorithms alone, each bound to its kind of key: no header can choose another.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use crate::domain::thumbprint::KeyThumbprint;

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// A JWS algorithm by which others may sign.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum JwsAlgorithm { $($(#[$doc])* $name),+ }

        impl JwsAlgorithm {
            /// Every algorithm, in the order in which metadata lists them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As named in `alg`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

algorithms! {
    /// ECDSA with P-256 and SHA-256.
    Es256 = "ES256";
    /// ECDSA with P-384 and SHA-384.
    Es384 = "ES384";
    /// Ed25519, by its older name (RFC 8037 3.1).
    EdDsa = "EdDSA";
    /// Ed25519, by its fully specified name (RFC 9864 2.2).
    Ed25519 = "Ed25519";
    /// RSASSA-PSS with SHA-256.
    Ps256 = "PS256";
    /// RSASSA-PSS with SHA-384.
    Ps384 = "PS384";
    /// RSASSA-PSS with SHA-512.
    Ps512 = "PS512";
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 = "RS256";
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384 = "RS384";
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512 = "RS512";
}

impl JwsAlgorithm {
    /// From the value of `alg`: `none`, MACs and whatever else is not asymmetric is not an algorithm here.
    pub fn parse(alg: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.name() == alg)
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::EdDsa | Self::Ed25519 => return None,
        })
    }
}

/// Members of a JWK that are looked at.
#[derive(Deserialize)]
struct Members {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    // Present in private and symmetric keys alone (RFC 7518 6); their values are never read.
    d: Option<serde::de::IgnoredAny>,
    k: Option<serde::de::IgnoredAny>,
    p: Option<serde::de::IgnoredAny>,
    q: Option<serde::de::IgnoredAny>,
}

enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A public key.
pub struct PublicJwk {
    kid: Option<String>,
    alg: Option<String>,
    material: Material,
}

impl PublicJwk {
    /// Reads a JWK. `None` for private and symmetric keys, for keys that are not for signatures, and for curves that are not
    /// known here.
    pub fn read(value: &serde_json::Value) -> Option<Self> {
        let jwk = Members::deserialize(value).ok()?;
        if jwk.d.is_some() || jwk.k.is_some() || jwk.p.is_some() || jwk.q.is_some() {
            return None;
        }
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let decode = |part: Option<String>| URL_SAFE_NO_PAD.decode(part?).ok();
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: decode(jwk.n)?, e: decode(jwk.e)? },
            ("EC", Some("P-256")) => Material::P256(point(&decode(jwk.x)?, &decode(jwk.y)?, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&decode(jwk.x)?, &decode(jwk.y)?, 48)?),
            ("OKP", Some("Ed25519")) => {
                Material::Ed25519(decode(jwk.x).filter(|key: &Vec<u8>| key.len() == 32)?)
            }
            _ => return None,
        };
        Some(Self { kid: jwk.kid, alg: jwk.alg, material })
    }

    /// The key's name in its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's thumbprint over its required members (RFC 7638 3.2).
    pub fn thumbprint(&self) -> KeyThumbprint {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let ec = |crv: &str, point: &[u8]| {
            let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
            json!({"crv": crv, "kty": "EC", "x": encode(x), "y": encode(y)})
        };
        let members = match &self.material {
            Material::Rsa { n, e } => json!({"e": encode(e), "kty": "RSA", "n": encode(n)}),
            Material::P256(point) => ec("P-256", point),
            Material::P384(point) => ec("P-384", point),
            Material::Ed25519(x) => json!({"crv": "Ed25519", "kty": "OKP", "x": encode(x)}),
        };
        // Members in lexical order without white space, which is how serde_json writes a map.
        let hash = digest::digest(&digest::SHA256, members.to_string().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        KeyThumbprint::from_bytes(bytes)
    }

    /// Whether this key can have signed with `algorithm`: by its kind, and by the algorithm that it names, if it does.
    pub fn is_for(&self, algorithm: JwsAlgorithm) -> bool {
        let kind = match &self.material {
            Material::Rsa { .. } => algorithm.rsa().is_some(),
            Material::P256(_) => algorithm == JwsAlgorithm::Es256,
            Material::P384(_) => algorithm == JwsAlgorithm::Es384,
            Material::Ed25519(_) => matches!(algorithm, JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519),
        };
        kind && self.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
    }

    /// Whether `signature` over `message` was made with this key and `algorithm`. A key that names its own algorithm verifies
    /// no other.
    pub fn verifies(&self, algorithm: JwsAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let verified = match &self.material {
            Material::Rsa { n, e } => algorithm
                .rsa()
                .map(|parameters| RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)),
            Material::P256(point) => {
                Some(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature))
            }
            Material::P384(point) => {
                Some(UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature))
            }
            Material::Ed25519(key) => Some(UnparsedPublicKey::new(&ED25519, key).verify(message, signature)),
        };
        verified.is_some_and(|verified| verified.is_ok())
    }
}

/// SEC 1 uncompressed: 04, x, y.
fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4_u8], x, y].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::signing::{SigningAlgorithm, SigningKey};

    fn ours(algorithm: SigningAlgorithm) -> (SigningKey, PublicJwk) {
        let key = SigningKey::generate(algorithm).unwrap();
        let public = PublicJwk::read(key.jwk()).unwrap();
        (key, public)
    }

    #[test]
    fn a_signature_verifies_with_its_own_key_and_algorithm_alone() {
        for (signs, name) in [
            (SigningAlgorithm::Rs256, JwsAlgorithm::Rs256),
            (SigningAlgorithm::Rs384, JwsAlgorithm::Rs384),
            (SigningAlgorithm::Es384, JwsAlgorithm::Es384),
        ] {
            let (key, public) = ours(signs);
            let jwt = key.sign_jwt(&json!({})).unwrap();
            let (signed, signature) = jwt.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(public.verifies(name, signed.as_bytes(), &signature));
            for other in JwsAlgorithm::ALL.iter().filter(|other| **other != name) {
                assert!(!public.verifies(*other, signed.as_bytes(), &signature), "{other:?}");
            }
            assert!(!public.verifies(name, b"another message", &signature));
            assert_eq!(public.thumbprint().to_string(), key.kid(), "RFC 7638");
        }
    }

    #[test]
    fn rfc_8037_a_2_and_a_3_ed25519_thumbprint() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let thumbprint = PublicJwk::read(&key).unwrap().thumbprint().to_string();
        assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn private_symmetric_and_odd_keys_are_no_public_keys() {
        let (key, _) = ours(SigningAlgorithm::Es384);
        assert!(PublicJwk::read(&key.private_jwk().unwrap()).is_none(), "RFC 9449 4.3, 7: no private key");
        for value in [
            json!({"kty": "oct", "k": "AA"}),
            json!({"kty": "RSA", "n": "AQAB"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}),
            json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
            json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc"}),
            json!("text"),
            json!(null),
        ] {
            assert!(PublicJwk::read(&value).is_none(), "{value}");
        }
        for alg in ["none", "HS256", "HS384", "es256", ""] {
            assert_eq!(JwsAlgorithm::parse(alg), None, "{alg}");
        }
    }
}
