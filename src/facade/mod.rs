//! Rank 5: the FHIR endpoint. The router's captures become one typed request, once; [`Records`] answers it; what it
//! released becomes HTTP here. Read-only: there is no route that writes (S-64).

mod accept;
mod answer;
mod batch;
mod bearer;
mod binary;
mod cors;
mod metadata;
mod operations;
mod problem;
mod read;
pub mod refusals;
mod search;
mod versions;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::domain::random::SharedRandom;
use crate::records::Records;
use crate::web::proofs::Proofs;

pub use self::bearer::{Holder, TokenSource, TokensUnavailable};
pub use self::cors::Origins;
pub use self::metadata::Endpoints;

/// The state of the FHIR endpoint.
pub struct Facade {
    records: Arc<Records>,
    tokens: Arc<dyn TokenSource>,
    origins: Arc<dyn Origins>,
    endpoints: Endpoints,
    random: SharedRandom,
    proofs: Option<Proofs>,
    statement: ArcSwapOption<metadata::Statement>,
}

impl Facade {
    /// The endpoint over `records`. `tokens` says whom an access token stands for, `origins` which web apps may call from a
    /// browser, `endpoints` what the CapabilityStatement says of the authorization server, `proofs` checks proofs of
    /// possession; without it tokens that are bound to a key are of no use.
    pub fn new(
        records: Arc<Records>,
        tokens: Arc<dyn TokenSource>,
        origins: Arc<dyn Origins>,
        endpoints: Endpoints,
        random: SharedRandom,
        proofs: Option<Proofs>,
    ) -> Arc<Self> {
        Arc::new(Self {
            records,
            tokens,
            origins,
            endpoints,
            random,
            proofs,
            statement: ArcSwapOption::empty(),
        })
    }
}

/// The routes of the FHIR endpoint, whole paths below `base` (`/fhir/r4`); the app merges them.
pub fn routes(facade: Arc<Facade>, base: &str) -> Router {
    let below = Router::new()
        .route("/", post(batch::batch).fallback(problem::no_such_operation))
        .route("/metadata", get(metadata::metadata).fallback(problem::read_only))
        .route("/{type}", get(search::by_get).fallback(problem::read_only))
        .route("/{type}/_search", post(search::by_post).get(search::by_get).fallback(problem::read_only))
        .route(
            "/DocumentReference/$docref",
            get(operations::docref_by_get).post(operations::docref_by_post).fallback(problem::read_only),
        )
        .route("/{type}/{id}", get(read::read).fallback(problem::read_only))
        .route("/{type}/{id}/$everything", get(operations::everything).fallback(problem::read_only))
        .route("/{type}/{id}/_history", get(versions::history).fallback(problem::read_only))
        .route("/{type}/{id}/_history/{version}", get(versions::version).fallback(problem::read_only))
        .fallback(problem::no_such_operation)
        .layer(from_fn_with_state(facade.clone(), cors::envelope));
    // Nesting leaves out the base with a slash at its end, where batches may go too.
    let slash = post(batch::batch)
        .fallback(problem::no_such_operation)
        .layer(from_fn_with_state(facade.clone(), cors::envelope));
    Router::new().nest(base, below).route(&format!("{base}/"), slash).with_state(facade)
}
