//! A number for each request: in the answer's header, on error pages, in the log and in audit events.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;

use super::state::Web;
use crate::domain::ids::RequestId;

/// Puts a fresh [`RequestId`] into the request's extensions, and into the answer's `X-Request-Id`. An id that an outer layer
/// put there already is kept. Ids that callers send are not used: they could be anybody's.
pub async fn assign(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let id = match request.extensions().get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::generate(web.random()),
    };
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    response
}
