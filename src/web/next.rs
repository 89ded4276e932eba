//! Where to go after signing in: only ever a place within the portal.

use serde::{Deserialize, Deserializer};

/// A path, with query, within the portal. Whatever could lead a browser elsewhere is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

/// Longest accepted path: an authorization request with a long `state` and some fifty granular scopes.
const MAX: usize = 16 * 1024;

impl LocalPath {
    /// The home page.
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// Takes `text` when a browser would stay on this origin with it: one leading slash, no second slash or backslash after it,
    /// no control characters (browsers drop tabs and line breaks and so would see `//`), ASCII only.
    pub fn parse(text: &str) -> Option<Self> {
        let local = text.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']))
            && text.len() <= MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        local.then(|| Self(text.to_owned()))
    }

    /// The path as it goes into a `Location` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is just the home page.
    pub fn is_home(&self) -> bool {
        self.0 == "/"
    }

    /// `/sign-in` with this place as the one to go on to.
    pub fn sign_in_url(&self) -> String {
        if self.is_home() {
            return "/sign-in".to_owned();
        }
        let query = serde_urlencoded::to_string([("next", self.as_str())]).unwrap_or_default();
        format!("/sign-in?{query}")
    }

    /// As [`LocalPath::sign_in_url`], for somebody who is signed in already and has to prove it anew, or to change the account.
    pub fn sign_in_again_url(&self) -> String {
        let query = serde_urlencoded::to_string([("again", "yes"), ("next", self.as_str())]);
        format!("/sign-in?{}", query.unwrap_or_default())
    }

    /// The origin that a form on the sign-in page may be redirected to in the end: that of an authorization request's
    /// `redirect_uri`. Browsers apply `form-action` to the redirects that follow a form.
    pub fn redirect_origin(&self) -> Option<String> {
        let (_, query) = self.0.split_once('?')?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
        let (_, target) = pairs.into_iter().find(|(name, _)| name == "redirect_uri")?;
        crate::web::headers::form_target(&target)
    }
}

impl<'de> Deserialize<'de> for LocalPath {
    /// A place elsewhere becomes the home page: the user gets in, the lure does not work.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::parse(&text).unwrap_or_else(Self::home))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_within_the_portal_are_taken() {
        for good in
            ["/", "/patients/abc", "/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"]
        {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/\t/evil.example",
            "evil",
            "/a\nb",
            "/é",
            "/a\\b",
        ] {
            assert!(LocalPath::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_way_back_is_kept_through_sign_in() {
        assert_eq!(LocalPath::home().sign_in_url(), "/sign-in");
        let there = LocalPath::parse("/oauth/authorize?a=b&c=d").unwrap();
        assert_eq!(there.sign_in_url(), "/sign-in?next=%2Foauth%2Fauthorize%3Fa%3Db%26c%3Dd");
        assert_eq!(LocalPath::home().sign_in_again_url(), "/sign-in?again=yes&next=%2F");
    }

    #[test]
    fn the_apps_origin_is_found_in_an_authorization_request() {
        let there =
            LocalPath::parse("/oauth/authorize?redirect_uri=https%3A%2F%2Fapp.example%3A8443%2Fcb%3Fx")
                .unwrap();
        assert_eq!(there.redirect_origin().as_deref(), Some("https://app.example:8443"));
        let odd = LocalPath::parse("/oauth/authorize?redirect_uri=javascript%3Aalert(1)").unwrap();
        assert_eq!(odd.redirect_origin(), None);
    }
}
