//! Rank 5: the FHIR endpoint. The router's captures become one typed request, once; [`Records`] answers it; what it
//! released becomes HTTP here. Read-only: there is no route that writes (S-64).

mod accept;
mod answer;
mod bearer;
mod binary;
mod cors;
mod metadata;
mod problem;
mod read;
mod search;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::domain::random::SharedRandom;
use crate::records::Records;

pub use self::bearer::{TokenSource, TokensUnavailable};
pub use self::cors::Origins;
pub use self::metadata::Endpoints;

/// The state of the FHIR endpoint.
pub struct Facade {
    records: Arc<Records>,
    tokens: Arc<dyn TokenSource>,
    origins: Arc<dyn Origins>,
    endpoints: Endpoints,
    random: SharedRandom,
    statement: ArcSwapOption<metadata::Statement>,
}

impl Facade {
    /// The endpoint over `records`. `tokens` says whom an access token stands for, `origins` which web apps may call from a
    /// browser, `endpoints` what the CapabilityStatement says of the authorization server.
    pub fn new(
        records: Arc<Records>,
        tokens: Arc<dyn TokenSource>,
        origins: Arc<dyn Origins>,
        endpoints: Endpoints,
        random: SharedRandom,
    ) -> Arc<Self> {
        Arc::new(Self { records, tokens, origins, endpoints, random, statement: ArcSwapOption::empty() })
    }
}

/// The routes below the FHIR base; the app nests them there.
pub fn routes(facade: Arc<Facade>) -> Router {
    Router::new()
        .route("/metadata", get(metadata::metadata).fallback(problem::read_only))
        .route("/", get(problem::no_such_operation).fallback(problem::read_only))
        .route("/{type}", get(search::by_get).fallback(problem::read_only))
        .route("/{type}/_search", post(search::by_post).get(search::by_get).fallback(problem::read_only))
        .route("/{type}/{id}", get(read::read).fallback(problem::read_only))
        .fallback(problem::no_such_operation)
        .layer(from_fn_with_state(facade.clone(), cors::envelope))
        .with_state(facade)
}
