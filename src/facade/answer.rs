//! What was released, as HTTP. The only place that builds a 2xx clinical answer, and it takes [`Released`] alone.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::body::{Frame, SizeHint};

use crate::access::released::Released;
use crate::access::unreleased::{Origin, OriginKind};
use crate::access::upstream::UpstreamError;
use crate::fhir::subset::Shape;
use crate::telemetry::{LineFacts, Word};

use super::problem::Problem;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The answer with a released body as it is. `asked` are the request's headers.
pub(super) fn released(released: &Released, media_type: HeaderValue, asked: &HeaderMap) -> Response {
    let body = match released.chunks() {
        [one] => Body::from(one.clone()),
        several => Body::new(Chunks(several.iter().cloned().collect())),
    };
    respond(released, released.etag(), body, media_type, asked)
}

/// The answer with as much of a released body as was asked for.
pub(super) fn shaped(
    released: &Released,
    shape: &Shape,
    media_type: HeaderValue,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    if shape.is_whole() {
        return Ok(self::released(released, media_type, asked));
    }
    // What was released is JSON that was read before.
    let body = shape.of(&released.chunks().concat()).ok_or(UpstreamError::Malformed)?;
    Ok(derived(released, "part", Body::from(body), media_type, asked))
}

/// The answer with a body derived from a released one, such as the content of a Binary. `form` tells its `ETag` from that of
/// the body as it was released: they are two representations under one URL.
pub(super) fn derived(
    released: &Released,
    form: &str,
    body: Body,
    media_type: HeaderValue,
    asked: &HeaderMap,
) -> Response {
    let etag = released.etag().and_then(|etag| etag.strip_suffix('"')).map(|etag| format!("{etag}-{form}\""));
    respond(released, etag.as_deref(), body, media_type, asked)
}

fn respond(
    released: &Released,
    etag: Option<&str>,
    body: Body,
    media_type: HeaderValue,
    asked: &HeaderMap,
) -> Response {
    let unchanged = match etag {
        // RFC 9110, 13.1.3: a date counts for nothing beside a tag.
        _ if !asked.contains_key(header::IF_NONE_MATCH) => {
            released.modified().is_some_and(|modified| is_unmodified(modified, asked))
        }
        etag => etag.is_some_and(|etag| is_known(etag, asked)),
    };
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    };
    let headers = response.headers_mut();
    // With those that the envelope and the server add: one allocation, and none of them hashed twice.
    headers.reserve(16);
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(modified) = released.modified().and_then(|modified| HeaderValue::from_str(modified).ok()) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    add_origin(headers, released.origin());
    response.extensions_mut().insert(line_facts(released));
    response
}

/// What the request line says of a disclosure.
fn line_facts(released: &Released) -> LineFacts {
    let origin = released.origin();
    let cache = match origin.how {
        OriginKind::Hit => "hit",
        OriginKind::Miss | OriginKind::Refetched => "miss",
        OriginKind::Revalidated => "revalidated",
        OriginKind::Stale => "stale",
        OriginKind::Bypass(_) => "bypass",
        OriginKind::Page => "page",
    };
    LineFacts {
        cache: Some(Word::new(cache)),
        age: Some(origin.age.as_secs()),
        resources: Some(released.resources()),
        ..LineFacts::default()
    }
}

/// Where the answer came from and how old it is (RFC 9111 `Age`, RFC 9211 `Cache-Status`). Of an answer that was not kept it says
/// why only where the reason lies in its type or in the EHR's own headers: how large it was, or that somebody's data in it were
/// purged, would tell of what is withheld from it.
fn add_origin(headers: &mut HeaderMap, origin: Origin) {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let left = seconds(origin.fresh_for.unwrap_or_default()).saturating_sub(seconds(origin.age));
    let status = match origin.how {
        OriginKind::Page => return,
        OriginKind::Hit => format!("chartgate; hit; ttl={left}"),
        OriginKind::Miss => "chartgate; fwd=uri-miss".to_owned(),
        OriginKind::Refetched => "chartgate; fwd=stale; fwd-status=200".to_owned(),
        OriginKind::Revalidated => "chartgate; fwd=stale; fwd-status=304".to_owned(),
        OriginKind::Stale => format!("chartgate; hit; ttl={left}; detail=ehr_failed"),
        OriginKind::Bypass(reason @ ("type_not_kept" | "made_here")) => {
            format!("chartgate; fwd=bypass; detail={reason}")
        }
        OriginKind::Bypass(reason @ "no_store") => format!("chartgate; fwd=miss; detail={reason}"),
        OriginKind::Bypass(_) => "chartgate; fwd=miss".to_owned(),
    };
    if let Ok(status) = HeaderValue::from_str(&status) {
        headers.insert(CACHE_STATUS, status);
    }
    headers.insert(header::AGE, HeaderValue::from(origin.age.as_secs()));
    if origin.how == OriginKind::Stale {
        // RFC 9111 dropped the header; clinical clients still look for it, and people read it.
        let warning = HeaderValue::from_static(
            "110 chartgate \"The hospital's system cannot be reached: this is an earlier answer\"",
        );
        headers.insert(header::WARNING, warning);
    }
}

/// `If-None-Match`, compared weakly (RFC 9110, 13.1.2).
fn is_known(etag: &str, asked: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let given = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

/// `If-Modified-Since` (RFC 9110, 13.1.3); one that cannot be read counts for nothing.
fn is_unmodified(modified: &str, asked: &HeaderMap) -> bool {
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let since = asked.get(header::IF_MODIFIED_SINCE).and_then(|since| date(since.to_str().ok()?));
    since.zip(date(modified)).is_some_and(|(since, modified)| modified <= since)
}

/// A body in several pieces whose length is known.
struct Chunks(VecDeque<Bytes>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let length: usize = self.0.iter().map(Bytes::len).sum();
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_is_compared_weakly() {
        let mut asked = HeaderMap::new();
        assert!(!is_known("W/\"1\"", &asked));
        asked.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"0\", \"1\""));
        assert!(is_known("W/\"1\"", &asked));
        assert!(!is_known("W/\"2\"", &asked));
    }
}
