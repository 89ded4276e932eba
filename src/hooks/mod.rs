//! Rank 5: what the hospital's own systems call to have something forgotten of what the EHR said: operations by a purge, the
//! EHR itself by its Subscriptions. Each proves itself by a secret; none learns anything but that it was heard.

mod ehr;
mod hints;
mod purge;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use fhir_profiles::outcome::operation_outcome;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::domain::ids::RequestId;
use crate::domain::secret::TokenHash;
use crate::fhir::resource_type::ResourceType;
use crate::records::purges::Purges;

/// Who may call, filled from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Secrets with which anything may be purged; none: nobody may.
    pub purge_secrets: Vec<TokenHash>,
    /// Subscriptions in the EHR.
    pub subscriptions: Vec<Subscription>,
}

/// One Subscription in the EHR.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The end of the address that it calls.
    pub name: String,
    /// Header in which its secret stands.
    pub header: HeaderName,
    /// Secrets that are accepted.
    pub secrets: Vec<TokenHash>,
    /// What its criteria are about; none: everything.
    pub types: Vec<ResourceType>,
}

/// The state of the handlers.
pub struct Hooks {
    purges: Arc<Purges>,
    settings: Settings,
}

impl Hooks {
    /// Hooks that ask for purges.
    pub fn new(purges: Arc<Purges>, settings: Settings) -> Arc<Self> {
        Arc::new(Self { purges, settings })
    }
}

/// The routes, whole paths.
pub fn routes(hooks: Arc<Hooks>) -> Router {
    Router::new()
        .route("/hooks/purge", post(purge::purge).fallback(not_allowed))
        .route("/hooks/ehr/{name}", post(ehr::changed).put(ehr::changed).fallback(not_allowed))
        .route(
            "/hooks/ehr/{name}/{type}/{id}",
            post(ehr::one_changed).put(ehr::one_changed).delete(ehr::one_changed).fallback(not_allowed),
        )
        .with_state(hooks)
}

/// Whether a header holds one of these secrets. Takes as long for a wrong one as for a right one.
fn is_known(headers: &HeaderMap, name: &HeaderName, secrets: &[TokenHash]) -> bool {
    let given = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = match given.split_once(' ') {
        Some((scheme, token)) if *name == header::AUTHORIZATION && scheme.eq_ignore_ascii_case("bearer") => {
            token.trim()
        }
        _ => given,
    };
    let given = TokenHash::of(given);
    secrets.iter().fold(false, |known, secret| known | given.matches(secret))
}

/// An error as the other endpoints for machines tell it: an OperationOutcome with a plain sentence.
fn problem(status: StatusCode, code: &str, sentence: &str, request: Option<&RequestId>) -> Response {
    let body = operation_outcome(code, sentence, request.map(RequestId::as_str));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="hooks""#));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn unknown_caller(request: Option<&RequestId>) -> Response {
    metrics::counter!("chartgate_hooks_refused_total").increment(1);
    problem(StatusCode::UNAUTHORIZED, "login", "The secret is missing or wrong.", request)
}

async fn not_allowed() -> Response {
    let sentence = "Nothing can be read here; a change or a purge is sent with POST.";
    problem(StatusCode::METHOD_NOT_ALLOWED, "not-supported", sentence, None)
}
