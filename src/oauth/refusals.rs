//! Around the endpoints: what was refused goes into the log that the client's vendor reads.

use axum::extract::{self, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::accounts::failures::Refused;
use crate::domain::ids::RequestId;

use super::culprit;
use super::error::OAuthError;
use super::state::State;

/// Notes an answer that carries an [`OAuthError`], if the request said whose it was.
pub async fn note(extract::State(state): extract::State<State>, request: Request, next: Next) -> Response {
    let endpoint = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request.extensions().get::<RequestId>().cloned();
    let (response, whose) = culprit::watch(next.run(request)).await;
    // That a nonce is asked for is how DPoP begins (RFC 9449 8), and no failure.
    let error = response.extensions().get::<OAuthError>().filter(|error| error.code() != "use_dpop_nonce");
    if let (Some(whose), Some(error)) = (whose, error) {
        state.failures().note(Refused {
            whose,
            endpoint: endpoint.unwrap_or_default(),
            error: error.name(),
            code: error.code(),
            description: error.text().to_owned(),
            request: id,
        });
    }
    response
}
