//! The one layer around the FHIR endpoint. What several would do is done here by one: each layer of a router costs a request some
//! allocations, and a cached read has little else to do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use crate::accounts::failures::FailureLog;
use crate::web::address::Network;
use crate::web::request_line::Begun;

use super::{Facade, cors, refusals};

/// The endpoint, and where its refusals are told to whoever owns the client.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) facade: Arc<Facade>,
    pub(super) refused: Option<Arc<FailureLog>>,
}

/// Numbers the request, counts it for its address, answers preflights, adds the headers that every answer has, notes refusals and writes the request's line.
pub(super) async fn envelope(
    State(around): State<Arc<Around>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Begun::new(&mut request, &*around.facade.random);
    let (asked, held) = (cors::Asked::by(&request), refusals::Held::of(&request));
    let network = Network::asking(request.extensions());
    let mut response = match around.facade.throttle.address(network, 1) {
        Err(problem) => problem.answer(Some(begun.id())),
        Ok(()) if request.method() == Method::OPTIONS => cors::options(request.headers()),
        Ok(()) => next.run(request).await,
    };
    cors::complete(&around.facade, asked, begun.id(), &mut response);
    if let Some(log) = &around.refused {
        held.note(log, &response, begun.id());
    }
    begun.answered(&response);
    response
}
