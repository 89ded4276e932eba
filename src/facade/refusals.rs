//! Around the FHIR endpoint: refused requests that held a token go into the log that the token's client's vendor reads.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{StatusCode, header};

use crate::accounts::failures::{FailureLog, Refused, Whose};
use crate::domain::ids::RequestId;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::resource_type::ResourceType;

use super::bearer::token_of;

/// Notes 401 and 403. Neither depends on whether a record exists, so neither tells of one.
pub async fn note(State(log): State<Arc<FailureLog>>, request: Request, next: Next) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(token_of).and_then(|token| PlainToken::presented(TokenKind::Access, token));
    let Some(token) = token else { return next.run(request).await };
    let endpoint = endpoint(&request);
    let (response, id) = {
        let id = request.extensions().get::<RequestId>().cloned();
        (next.run(request).await, id)
    };
    let (error, code, description) = match response.status() {
        // That a nonce is asked for is how DPoP begins (RFC 9449 9), and no failure.
        StatusCode::UNAUTHORIZED if is_challenged(&response, "use_dpop_nonce") => return response,
        StatusCode::UNAUTHORIZED if is_challenged(&response, "invalid_dpop_proof") => (
            "FhirProof",
            "invalid_dpop_proof",
            "The DPoP proof is missing or not valid for this request and token.",
        ),
        StatusCode::UNAUTHORIZED => {
            ("FhirToken", "invalid_token", "The access token is unknown, has expired or was revoked.")
        }
        StatusCode::FORBIDDEN => {
            ("FhirScope", "insufficient_scope", "The scopes of the access token do not cover this request.")
        }
        _ => return response,
    };
    log.note(Refused {
        whose: Whose::Token(token.hash()),
        endpoint,
        error,
        code,
        description: description.to_owned(),
        request: id,
    });
    response
}

fn is_challenged(response: &Response, code: &str) -> bool {
    let challenges = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
    challenges.filter_map(|value| value.to_str().ok()).any(|value| value.contains(code))
}

/// The route with the type, which is no secret, and without the id, which may be.
fn endpoint(request: &Request) -> String {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let at = route.split('/').position(|segment| segment == "{type}");
    let name = at.and_then(|at| request.uri().path().split('/').nth(at));
    match name.and_then(ResourceType::parse) {
        Some(resource_type) => route.replace("{type}", resource_type.as_str()),
        None => route.to_owned(),
    }
}
