//! The canonical request line: one for each request, with what an operator needs and nothing else.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::domain::ids::RequestId;

use super::word::Word;

/// What a handler knows of its answer, put into the response's extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// How the answer was obtained: `hit`, `miss`, `revalidated`, `stale`, `bypass`.
    pub cache: Option<Word>,
    /// Age of the answer in seconds.
    pub age: Option<u64>,
    /// Resources disclosed.
    pub resources: Option<u32>,
    /// Why the answer is not the one that was asked for: a word of the product's own.
    pub reason: Option<Word>,
}

/// One request, as logs and metrics see it. There is no field for a path, a query, an id of a patient, a name, an address or
/// a body, and no way to add one.
#[derive(Clone, Debug)]
pub struct RequestLine {
    /// The request's own number, which the caller was told.
    pub request: Option<RequestId>,
    /// Method.
    pub method: Method,
    /// Template of the route that matched.
    pub route: Word,
    /// Status of the answer.
    pub status: StatusCode,
    /// Time until the answer's head was ready.
    pub took: Duration,
    /// What the handler knows.
    pub facts: LineFacts,
}

impl RequestLine {
    /// Writes the line and counts the request.
    pub fn emit(&self) {
        let Self { method, route, status, took, facts, .. } = self;
        let (method, status) = (known(method), status.as_u16());
        tracing::info!(
            target: "chartgate::request",
            request = self.request.as_ref().map(RequestId::as_str),
            method,
            route = route.as_str(),
            status,
            took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            cache = facts.cache.map(Word::as_str),
            age_s = facts.age,
            resources = facts.resources,
            reason = facts.reason.map(Word::as_str),
        );
        let class = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        metrics::histogram!("chartgate_request_seconds",
            "method" => method, "route" => route.as_str(), "status" => class)
        .record(took.as_secs_f64());
    }
}

/// The methods of HTTP; an invented one could say anything.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
