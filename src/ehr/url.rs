//! URLs at the EHR, which never leave its base.

use url::Url;

use crate::access::upstream::UpstreamError;

/// `path` (with its query) below `base`. Fails when the result would lie elsewhere: `path` may be an EHR's own next link,
/// which is opaque to us and must not lead our token to another place.
pub(super) fn beneath(base: &Url, path: &str) -> Result<Url, UpstreamError> {
    let root = base.as_str().trim_end_matches('/');
    let separator = if path.is_empty() || path.starts_with('?') { "" } else { "/" };
    let url = Url::parse(&format!("{root}{separator}{path}")).map_err(|_| UpstreamError::Malformed)?;
    // The parser has resolved `..`, also in its percent-encoded spellings, so what it yields is what will be sent.
    let root_path = base.path().trim_end_matches('/');
    let inside =
        url.path().strip_prefix(root_path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let same = url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
    if inside && same && !path.starts_with('/') && !path.starts_with('\\') {
        Ok(url)
    } else {
        Err(UpstreamError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_below_the_base() {
        let base: Url = "https://ehr.example/r4/".parse().unwrap();
        for (path, whole) in [
            ("Patient/1", "https://ehr.example/r4/Patient/1"),
            ("Observation?patient=1&code=a%7Cb", "https://ehr.example/r4/Observation?patient=1&code=a%7Cb"),
            ("?_getpages=x", "https://ehr.example/r4?_getpages=x"),
            (
                "Observation?next=http://other.example/",
                "https://ehr.example/r4/Observation?next=http://other.example/",
            ),
        ] {
            assert_eq!(beneath(&base, path).unwrap().as_str(), whole);
        }
        for path in [
            "../admin",
            "a/../../x",
            "%2e%2e/x",
            "/etc",
            "//other.example/x",
            "\\\\other.example",
            "..\\x",
            "a/%2E%2e/../../y",
        ] {
            assert!(beneath(&base, path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_base_without_path_holds_too() {
        let base: Url = "https://ehr.example".parse().unwrap();
        assert_eq!(beneath(&base, "Patient/1").unwrap().as_str(), "https://ehr.example/Patient/1");
        for path in ["@other.example/x", ".other.example", ":80/x"] {
            let host = beneath(&base, path).map(|url| url.host_str().map(str::to_owned));
            assert_eq!(host, Ok(Some("ehr.example".to_owned())), "{path}");
        }
        assert!(beneath(&base, "//other.example/").is_err());
    }
}
