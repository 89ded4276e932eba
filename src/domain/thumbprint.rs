//! The name of a public key: its JWK thumbprint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

/// SHA-256 thumbprint of a JWK (RFC 7638), what a token or code is bound to (`jkt`, RFC 9449 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyThumbprint([u8; 32]);

impl KeyThumbprint {
    /// The thumbprint with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 43 characters of base64url without padding; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Comparison whose time does not depend on where the two differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for KeyThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl std::str::FromStr for KeyThumbprint {
    type Err = super::ids::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(super::ids::InvalidId("key thumbprint"))
    }
}

impl fmt::Debug for KeyThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyThumbprint({self})")
    }
}

impl Serialize for KeyThumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyThumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a SHA-256 thumbprint"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_43_characters_and_comes_back() {
        let text = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let thumbprint = KeyThumbprint::parse(text).unwrap();
        assert_eq!(thumbprint.to_string(), text);
        assert!(thumbprint.matches(&KeyThumbprint::parse(text).unwrap()));
        assert!(!thumbprint.matches(&KeyThumbprint::from_bytes([0; 32])));
        for wrong in ["", "abc", &text[1..], &format!("{text}="), &text.replace('-', "+")] {
            assert_eq!(KeyThumbprint::parse(wrong), None, "{wrong}");
        }
    }
}
