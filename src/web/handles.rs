//! Handles that stand in URLs for what must not be read there: patients, encounters (PHI never in a portal URL); and form tokens.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::credentials::csrf::CsrfKey;
use crate::credentials::seal::{Sealer, SealingKey};
use crate::domain::ids::{AccountId, ClientId};
use crate::domain::random::Random;
use crate::domain::secret::TokenHash;

/// The keys of pages. Every node of one deployment derives them from the same secret.
#[derive(Debug)]
pub struct PageKeys {
    sealer: Sealer,
    forms: CsrfKey,
}

impl PageKeys {
    /// The keys of pages under the deployment's key.
    pub fn new(key: &SealingKey) -> Self {
        Self { sealer: key.derive("web handles").sealer(), forms: CsrfKey::new(&key.derive("web forms")) }
    }

    /// A URL-safe handle for `value` that only `account` can use, and only where `purpose` is expected. It does not expire, so a
    /// bookmark keeps working; what it leads to is decided at each use.
    pub fn seal<T: Serialize>(
        &self,
        purpose: &str,
        account: &AccountId,
        value: &T,
        random: &dyn Random,
    ) -> String {
        self.seal_for(purpose, account.as_str(), value, random)
    }

    /// A URL-safe handle for `value` that counts with `client`'s identifier alone, and only where `purpose` is expected.
    pub fn seal_for_client<T: Serialize>(
        &self,
        purpose: &str,
        client: &ClientId,
        value: &T,
        random: &dyn Random,
    ) -> String {
        self.seal_for(purpose, client.as_str(), value, random)
    }

    fn seal_for<T: Serialize>(&self, purpose: &str, owner: &str, value: &T, random: &dyn Random) -> String {
        let plain = serde_json::to_vec(value).unwrap_or_default();
        // Sealing cannot fail short of a broken library; an empty handle opens nothing.
        self.sealer.seal(&plain, &binding(purpose, owner), random).unwrap_or_default()
    }

    /// What a handle stands for; `None` when it was altered, is another account's or was made for another purpose.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, account: &AccountId, handle: &str) -> Option<T> {
        self.open_for(purpose, account.as_str(), handle)
    }

    /// What a handle of [`PageKeys::seal_for_client`] stands for.
    pub fn open_for_client<T: DeserializeOwned>(
        &self,
        purpose: &str,
        client: &ClientId,
        handle: &str,
    ) -> Option<T> {
        self.open_for(purpose, client.as_str(), handle)
    }

    fn open_for<T: DeserializeOwned>(&self, purpose: &str, owner: &str, handle: &str) -> Option<T> {
        let plain = self.sealer.open(handle, &binding(purpose, owner))?;
        serde_json::from_slice(&plain).ok()
    }

    /// A value that a browser keeps for somebody without an account, unreadable to it; for a cookie.
    pub fn seal_for_browser<T: Serialize>(&self, purpose: &str, value: &T, random: &dyn Random) -> String {
        let plain = serde_json::to_vec(value).unwrap_or_default();
        self.sealer.seal(&plain, &browser_binding(purpose), random).unwrap_or_default()
    }

    /// What [`PageKeys::seal_for_browser`] sealed for this purpose.
    pub fn open_from_browser<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let plain = self.sealer.open(sealed, &browser_binding(purpose))?;
        serde_json::from_slice(&plain).ok()
    }

    /// The form token that belongs to a browser's cookie value.
    pub fn form_token(&self, cookie: &str) -> String {
        self.forms.token(&TokenHash::of(cookie))
    }

    /// Whether `token` is the form token of a browser's cookie value. Takes the same time wherever they differ.
    pub fn form_token_is(&self, token: &str, cookie: &str) -> bool {
        self.forms.verify(&TokenHash::of(cookie), token)
    }
}

fn binding(purpose: &str, owner: &str) -> Vec<u8> {
    [purpose.as_bytes(), b"\0", owner.as_bytes()].concat()
}

/// Never the binding of an account: those have something after the zero.
fn browser_binding(purpose: &str) -> Vec<u8> {
    [b"browser\0".as_slice(), purpose.as_bytes(), b"\0"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn a_handle_opens_for_its_account_and_purpose_alone_and_shows_nothing() {
        let keys = PageKeys::new(&SealingKey::from_bytes([7; 32]));
        let (ana, ben) = (AccountId::parse("ana").unwrap(), AccountId::parse("ben").unwrap());
        let handle = keys.seal("patient", &ana, &"mia", &*SeededRandom::new(1));
        assert_eq!(keys.open::<String>("patient", &ana, &handle).as_deref(), Some("mia"));
        assert_eq!(keys.open::<String>("patient", &ben, &handle), None);
        assert_eq!(keys.open::<String>("encounter", &ana, &handle), None);
        assert_eq!(keys.open::<String>("patient", &ana, ""), None);
        assert!(!handle.contains("mia"));
        let kept = keys.seal_for_browser("vendor", &"app", &*SeededRandom::new(1));
        assert_eq!(keys.open_from_browser::<String>("vendor", &kept).as_deref(), Some("app"));
        assert_eq!(keys.open_from_browser::<String>("patient", &kept), None);
        assert_eq!(keys.open_from_browser::<String>("patient", &handle), None);
        assert_eq!(keys.open::<String>("vendor", &ana, &kept), None);
    }

    #[test]
    fn a_form_token_belongs_to_one_cookie() {
        let keys = PageKeys::new(&SealingKey::from_bytes([7; 32]));
        let token = keys.form_token("one");
        assert!(keys.form_token_is(&token, "one"));
        assert!(!keys.form_token_is(&token, "two") && !keys.form_token_is("", "one"));
    }
}
