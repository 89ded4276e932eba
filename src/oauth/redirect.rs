//! The answer of the authorization endpoint: where the browser is sent (RFC 6749 4.1.2, RFC 9207).

use super::error::OAuthError;

/// Where a verified request is answered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The registered redirect URI, letter by letter as the client sent it.
    pub redirect_uri: String,
    /// `state` as the client sent it.
    pub state: Option<String>,
    /// Our issuer, against mix-up (RFC 9207).
    pub issuer: String,
}

impl ReplyTo {
    /// The URL that carries an authorization code.
    pub fn with_code(&self, code: &str) -> String {
        self.build(&[("code", code)])
    }

    /// The URL that carries an error.
    pub fn with_error(&self, error: OAuthError) -> String {
        self.build(&[("error", error.code()), ("error_description", error.text())])
    }

    /// Adds parameters to the redirect URI without touching what is there: it may hold a query of its own (RFC 6749 3.1.2).
    fn build(&self, answer: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        let joint = match self.redirect_uri.find('?') {
            None => "?",
            Some(at) if at + 1 == self.redirect_uri.len() || self.redirect_uri.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

/// Whether a redirect URI may be registered: absolute, no fragment, and `https`, `http` on loopback, or a scheme of a
/// native app (with a dot in it, RFC 8252 7.1). Rules out `javascript:`, `data:` and the like.
pub fn may_be_registered(redirect_uri: &str) -> bool {
    let Ok(url) = url::Url::parse(redirect_uri) else { return false };
    if url.fragment().is_some() || redirect_uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        scheme => scheme.contains('.'),
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(redirect_uri: &str, state: Option<&str>) -> ReplyTo {
        ReplyTo {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            issuer: "https://gate.example".to_owned(),
        }
    }

    #[test]
    fn rows_57_59_code_and_state_come_back_exactly() {
        let state = "a b&c=d/é";
        let url = reply("https://app.example/cb", Some(state)).with_code("cgc_x");
        let pairs: Vec<_> = url::Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [("code", "cgc_x"), ("state", state), ("iss", "https://gate.example")]
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn a_query_of_the_redirect_uri_is_kept() {
        for (uri, expected) in [
            ("https://a.example/cb?x=1", "https://a.example/cb?x=1&code=c&iss="),
            ("https://a.example/cb?", "https://a.example/cb?code=c&iss="),
            ("com.example.app:/cb", "com.example.app:/cb?code=c&iss="),
        ] {
            assert!(reply(uri, None).with_code("c").starts_with(expected), "{uri}");
        }
    }

    #[test]
    fn row_54_a_denial_is_an_error_with_its_code() {
        let url = reply("https://app.example/cb", Some("s")).with_error(OAuthError::AccessDenied);
        assert!(url.contains("error=access_denied") && url.contains("state=s"), "{url}");
    }

    #[test]
    fn row_18_what_may_be_registered() {
        for good in
            ["https://a.example/cb", "http://127.0.0.1:9/cb", "http://localhost/cb", "com.example.app:/cb"]
        {
            assert!(may_be_registered(good), "{good}");
        }
        for bad in [
            "http://a.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://a.example/cb#f",
            "/cb",
            "https://a.example/a b",
            "",
        ] {
            assert!(!may_be_registered(bad), "{bad}");
        }
    }
}
