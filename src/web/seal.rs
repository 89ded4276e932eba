//! Handles that stand in URLs for what must not be read there: patients, encounters (PHI never in a portal URL).
//!
//! AES-256-GCM with a nonce derived from what is sealed, so that one user sees one stable URL for one patient (a
//! bookmark keeps working), and bound to the account, so that it means nothing to anybody else.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::ids::AccountId;

/// The key for sealed handles and for form tokens. Every node of one deployment has the same.
pub struct SealingKey {
    cipher: LessSafeKey,
    nonces: hmac::Key,
    forms: hmac::Key,
}

impl SealingKey {
    /// Derives the working keys from one master secret. Another master makes every handle and form of before invalid.
    pub fn derive(master: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derived = |label: &str| hmac::sign(&root, label.as_bytes());
        Self {
            cipher: cipher(derived("chartgate web handles v1").as_ref()),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, derived("chartgate web nonces v1").as_ref()),
            forms: hmac::Key::new(hmac::HMAC_SHA256, derived("chartgate web forms v1").as_ref()),
        }
    }

    /// A URL-safe handle for `value` that only `account` can use, and only where `purpose` is expected.
    pub fn seal<T: Serialize>(&self, purpose: &str, account: &AccountId, value: &T) -> String {
        let mut sealed = serde_json::to_vec(value).unwrap_or_default();
        let bound = binding(purpose, account);
        let mut context = hmac::Context::with_key(&self.nonces);
        context.update(&bound);
        context.update(&sealed);
        let mut nonce = [0_u8; NONCE_LEN];
        for (byte, from) in nonce.iter_mut().zip(context.sign().as_ref()) {
            *byte = *from;
        }
        let aad = Aad::from(bound);
        if self
            .cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .is_err()
        {
            // Fails only for inputs of gigabytes; an empty handle opens nothing.
            return String::new();
        }
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// What a handle stands for; `None` when it was altered, is another account's or was made for another purpose.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, account: &AccountId, handle: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(handle).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let plain =
            self.cipher.open_in_place(nonce, Aad::from(binding(purpose, account)), &mut sealed).ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// The form token that belongs to a browser's cookie value.
    pub fn form_token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.forms, cookie.as_bytes()))
    }

    /// Whether `token` is the form token of a browser's cookie value. Takes the same time wherever they differ.
    pub fn form_token_is(&self, token: &str, cookie: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(token)
            .is_ok_and(|bytes| hmac::verify(&self.forms, cookie.as_bytes(), &bytes).is_ok())
    }
}

fn cipher(key: &[u8]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, key) {
        Ok(key) => LessSafeKey::new(key),
        // The key is an HMAC-SHA256 output, so always of the 32 bytes that AES-256 takes.
        Err(_) => std::process::abort(),
    }
}

fn binding(purpose: &str, account: &AccountId) -> Vec<u8> {
    [purpose.as_bytes(), b"\0", account.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    #[test]
    fn a_handle_is_stable_and_opens_for_its_account_and_purpose_alone() {
        let key = SealingKey::derive(&[7; 32]);
        let handle = key.seal("patient", &account("a"), &"mia");
        assert_eq!(handle, key.seal("patient", &account("a"), &"mia"));
        assert_eq!(key.open::<String>("patient", &account("a"), &handle).as_deref(), Some("mia"));
        assert_eq!(key.open::<String>("patient", &account("b"), &handle), None);
        assert_eq!(key.open::<String>("encounter", &account("a"), &handle), None);
        assert_eq!(SealingKey::derive(&[8; 32]).open::<String>("patient", &account("a"), &handle), None);
        assert!(!handle.contains("mia"));
    }

    #[test]
    fn an_altered_handle_opens_nothing() {
        let key = SealingKey::derive(&[7; 32]);
        let handle = key.seal("patient", &account("a"), &"mia");
        for place in 0..handle.len() {
            let mut altered: Vec<char> = handle.chars().collect();
            altered[place] = if altered[place] == 'A' { 'B' } else { 'A' };
            let altered: String = altered.into_iter().collect();
            assert_eq!(key.open::<String>("patient", &account("a"), &altered), None, "{place}");
        }
        assert_eq!(key.open::<String>("patient", &account("a"), ""), None);
    }

    #[test]
    fn a_form_token_belongs_to_one_cookie() {
        let key = SealingKey::derive(&[7; 32]);
        let token = key.form_token("one");
        assert!(key.form_token_is(&token, "one"));
        assert!(!key.form_token_is(&token, "two") && !key.form_token_is("", "one"));
    }
}
