//! `GET [base]/[type]/[id]/_history` and `.../_history/[version]`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{self, SearchError};
use crate::records::Caller;

use super::bearer::Authenticated;
use super::problem::Problem;
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
        // What is skipped would return more than was asked for.
        let known = ["_format", "_pretty", "_elements", "_summary"];
        let mut names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        if let Some(other) = names.find(|name| !known.contains(&&**name)) {
            return Err(SearchError::unknown(&other).into());
        }
        facade.records.history(caller, resource_type, id).await?
    };
    answer::shaped(&released, &shape, form.media_type(), headers)
}
