//! The portal's cookies: the session, the browser's half of the form token, the records opened last, a vendor's registration,
//! the language, and what signing in and recovering need between two pages.

use http::HeaderMap;
use http::header::COOKIE;

use super::state::Web;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Handle of the signed-in session.
    Session,
    /// Random value of a browser that is not signed in; its form token derives from it.
    Form,
    /// The records opened last in this browser, sealed.
    Recent,
    /// Whose registration a vendor manages, sealed.
    Vendor,
    /// The language that was chosen in this browser; kept for a year.
    Language,
    /// Somebody whose password was right and who has a second step before them, sealed.
    SecondStep,
    /// Somebody who asked for a pass code or proved one, sealed.
    Recovery,
    /// A sign-in at an identity provider under way: state, nonce and PKCE verifier, sealed.
    Federation,
    /// A random value by which a browser is known again, to tell of sign-ins from others; kept for a year.
    Device,
    /// Handle of a registration that is being filled in; kept for two weeks.
    Registration,
}

impl Cookie {
    /// The name; `__Host-` binds it to this host and to HTTPS. Without HTTPS (the demo on loopback) browsers refuse that prefix.
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-chartgate",
            (Self::Session, false) => "chartgate",
            (Self::Form, true) => "__Host-chartgate-form",
            (Self::Form, false) => "chartgate-form",
            (Self::Recent, true) => "__Host-chartgate-recent",
            (Self::Recent, false) => "chartgate-recent",
            (Self::Vendor, true) => "__Host-chartgate-vendor",
            (Self::Vendor, false) => "chartgate-vendor",
            (Self::Language, true) => "__Host-chartgate-language",
            (Self::Language, false) => "chartgate-language",
            (Self::SecondStep, true) => "__Host-chartgate-second-step",
            (Self::SecondStep, false) => "chartgate-second-step",
            (Self::Recovery, true) => "__Host-chartgate-recovery",
            (Self::Recovery, false) => "chartgate-recovery",
            (Self::Federation, true) => "__Host-chartgate-federation",
            (Self::Federation, false) => "chartgate-federation",
            (Self::Device, true) => "__Host-chartgate-device",
            (Self::Device, false) => "chartgate-device",
            (Self::Registration, true) => "__Host-chartgate-registration",
            (Self::Registration, false) => "chartgate-registration",
        }
    }

    /// The value that the browser sent, if any.
    pub fn read(self, web: &Web, headers: &HeaderMap) -> Option<String> {
        let name = self.name(web.is_secure());
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }

    /// The `Set-Cookie` value that hands `value` to the browser until it is closed, or for as long as the cookie is kept.
    pub fn set(self, web: &Web, value: &str) -> String {
        let kept = match self {
            Self::Language | Self::Device => "; Max-Age=31536000",
            Self::Registration => "; Max-Age=1209600",
            _ => "",
        };
        self.with_life(web, value, kept)
    }

    fn with_life(self, web: &Web, value: &str, life: &str) -> String {
        let secure = if web.is_secure() { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{life}", self.name(web.is_secure()))
    }

    /// The `Set-Cookie` value that takes the cookie away.
    pub fn clear(self, web: &Web) -> String {
        self.with_life(web, "", "; Max-Age=0")
    }
}
