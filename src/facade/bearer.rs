//! Whom the access token stands for (RFC 6750, RFC 9449 7; header only: a token in a URL or a form is never looked at).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::header;
use http::request::Parts;

use crate::access::subject::Subject;
use crate::domain::ids::RequestId;
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::domain::thumbprint::KeyThumbprint;
use crate::records::Caller;
use crate::store::Store;
use crate::store::tokens::BearerToken;
use crate::web::address::{ClientAddress, Network};
use crate::web::proofs::{NONCE_HEADER, ProofRefused};

use super::Facade;
use super::problem::Problem;

/// The tokens cannot be looked up at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tokens cannot be looked up")]
pub struct TokensUnavailable;

/// Whom a token stands for.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Who asks.
    pub subject: Arc<Subject>,
    /// The key that must be shown with the token; `None`: a bearer token.
    pub bound_to: Option<KeyThumbprint>,
}

impl Holder {
    fn of(token: &BearerToken) -> Self {
        Self { subject: token.subject.clone(), bound_to: token.bound_to.as_deref().copied() }
    }
}

/// Says whom an access token stands for. Expired and revoked tokens stand for nobody.
pub trait TokenSource: Send + Sync {
    /// What memory knows, without waiting; `None` says nothing.
    fn remembered(&self, hash: &TokenHash) -> Option<Holder>;

    /// The truth.
    fn look_up<'a>(&'a self, hash: &'a TokenHash)
    -> BoxFuture<'a, Result<Option<Holder>, TokensUnavailable>>;
}

impl TokenSource for Store {
    fn remembered(&self, hash: &TokenHash) -> Option<Holder> {
        self.subject_in_memory(hash).map(|token| Holder::of(&token))
    }

    fn look_up<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<Holder>, TokensUnavailable>> {
        Box::pin(async move {
            let token = self.subject_of(hash).await.map_err(|error| {
                tracing::error!(%error, "an access token cannot be looked up");
                TokensUnavailable
            })?;
            Ok(token.map(|token| Holder::of(&token)))
        })
    }
}

/// The caller of a request that needs a token; 401 without a good one.
pub(super) struct Authenticated(pub(super) Caller);

impl FromRequestParts<Arc<Facade>> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, facade: &Arc<Facade>) -> Result<Self, Response> {
        let request: Option<RequestId> = parts.extensions.get().cloned();
        let network = Network::asking(&parts.extensions);
        let found = match subject(parts, facade, network).await {
            Ok(subject) => facade.throttle.subject(&subject, 1).map(|()| subject),
            // That a nonce is asked for is how DPoP begins (RFC 9449 9), and no failure.
            Err(problem) if problem.is_unauthenticated() && !problem.asks_for_nonce() => {
                Err(facade.throttle.unauthenticated(network).err().unwrap_or(problem))
            }
            Err(problem) => Err(problem),
        };
        match found {
            Ok(subject) => {
                let address = Some(ClientAddress::of(&parts.extensions).0);
                Ok(Self(Caller { subject, request, address }))
            }
            Err(problem) => {
                let mut response = problem.answer(request.as_ref());
                if let (true, Some(proofs)) = (problem.asks_for_nonce(), &facade.proofs) {
                    response.headers_mut().insert(NONCE_HEADER, proofs.nonce());
                }
                Err(response)
            }
        }
    }
}

async fn subject(parts: &Parts, facade: &Facade, network: Network) -> Result<Arc<Subject>, Problem> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let first = given.next().ok_or_else(Problem::no_token)?;
    if given.next().is_some() {
        return Err(Problem::bad_token());
    }
    let (scheme, token) = first.to_str().ok().and_then(credentials).ok_or_else(Problem::bad_token)?;
    let plain = PlainToken::presented(TokenKind::Access, token).ok_or_else(Problem::bad_token)?;
    let hash = plain.hash();
    let holder = match facade.tokens.remembered(&hash) {
        Some(holder) => holder,
        None => look_up(facade, &hash, network).await?,
    };
    match (holder.bound_to, scheme) {
        (None, Scheme::Bearer) => Ok(holder.subject),
        (Some(bound_to), Scheme::Dpop) => {
            shows_key(parts, facade, &holder.subject, token, &bound_to).await?;
            Ok(holder.subject)
        }
        // Never one as the other: whoever stole a bound token gets nowhere without its key (RFC 9449 7.1, 7.2).
        _ => Err(Problem::bad_token()),
    }
}

/// Whom a token stands for that memory does not know. It costs a look into the database, which whoever guesses does not get.
async fn look_up(facade: &Facade, hash: &TokenHash, network: Network) -> Result<Holder, Problem> {
    facade.throttle.may_look_up(network)?;
    let found = facade.tokens.look_up(hash).await;
    let found = found.map_err(|TokensUnavailable| {
        Problem::unavailable("Sign-in cannot be checked at the moment; please try again later.", None)
    });
    found?.ok_or_else(Problem::bad_token)
}

/// Whether the request shows the key to which its token is bound.
async fn shows_key(
    parts: &Parts,
    facade: &Facade,
    subject: &Subject,
    token: &str,
    bound_to: &KeyThumbprint,
) -> Result<(), Problem> {
    let proofs = facade.proofs.as_ref().ok_or_else(Problem::bad_token)?;
    let path = parts.uri.path();
    let needs_nonce = proofs.needs_nonce(subject.client.as_ref());
    match proofs.key(&parts.headers, &parts.method, path, Some(token), needs_nonce).await {
        Ok(Some(key)) if key.matches(bound_to) => Ok(()),
        Ok(Some(_)) => Err(Problem::bad_token()),
        Err(ProofRefused::Nonce) => Err(Problem::proof("use_dpop_nonce")),
        Err(ProofRefused::Unavailable) => Err(Problem::unavailable(
            "The request cannot be checked at the moment; please try again later.",
            None,
        )),
        Ok(None) => Err(Problem::proof("invalid_dpop_proof")),
        Err(refused) => {
            tracing::info!(reason = %refused, "a DPoP proof was refused");
            Err(Problem::proof("invalid_dpop_proof"))
        }
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    Dpop,
}

fn credentials(header: &str) -> Option<(Scheme, &str)> {
    let (scheme, token) = header.split_once(' ')?;
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else if scheme.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        return None;
    };
    Some((scheme, token.trim()))
}

/// The token of an `Authorization` header, by either scheme.
pub(super) fn token_of(header: &str) -> Option<&str> {
    credentials(header).map(|(_, token)| token)
}
