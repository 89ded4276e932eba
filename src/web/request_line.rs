//! Around everything: a number for the request, and one line about it in the log when its answer is ready.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::domain::ids::RequestId;
use crate::domain::random::SharedRandom;
use crate::telemetry::{LineFacts, RequestLine, Word};

/// Gives the request its [`RequestId`], which inner layers keep, and logs it by the template of its route. Lay it over the
/// whole router: `router.layer(from_fn_with_state(random, request_line::record))`.
pub async fn record(State(random): State<SharedRandom>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::generate(&*random);
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| Word::template(path.as_str()));
    let response = next.run(request).await;
    RequestLine {
        request: Some(id),
        method,
        route: route.unwrap_or(Word::new("unmatched")),
        status: response.status(),
        took: started.elapsed(),
        facts: response.extensions().get::<LineFacts>().copied().unwrap_or_default(),
    }
    .emit();
    response
}
