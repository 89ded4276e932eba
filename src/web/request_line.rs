//! Around everything: a number for the request, and one line about it in the log when its answer is ready.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use tokio::time::Instant;

use crate::domain::ids::RequestId;
use crate::domain::random::{Random, SharedRandom};
use crate::telemetry::{LineFacts, RequestLine, Word};

/// A request whose line is still to be written.
pub struct Begun {
    started: Instant,
    id: RequestId,
    method: Method,
    route: Word,
}

impl Begun {
    /// Gives the request its [`RequestId`], which inner layers keep. One that an outer layer gave it already stays.
    pub fn new(request: &mut Request, random: &dyn Random) -> Self {
        let started = Instant::now();
        let id = request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| {
            let id = RequestId::generate(random);
            request.extensions_mut().insert(id.clone());
            id
        });
        let route = request.extensions().get::<MatchedPath>().map(|path| Word::template(path.as_str()));
        Self { started, id, method: request.method().clone(), route: route.unwrap_or(Word::new("unmatched")) }
    }

    /// The request's number.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// Writes the line of a request that was answered so.
    pub fn answered(self, response: &Response) {
        let facts = response.extensions().get::<LineFacts>().copied().unwrap_or_default();
        let Self { started, id, method, route } = self;
        RequestLine {
            request: Some(id),
            method,
            route,
            status: response.status(),
            took: started.elapsed(),
            facts,
        }
        .emit();
    }
}

/// Numbers the request and logs it by the template of its route. Lay it over a whole router:
/// `router.layer(from_fn_with_state(random, request_line::record))`.
pub async fn record(State(random): State<SharedRandom>, mut request: Request, next: Next) -> Response {
    let begun = Begun::new(&mut request, &*random);
    let response = next.run(request).await;
    begun.answered(&response);
    response
}
