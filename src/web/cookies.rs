//! The portal's cookies: the session, the browser's half of the form token, the records opened last, and a vendor's registration.

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

    /// The `Set-Cookie` value that hands `value` to the browser until it is closed.
    pub fn set(self, web: &Web, value: &str) -> String {
        let secure = if web.is_secure() { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", self.name(web.is_secure()))
    }

    /// The `Set-Cookie` value that takes the cookie away.
    pub fn clear(self, web: &Web) -> String {
        format!("{}; Max-Age=0", self.set(web, ""))
    }
}
