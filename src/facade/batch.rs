//! `POST [base]` with a Bundle of type batch: reads and searches, each of which is a request of its own, decided and recorded
//! alone. Transactions are refused: nothing is written here (S-64).

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::records::Caller;
use crate::web::address::Network;
use crate::web::bodies;

use super::bearer::Authenticated;
use super::problem::Problem;
use super::{Facade, accept, operations, read, search, versions};

/// Longest batch, in bytes.
const LONGEST: usize = 256 * 1024;
/// Most requests in one.
const MOST: usize = 50;
/// Requests at a time.
const AT_ONCE: usize = 8;
/// Longest answer to a batch, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "resourceType")]
    kind: String,
    #[serde(rename = "type")]
    of: String,
    #[serde(default)]
    entry: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    if_none_match: Option<String>,
    if_modified_since: Option<String>,
}

#[derive(Serialize)]
struct Answers {
    #[serde(rename = "resourceType")]
    kind: &'static str,
    #[serde(rename = "type")]
    of: &'static str,
    entry: Vec<Answered>,
}

#[derive(Serialize)]
struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Box<RawValue>>,
    response: Told,
}

#[derive(Serialize)]
struct Told {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Box<RawValue>>,
}

pub(super) async fn batch(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answered = answer_batch(&facade, &caller, &query.unwrap_or_default(), &headers, body).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

async fn answer_batch(
    facade: &Facade,
    caller: &Caller,
    query: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = accept::wanted(headers, query)?.fhir()?;
    let requests = requests(headers, body).await?;
    // Each entry counts as the request that it stands for; one was counted at the door.
    let further = requests.len().saturating_sub(1);
    let network = caller.address.as_deref().map_or(Network::Unknown, Network::parse);
    facade.throttle.address(network, further)?;
    facade.throttle.subject(&caller.subject, further)?;
    let answers = futures_util::stream::iter(requests).map(|asked| answer_entry(facade, caller, asked));
    let mut answers = std::pin::pin!(answers.buffered(AT_ONCE));
    let (mut entry, mut length) = (Vec::new(), 0);
    while let Some(answered) = answers.next().await {
        length += answered.resource.as_deref().map_or(0, |resource| resource.get().len());
        if length > LONGEST_ANSWER {
            return Err(too_long());
        }
        entry.push(answered);
    }
    let whole = Answers { kind: "Bundle", of: "batch-response", entry };
    let mut response = Response::new(Body::from(serde_json::to_vec(&whole).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, form.media_type());
    Ok(response)
}

/// The requests of a batch, within its bounds.
async fn requests(headers: &HeaderMap, body: Body) -> Result<Vec<Asked>, Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !matches!(media_type, "application/fhir+json" | "application/json") {
        let sentence = "A batch is a Bundle in FHIR JSON (application/fhir+json).";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", sentence));
    }
    let unclear = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "structure",
            "The body is not a Bundle of type batch with requests.",
        )
    };
    let body = bodies::read(body, LONGEST).await.map_err(|none| Problem::without_body(none, TOO_LONG))?;
    let batch: Batch = serde_json::from_slice(&body).map_err(|_| unclear())?;
    match (batch.kind.as_str(), batch.of.as_str()) {
        ("Bundle", "batch") if batch.entry.len() > MOST => Err(too_long()),
        ("Bundle", "batch") => Ok(batch.entry),
        ("Bundle", "transaction") => {
            let sentence =
                "This server is read-only: it answers a batch of reads and searches, and no transaction.";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not-supported", sentence))
        }
        _ => Err(unclear()),
    }
}

const TOO_LONG: &str = "The batch is too long: at most 50 requests, and as much as can be answered at once.";

fn too_long() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", TOO_LONG)
}

/// One entry: answered as the request would be that it stands for.
async fn answer_entry(facade: &Facade, caller: &Caller, asked: Asked) -> Answered {
    let answered = match &asked.request {
        Some(request) => answer_request(facade, caller, request).await,
        None => Err(Problem::new(StatusCode::BAD_REQUEST, "required", "The entry has no request.")),
    };
    let response = answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()));
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ANSWER).await.unwrap_or_default();
    let json: Option<Box<RawValue>> = serde_json::from_slice(&body).ok();
    let etag = parts.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let (resource, outcome) = if parts.status.is_success() { (json, None) } else { (None, json) };
    Answered { resource, response: Told { status: parts.status.as_str().to_owned(), etag, outcome } }
}

async fn answer_request(facade: &Facade, caller: &Caller, request: &Request) -> Result<Response, Problem> {
    if request.method != "GET" {
        let sentence = "This server is read-only: a batch holds requests with the method GET.";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", sentence));
    }
    let headers = &headers_of(request);
    let rest =
        request.url.strip_prefix(facade.records.offer().base()).map(|rest| rest.trim_start_matches('/'));
    let url = rest.unwrap_or(&request.url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // No part of these paths needs an encoding: what has one names nothing that could be there.
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["DocumentReference", "$docref"] => operations::answer_docref(facade, caller, query, headers).await,
        [kind] => search::answer_search(facade, caller, kind, query, headers).await,
        [kind, id] => read::answer_read(facade, caller, kind, id, query, headers).await,
        [kind, id, "$everything"] => {
            operations::answer_everything(facade, caller, [kind, id], query, headers).await
        }
        [kind, id, "_history"] => {
            versions::answer_versions(facade, caller, [kind, id], None, query, headers).await
        }
        [kind, id, "_history", version] => {
            versions::answer_versions(facade, caller, [kind, id], Some(version), query, headers).await
        }
        _ => Err(Problem::not_found()),
    }
}

fn headers_of(request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/fhir+json"));
    for (name, value) in [
        (header::IF_NONE_MATCH, &request.if_none_match),
        (header::IF_MODIFIED_SINCE, &request.if_modified_since),
    ] {
        if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}
