//! Documents for everybody that seldom change: marked by their content, and sent again only when they changed.

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

/// How long a copy may be kept before it is asked for again.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The document, or 304 when the request names the one that is there (`If-None-Match`, RFC 9110 13.1.2).
pub fn answer(asked: &HeaderMap, media_type: HeaderValue, body: Bytes) -> Response {
    let etag = etag(&body);
    let known = asked.get_all(IF_NONE_MATCH).iter().any(|known| names(known, &etag));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, KEPT);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// A weak validator, the same on every node.
fn etag(body: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, body);
    let half = hash.as_ref().get(..16).unwrap_or_default();
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(half))
}

/// Whether a value of `If-None-Match` names `etag`, compared weakly.
fn names(known: &HeaderValue, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = known.to_str().unwrap_or_default();
    known.trim() == "*" || known.split(',').any(|tag| bare(tag) == bare(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(with: Option<&str>) -> (u16, Option<String>) {
        let mut asked = HeaderMap::new();
        if let Some(with) = with {
            asked.insert(IF_NONE_MATCH, with.parse().unwrap());
        }
        let response =
            answer(&asked, HeaderValue::from_static("application/json"), Bytes::from_static(b"{}"));
        let etag = response.headers().get(ETAG).map(|etag| etag.to_str().unwrap().to_owned());
        (response.status().as_u16(), etag)
    }

    #[test]
    fn rows_401_424_what_is_known_is_not_sent_again() {
        let (status, etag) = ask(None);
        let etag = etag.unwrap();
        assert_eq!(status, 200);
        assert!(etag.starts_with("W/\""), "{etag}");
        let strong = etag.trim_start_matches("W/").to_owned();
        for known in [etag.clone(), strong, format!("\"other\", {etag}"), "*".to_owned()] {
            assert_eq!(ask(Some(&known)), (304, Some(etag.clone())), "{known}");
        }
        for other in ["\"other\"", "W/\"other\"", "", "nonsense"] {
            assert_eq!(ask(Some(other)).0, 200, "{other}");
        }
    }
}
