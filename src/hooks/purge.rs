//! `POST /hooks/purge`: hospital operations have something forgotten, on every node.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::access::forget::Forget;
use crate::domain::ids::RequestId;
use crate::records::purges::{PurgeError, PurgedBy};
use crate::web::address::ClientAddress;
use crate::web::bodies::{self, NoBody};

use super::{Hooks, is_known, problem, unknown_caller};

/// Longest request, in bytes.
const LONGEST: usize = 64 * 1024;
/// Most purges in one.
const MOST: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    forget: Vec<String>,
}

/// Purges what `{"forget": [...]}` lists; answers when nothing of it is used on this node any more and the others are told.
pub(super) async fn purge(
    State(hooks): State<Arc<Hooks>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Response {
    let request = extensions.get::<RequestId>();
    if !is_known(&headers, &header::AUTHORIZATION, &hooks.settings.purge_secrets) {
        return unknown_caller(request);
    }
    let body = match bodies::read(body, LONGEST).await {
        Ok(body) => body,
        Err(NoBody::TooLong) => {
            let sentence = "The request is too long; please send it in parts.";
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "too-costly", sentence, request);
        }
        Err(NoBody::TooSlow) => {
            return problem(
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "The request did not come in time.",
                request,
            );
        }
    };
    let what = match read(&body) {
        Ok(what) => what,
        Err(sentence) => return problem(StatusCode::BAD_REQUEST, "invalid", &sentence, request),
    };
    let by = PurgedBy {
        account: None,
        way: "operations",
        request: request.cloned(),
        address: Some(ClientAddress::of(&extensions).0),
    };
    match hooks.purges.order(&by, &what).await {
        Ok(()) => done(what.len()),
        Err(error) => {
            let sentence = match error {
                PurgeError::NotRecorded => {
                    "It is forgotten, but the purge could not be recorded; please send it again."
                }
                PurgeError::NotAnnounced => {
                    "It is forgotten on this node, but the others could not be told; please send it again."
                }
            };
            problem(StatusCode::SERVICE_UNAVAILABLE, "transient", sentence, request)
        }
    }
}

fn read(body: &[u8]) -> Result<Vec<Forget>, String> {
    let form = r#"The body must be JSON such as {"forget": ["Patient/123", "Patient/123/Observation", "Observation/456", "Observation", "*"]}."#;
    let order: Order = serde_json::from_slice(body).map_err(|_| form.to_owned())?;
    if order.forget.is_empty() {
        return Err(form.to_owned());
    }
    if order.forget.len() > MOST {
        return Err(format!("At most {MOST} purges in one request."));
    }
    let wrong = |number: usize| {
        format!(
            "Number {} of the list is not understood: it must be a type, type/id, Patient/id/type, or *.",
            number + 1
        )
    };
    let each = order.forget.iter().enumerate();
    each.map(|(number, text)| Forget::parse(text).ok_or_else(|| wrong(number))).collect()
}

fn done(count: usize) -> Response {
    let sentence = format!("Forgotten: {count}. Nodes other than this one follow within two seconds.");
    let outcome = json!({
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational", "details": {"text": sentence}}],
    });
    let mut response = outcome.to_string().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
    response
}
