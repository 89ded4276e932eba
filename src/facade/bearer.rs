//! Whom the access token stands for (RFC 6750, header only: a token in a URL or a form is never looked at).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::access::subject::Subject;
use crate::domain::ids::RequestId;
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::records::Caller;
use crate::store::Store;
use crate::web::address::ClientAddress;

use super::Facade;
use super::problem::Problem;

/// The tokens cannot be looked up at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tokens cannot be looked up")]
pub struct TokensUnavailable;

/// Says whom an access token stands for. Expired and revoked tokens stand for nobody.
pub trait TokenSource: Send + Sync {
    /// What memory knows, without waiting; `None` says nothing.
    fn remembered(&self, hash: &TokenHash) -> Option<Arc<Subject>>;

    /// The truth.
    fn look_up<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<Arc<Subject>>, TokensUnavailable>>;
}

impl TokenSource for Store {
    fn remembered(&self, hash: &TokenHash) -> Option<Arc<Subject>> {
        self.subject_in_memory(hash).map(|token| token.subject.clone())
    }

    fn look_up<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<Arc<Subject>>, TokensUnavailable>> {
        Box::pin(async move {
            let token = self.subject_of(hash).await.map_err(|error| {
                tracing::error!(%error, "an access token cannot be looked up");
                TokensUnavailable
            })?;
            Ok(token.map(|token| token.subject.clone()))
        })
    }
}

/// The caller of a request that needs a token; 401 without a good one.
pub(super) struct Authenticated(pub(super) Caller);

impl FromRequestParts<Arc<Facade>> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, facade: &Arc<Facade>) -> Result<Self, Response> {
        let request: Option<RequestId> = parts.extensions.get().cloned();
        match subject(&parts.headers, facade).await {
            Ok(subject) => {
                let address = Some(ClientAddress::of(&parts.extensions).0);
                Ok(Self(Caller { subject, request, address }))
            }
            Err(problem) => Err(problem.answer(request.as_ref())),
        }
    }
}

async fn subject(headers: &HeaderMap, facade: &Facade) -> Result<Arc<Subject>, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let first = given.next().ok_or_else(Problem::no_token)?;
    if given.next().is_some() {
        return Err(Problem::bad_token());
    }
    let token = first.to_str().ok().and_then(bearer).ok_or_else(Problem::bad_token)?;
    let hash = PlainToken::presented(TokenKind::Access, token).ok_or_else(Problem::bad_token)?.hash();
    if let Some(subject) = facade.tokens.remembered(&hash) {
        return Ok(subject);
    }
    match facade.tokens.look_up(&hash).await {
        Ok(subject) => subject.ok_or_else(Problem::bad_token),
        Err(TokensUnavailable) => Err(Problem::unavailable(
            "Sign-in cannot be checked at the moment; please try again later.",
            None,
        )),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
