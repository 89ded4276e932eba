//! `GET [base]/[type]/[id]`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;

use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search;
use crate::records::Caller;

use super::bearer::Authenticated;
use super::problem::Problem;
use super::{Facade, accept, answer, binary};

pub(super) async fn read(
    State(facade): State<Arc<Facade>>,
    Authenticated(caller): Authenticated,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    // What is not even text names nothing that could be there.
    let Ok(Path((resource_type, id))) = path else {
        return Problem::not_found().answer(caller.request.as_ref());
    };
    let query = query.unwrap_or_default();
    let answered = answer_read(&facade, &caller, &resource_type, &id, &query, &headers);
    answered.await.unwrap_or_else(|problem| problem.answer(caller.request.as_ref()))
}

pub(super) async fn answer_read(
    facade: &Facade,
    caller: &Caller,
    resource_type: &str,
    id: &str,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::wanted(headers, query)?;
    // A type that is not on the list, or an id that cannot be one, is answered like any other that is not there.
    let resource_type = ResourceType::parse(resource_type).ok_or_else(Problem::not_found)?;
    let id = FhirId::parse(id).map_err(|_| Problem::not_found())?;
    if resource_type == ResourceType::Binary {
        let near = near(query);
        let released = facade.records.read_near(caller, resource_type, id.clone(), near.as_ref()).await?;
        return binary::answer(&released, &id, form, headers);
    }
    let form = form.fhir()?;
    let shape = search::shape(query)?;
    if !facade.records.offer().rules().readable(resource_type) {
        return Err(Problem::not_found());
    }
    if resource_type == ResourceType::Group {
        let released = facade.records.group(caller, &id).await?;
        return answer::shaped(&released, &shape, form.media_type(), headers);
    }
    let near = near(query);
    let released = facade.records.read_near(caller, resource_type, id, near.as_ref()).await?;
    answer::shaped(&released, &shape, form.media_type(), headers)
}

/// The patient whose document an attachment's URL says that it is of. No permission: it says where to look.
fn near(query: &str) -> Option<FhirId> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "patient").and_then(|(_, id)| FhirId::parse(&id).ok())
}
