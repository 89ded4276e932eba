//! Around the FHIR endpoint: refused requests that held a token go into the log that the token's client's vendor reads.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{HeaderValue, StatusCode, Uri, header};

use crate::accounts::failures::{FailureLog, Refused, Whose};
use crate::domain::ids::RequestId;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::resource_type::ResourceType;

use super::bearer::token_of;

/// What is kept of a request until it is known whether it is refused: nothing is copied or hashed before that.
pub(super) struct Held {
    authorization: Option<HeaderValue>,
    route: Option<MatchedPath>,
    uri: Uri,
}

impl Held {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            authorization: request.headers().get(header::AUTHORIZATION).cloned(),
            route: request.extensions().get().cloned(),
            uri: request.uri().clone(),
        }
    }

    /// Notes 401 and 403. Neither depends on whether a record exists, so neither tells of one.
    pub(super) fn note(&self, log: &FailureLog, response: &Response, id: &RequestId) {
        let (error, code, description) = match response.status() {
            // That a nonce is asked for is how DPoP begins (RFC 9449 9), and no failure.
            StatusCode::UNAUTHORIZED if is_challenged(response, "use_dpop_nonce") => return,
            StatusCode::UNAUTHORIZED if is_challenged(response, "invalid_dpop_proof") => (
                "FhirProof",
                "invalid_dpop_proof",
                "The DPoP proof is missing or not valid for this request and token.",
            ),
            StatusCode::UNAUTHORIZED => {
                ("FhirToken", "invalid_token", "The access token is unknown, has expired or was revoked.")
            }
            StatusCode::FORBIDDEN => (
                "FhirScope",
                "insufficient_scope",
                "The scopes of the access token do not cover this request.",
            ),
            _ => return,
        };
        let token = self.authorization.as_ref().and_then(|value| token_of(value.to_str().ok()?));
        let Some(token) = token.and_then(|token| PlainToken::presented(TokenKind::Access, token)) else {
            return;
        };
        log.note(Refused {
            whose: Whose::Token(token.hash()),
            endpoint: self.endpoint(),
            error,
            code,
            description: description.to_owned(),
            request: Some(id.clone()),
        });
    }

    /// The route with the type, which is no secret, and without the id, which may be.
    fn endpoint(&self) -> String {
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let at = route.split('/').position(|segment| segment == "{type}");
        let name = at.and_then(|at| self.uri.path().split('/').nth(at));
        match name.and_then(ResourceType::parse) {
            Some(resource_type) => route.replace("{type}", resource_type.as_str()),
            None => route.to_owned(),
        }
    }
}

fn is_challenged(response: &Response, code: &str) -> bool {
    let challenges = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
    challenges.filter_map(|value| value.to_str().ok()).any(|value| value.contains(code))
}
