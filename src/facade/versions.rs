//! `GET [base]/[type]/[id]/_history` and `.../_history/[version]`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::domain::clock::Timestamp;
use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{self, Rules, SearchError};
use crate::records::{Caller, Versions};

use super::bearer::Authenticated;
use super::problem::Problem;
use super::search::page_handle;
use super::{Facade, accept, answer};

pub(super) async fn history(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(Path((kind, id))) = path else { return Problem::not_found().answer(caller.request.as_ref()) };
    let query = query.unwrap_or_default();
    let answered = answer_versions(&facade, &caller, [&kind, &id], None, &query, &headers).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

pub(super) async fn version(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<(String, String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(Path((kind, id, version))) = path else {
        return Problem::not_found().answer(caller.request.as_ref());
    };
    let query = query.unwrap_or_default();
    let answered = answer_versions(&facade, &caller, [&kind, &id], Some(&version), &query, &headers).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

/// One version, or without one all of them.
pub(super) async fn answer_versions(
    facade: &Facade,
    caller: &Caller,
    [kind, id]: [&str; 2],
    version: Option<&str>,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::wanted(headers, query)?.fhir()?;
    let resource_type = ResourceType::parse(kind).ok_or_else(Problem::not_found)?;
    let id = FhirId::parse(id).map_err(|_| Problem::not_found())?;
    let rules = facade.records.offer().rules();
    let offered = rules.table(resource_type);
    if !offered.is_some_and(|table| if version.is_some() { table.vread } else { table.history }) {
        let sentence = "The hospital's system offers no earlier versions of resources of this type.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-supported", sentence));
    }
    let shape = search::shape(query)?;
    let released = if let Some(version) = version {
        let version = FhirId::parse(version).map_err(|_| Problem::not_found())?;
        facade.records.version(caller, resource_type, id, version).await?
    } else {
        match page_handle(query) {
            Some(handle) => facade.records.history_page(caller, resource_type, id, &handle).await?,
            None => facade.records.history(caller, resource_type, id, &wanted(query, &rules)?).await?,
        }
    };
    answer::shaped(&released, &shape, form.media_type(), headers)
}

/// Which versions a query asks for (R4 http, "history").
fn wanted(query: &str, rules: &Rules) -> Result<Versions, SearchError> {
    let mut count = None;
    let mut since = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let before = match &*name {
            "_count" => {
                let number: u32 = value.parse().map_err(|_| SearchError::bad(&name, "a number"))?;
                count.replace(number.clamp(1, rules.most_count)).is_some()
            }
            "_since" => {
                // A plus sign that nobody encoded arrives as a space.
                let moment: Result<jiff::Timestamp, _> = value.replace(' ', "+").parse();
                let moment = moment.map_err(|_| SearchError::bad(&name, "a moment with its time zone"))?;
                since.replace(Timestamp::from_millis(moment.as_millisecond())).is_some()
            }
            "_format" | "_pretty" | "_elements" | "_summary" => false,
            // What is skipped would return more than was asked for.
            _ => return Err(SearchError::unknown(&name)),
        };
        if before {
            return Err(SearchError::repeated(&name));
        }
    }
    let number = count.unwrap_or(rules.default_count);
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Versions { since, count: number, said: count.is_some() })
}
