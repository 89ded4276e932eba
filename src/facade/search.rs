//! `GET [base]/[type]?...`, `POST [base]/[type]/_search`, and the pages of a search.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use crate::access::policy::only_patient;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search;
use crate::records::Caller;
use crate::web::bodies;

use super::bearer::Authenticated;
use super::problem::Problem;
use super::{Facade, accept, answer};

/// Longest form of a POST search, in bytes.
const LONGEST_FORM: usize = 16 * 1024;

pub(super) async fn by_get(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(resource_type)) = path else { return Problem::not_found().answer(caller.request.as_ref()) };
    let query = query.unwrap_or_default();
    let answered = answer_search(&facade, &caller, &resource_type, &query, &headers).await;
    answered.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

pub(super) async fn by_post(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(Path(resource_type)) = path else { return Problem::not_found().answer(caller.request.as_ref()) };
    let answered = async {
        let form = form(&headers, body).await?;
        // R4: parameters may stand in both places, and mean the same in either.
        let query = [query.unwrap_or_default(), form];
        let query =
            query.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("&");
        answer_search(&facade, &caller, &resource_type, &query, &headers).await
    };
    answered.await.unwrap_or_else(|problem: Problem| problem.answer(caller.request.as_ref()))
}

async fn form(headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let body = bodies::read(body, LONGEST_FORM)
        .await
        .map_err(|none| Problem::without_body(none, "The search is too long."))?;
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !body.is_empty() && !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let sentence = "A search by POST is a form (application/x-www-form-urlencoded).";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", sentence));
    }
    String::from_utf8(body.into())
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "structure", "The search is not in UTF-8."))
}

pub(super) async fn answer_search(
    facade: &Facade,
    caller: &Caller,
    resource_type: &str,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::wanted(headers, query)?.fhir()?;
    let resource_type = ResourceType::parse(resource_type).ok_or_else(Problem::not_found)?;
    if let Some(handle) = page_handle(query) {
        let shape = search::shape(query)?;
        let released = facade.records.page(caller, resource_type, &handle, &shape).await?;
        return answer::shaped(&released, &shape, form.media_type(), headers);
    }
    let only = only_patient(&caller.subject, resource_type);
    let query = search::parse_about(resource_type, query, &facade.records.offer().rules(), only)?;
    let released = if resource_type == ResourceType::Group {
        facade.records.groups(caller, &query).await?
    } else {
        facade.records.search(caller, &query).await?
    };
    answer::shaped(&released, &query.shape, form.media_type(), headers)
}

/// The handle in a page link of ours; such a link has no other parameter that says anything.
pub(super) fn page_handle(query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "_page").map(|(_, handle)| handle.into_owned())
}
