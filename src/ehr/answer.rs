//! From the EHR's answer to what a fetch comes back with. Of the headers, only those named here are looked at.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AGE, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Response, StatusCode};

use crate::access::unreleased::{Origin, OriginKind, Unreleased};
use crate::access::upstream::{Fetched, UpstreamError};
use crate::domain::clock::Timestamp;
use crate::fhir::index::{
    IndexedBody, Rewrite, Shape, index_history, index_raw, index_resource, index_search,
};
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::freshness::freshness;

/// What an answer of this status means for `interaction`; a body only with 200.
pub(super) fn judge_status(
    status: StatusCode,
    interaction: &Interaction,
    conditional: bool,
) -> Result<Judged, UpstreamError> {
    match status {
        StatusCode::OK => Ok(Judged::Body),
        StatusCode::NOT_MODIFIED if conditional => Ok(Judged::NotModified),
        // A search that is not found is a type that the EHR does not have; a page, one that it has forgotten.
        StatusCode::NOT_FOUND | StatusCode::GONE if !matches!(interaction, Interaction::Search(_)) => {
            Ok(Judged::Absent)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(UpstreamError::Forbidden),
        StatusCode::NOT_IMPLEMENTED => Err(UpstreamError::Unsupported),
        status if status.is_client_error() => Err(UpstreamError::Unsupported),
        // Redirects are not followed: they could lead our token elsewhere.
        _ => Err(UpstreamError::Malformed),
    }
}

/// What kind of answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Read the body.
    Body,
    /// What is held still stands.
    NotModified,
    /// It is not there.
    Absent,
}

/// Indexes the body for `interaction` and seals it. `asked_at` is when the request left: the answer is at least that new.
pub(super) fn seal(
    answer: Response<Bytes>,
    interaction: &Interaction,
    rewrite: &Rewrite,
    asked_at: Timestamp,
    obey: bool,
) -> Result<Fetched, UpstreamError> {
    let freshness = freshness(answer.headers(), obey);
    let age = answer
        .headers()
        .get(AGE)
        .and_then(|v| v.to_str().ok()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs);
    let media_type = header(answer.headers(), CONTENT_TYPE).unwrap_or_default().to_owned();
    let body = index(without_mark(answer.into_body()), &media_type, interaction, rewrite)?;
    let etag = etag(&body);
    let origin = Origin { as_of: asked_at.minus(age), age, how: OriginKind::Miss, fresh_for: None };
    let modified = freshness.validator.last_modified.clone();
    Ok(Fetched::Body(Unreleased::seal(Arc::new(body), etag, origin).modified(modified), freshness))
}

/// A body without the byte order mark that some servers put before JSON, and that parsers may pass over (RFC 8259, 8.1).
pub(super) fn without_mark(bytes: Bytes) -> Bytes {
    if bytes.starts_with(b"\xef\xbb\xbf{") { bytes.slice(3..) } else { bytes }
}

fn index(
    bytes: Bytes,
    media_type: &str,
    interaction: &Interaction,
    rewrite: &Rewrite,
) -> Result<IndexedBody, UpstreamError> {
    match interaction {
        Interaction::Read { resource_type: ResourceType::Binary, id } if !is_fhir_json(media_type) => {
            Ok(index_raw(bytes, media_type, id.clone()))
        }
        Interaction::Read { resource_type, id } | Interaction::Version { resource_type, id, .. } => {
            if !is_json(media_type) {
                return Err(UpstreamError::Malformed);
            }
            let body = index_resource(bytes, rewrite).map_err(|_| UpstreamError::Malformed)?;
            // What was not asked for has not been permitted.
            match &body.shape {
                Shape::Resource(facts) if facts.resource_type == *resource_type && facts.id == *id => {
                    Ok(body)
                }
                // The release filter answers 404, as for what is not there.
                Shape::Unjudged => Ok(body),
                _ => Err(UpstreamError::Malformed),
            }
        }
        Interaction::History { .. } => {
            if !is_json(media_type) {
                return Err(UpstreamError::Malformed);
            }
            index_history(bytes, rewrite).map_err(|_| UpstreamError::Malformed)
        }
        Interaction::Search(search) | Interaction::Page { search, .. } => {
            if !is_json(media_type) {
                return Err(UpstreamError::Malformed);
            }
            index_search(bytes, search, rewrite).map_err(|_| UpstreamError::Malformed)
        }
    }
}

/// `application/fhir+json`, with or without parameters.
fn is_fhir_json(media_type: &str) -> bool {
    essence(media_type).is_some_and(|essence| essence.eq_ignore_ascii_case("application/fhir+json"))
}

/// The media types under which EHRs send FHIR JSON.
fn is_json(media_type: &str) -> bool {
    is_fhir_json(media_type)
        || essence(media_type).is_some_and(|essence| {
            ["application/json", "application/json+fhir", "text/json"]
                .iter()
                .any(|j| essence.eq_ignore_ascii_case(j))
        })
}

fn essence(media_type: &str) -> Option<&str> {
    media_type.split(';').next().map(str::trim)
}

/// The entity tag that clients get. Weak, because compression on the way changes bytes. A resource's is its version, as
/// FHIR wants it (R4 http, "Version tracking"), or a digest. A searchset has none: it is given out in parts.
fn etag(body: &IndexedBody) -> Option<Arc<str>> {
    let tag = match &body.shape {
        Shape::Bundle(_) | Shape::Unjudged => return None,
        Shape::Resource(facts) if facts.version.is_some() => {
            format!("W/\"{}\"", facts.version.as_deref().unwrap_or_default()).into()
        }
        Shape::Resource(_) | Shape::Raw { .. } => {
            format!("W/\"{:016x}{:016x}\"", digest(&body.bytes, 1), digest(&body.bytes, 2)).into()
        }
    };
    Some(tag)
}

/// Sixty-four bits that depend on every byte and are the same in each run of one build. Not for security.
fn digest(bytes: &[u8], seed: u64) -> u64 {
    ahash::RandomState::with_seeds(seed, 0x6368_6172, 0x7467_6174, 0x6500_0001).hash_one(bytes)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
