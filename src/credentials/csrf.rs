//! Tokens against cross-site request forgery: a MAC over the session, so that nothing is stored.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::secret::{TokenHash, TokenKind};

use super::seal::SealingKey;

/// Makes and checks form tokens.
#[derive(Clone, Debug)]
pub struct CsrfKey(hmac::Key);

impl CsrfKey {
    /// The form-token key under the node's sealing key.
    pub fn new(key: &SealingKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.derive("csrf").bytes()))
    }

    /// The token for the forms of this session. Before sign-in, `session` is the hash of the pre-session cookie.
    pub fn token(&self, session: &TokenHash) -> String {
        let tag = hmac::sign(&self.0, session.to_hex().as_bytes());
        format!("{}{}", TokenKind::Csrf.prefix(), URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// Whether `presented` is the token for this session. Takes the same time for every wrong token.
    pub fn verify(&self, session: &TokenHash, presented: &str) -> bool {
        presented
            .strip_prefix(TokenKind::Csrf.prefix())
            .and_then(|mac| URL_SAFE_NO_PAD.decode(mac).ok())
            .is_some_and(|mac| hmac::verify(&self.0, session.to_hex().as_bytes(), &mac).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_is_good_for_its_session_alone() {
        let key = CsrfKey::new(&SealingKey::from_bytes([1; 32]));
        let (mine, yours) = (TokenHash::of("mine"), TokenHash::of("yours"));
        let token = key.token(&mine);
        assert!(key.verify(&mine, &token));
        assert!(!key.verify(&yours, &token));
        assert!(!CsrfKey::new(&SealingKey::from_bytes([2; 32])).verify(&mine, &token));
        for wrong in ["", "cgf_", &token[4..], &token[..token.len() - 1]] {
            assert!(!key.verify(&mine, wrong), "{wrong}");
        }
    }
}
