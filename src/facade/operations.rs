//! The operations: `Patient/[id]/$everything` (R4) and `DocumentReference/$docref` (US Core).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use fhir_profiles::search_table::{offers_docref, offers_everything};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::ids::FhirId;
use crate::fhir::everything::Everything;
use crate::fhir::search::SearchError;
use crate::records::Caller;
use crate::web::bodies;

use super::bearer::Authenticated;
use super::problem::Problem;
use super::search::{answer_search, page_handle};
use super::{Facade, accept, answer};

/// Longest body of an operation, in bytes.
const LONGEST: usize = 16 * 1024;
/// What US Core has a document be where the client does not say: a summary of care.
const SUMMARY_OF_CARE: &str = "http://loinc.org|34133-9";

pub(super) async fn everything(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(Path((kind, id))) = path else { return Problem::not_found().answer(caller.request.as_ref()) };
    let query = query.unwrap_or_default();
    let answered = answer_everything(&facade, &caller, [&kind, &id], &query, &headers).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

pub(super) async fn answer_everything(
    facade: &Facade,
    caller: &Caller,
    [kind, id]: [&str; 2],
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::wanted(headers, query)?.fhir()?;
    let id = FhirId::parse(id).map_err(|_| Problem::not_found())?;
    if kind != "Patient" {
        return Err(Problem::not_found());
    }
    let rules = facade.records.offer().rules();
    if !offers_everything(&rules.tables) {
        return Err(not_supported());
    }
    let released = if let Some(handle) = page_handle(query) {
        facade.records.everything_page(caller, &id, &handle).await?
    } else {
        facade.records.everything(caller, &id, &Everything::read(query, &rules)?).await?
    };
    Ok(answer::released(&released, form.media_type(), headers))
}

pub(super) async fn docref_by_get(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answered = answer_docref(&facade, &caller, &query.unwrap_or_default(), &headers).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

pub(super) async fn docref_by_post(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answered = async {
        let query = parameters(&headers, body).await?;
        answer_docref(&facade, &caller, &query, &headers).await
    };
    answered.await.unwrap_or_else(|problem: Problem| problem.answer(caller.request.as_ref()))
}

/// The current documents of a patient: the search that the operation comes to.
pub(super) async fn answer_docref(
    facade: &Facade,
    caller: &Caller,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let rules = facade.records.offer().rules();
    if !offers_docref(&rules.tables) {
        return Err(not_supported());
    }
    let has = |parameter| {
        rules.tables.get("DocumentReference").is_some_and(|table| table.parameters.contains_key(parameter))
    };
    let date = if has("period") { "period" } else { "date" };
    let mut search: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let (name, value) = match &*name {
            "patient" | "type" | "_count" | "_format" | "_pretty" => (name.into_owned(), value.into_owned()),
            "start" => (date.to_owned(), format!("ge{value}")),
            "end" => (date.to_owned(), format!("le{value}")),
            "on-demand" if value == "false" => continue,
            "on-demand" => {
                let sentence = "Documents are not made on demand here: those that exist can be found.";
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not-supported", sentence));
            }
            _ => return Err(SearchError::unknown(&name).into()),
        };
        search.push((name, value));
    }
    if !search.iter().any(|(name, _)| name == "type") {
        search.push(("type".to_owned(), SUMMARY_OF_CARE.to_owned()));
    }
    if has("status") {
        search.push(("status".to_owned(), "current".to_owned()));
    }
    let search = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(search).finish();
    answer_search(facade, caller, "DocumentReference", &search, headers).await
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "resourceType")]
    kind: String,
    #[serde(default)]
    parameter: Vec<Map<String, Value>>,
}

/// A Parameters resource, or a form, as a query.
async fn parameters(headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let unclear =
        || Problem::new(StatusCode::BAD_REQUEST, "structure", "The body is not a Parameters resource.");
    let body = bodies::read(body, LONGEST)
        .await
        .map_err(|none| Problem::without_body(none, "The request is too long."))?;
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("application/x-www-form-urlencoded") {
        return String::from_utf8(body.into()).map_err(|_| unclear());
    }
    let given: Parameters = serde_json::from_slice(&body).map_err(|_| unclear())?;
    if given.kind != "Parameters" {
        return Err(unclear());
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in &given.parameter {
        let name = parameter.get("name").and_then(Value::as_str).ok_or_else(unclear)?;
        let value = parameter.iter().find(|(key, _)| key.starts_with("value")).map(|(_, value)| value);
        query.append_pair(name, &value.and_then(text).ok_or_else(unclear)?);
    }
    Ok(query.finish())
}

/// A parameter's value as a search has it: of a concept, each coding will do.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Object(concept) if concept.contains_key("coding") => {
            let codings = concept.get("coding")?.as_array()?.iter().map(text);
            Some(codings.collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Object(coding) => {
            let code = coding.get("code")?.as_str()?;
            let system = coding.get("system").and_then(Value::as_str);
            Some(system.map_or_else(|| code.to_owned(), |system| format!("{system}|{code}")))
        }
        _ => None,
    }
}

fn not_supported() -> Problem {
    let sentence = "The hospital's system does not offer what this operation is made of.";
    Problem::new(StatusCode::NOT_FOUND, "not-supported", sentence)
}
