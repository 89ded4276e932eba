//! Rank 5: the FHIR endpoint. The router's captures become one typed request, once; [`Records`] answers it; what it
//! released becomes HTTP here. Read-only: there is no route that writes (S-64).

mod accept;
mod answer;
mod batch;
mod bearer;
mod binary;
mod cors;
mod envelope;
mod limits;
mod metadata;
mod operations;
mod problem;
mod read;
mod refusals;
mod search;
mod versions;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::accounts::failures::FailureLog;
use crate::domain::random::SharedRandom;
use crate::records::Records;
use crate::web::proofs::Proofs;

pub use self::bearer::{Holder, TokenSource, TokensUnavailable};
pub use self::cors::Origins;
use self::envelope::Around;
pub use self::limits::{Limits, Throttle};
pub use self::metadata::Endpoints;

/// The state of the FHIR endpoint.
pub struct Facade {
    records: Arc<Records>,
    tokens: Arc<dyn TokenSource>,
    origins: Arc<dyn Origins>,
    endpoints: Endpoints,
    random: SharedRandom,
    proofs: Option<Proofs>,
    throttle: Throttle,
    statement: ArcSwapOption<metadata::Statement>,
}

impl Facade {
    /// The endpoint over `records`. `tokens` says whom an access token stands for, `origins` which web apps may call from a
    /// browser, `endpoints` what the CapabilityStatement says of the authorization server, `proofs` checks proofs of
    /// possession; without it tokens that are bound to a key are of no use. `throttle` limits how much is asked.
    pub fn new(
        records: Arc<Records>,
        tokens: Arc<dyn TokenSource>,
        origins: Arc<dyn Origins>,
        endpoints: Endpoints,
        random: SharedRandom,
        proofs: Option<Proofs>,
        throttle: Throttle,
    ) -> Arc<Self> {
        Arc::new(Self {
            records,
            tokens,
            origins,
            endpoints,
            random,
            proofs,
            throttle,
            statement: ArcSwapOption::empty(),
        })
    }
}

/// The routes of the FHIR endpoint, whole paths below `base` (`/fhir/r4`); the app merges them. `refused` is where refused requests
/// that held a token are told to whoever registered its client. Requests are numbered and logged here: no layer for that is needed.
pub fn routes(facade: Arc<Facade>, refused: Option<Arc<FailureLog>>, base: &str) -> Router {
    let at = |path: &str| format!("{base}{path}");
    let elsewhere = Router::new().fallback(problem::no_such_operation);
    Router::new()
        .route(base, post(batch::batch).fallback(problem::no_such_operation))
        .route(&at("/"), post(batch::batch).fallback(problem::no_such_operation))
        .route(&at("/metadata"), get(metadata::metadata).fallback(problem::read_only))
        .route(&at("/{type}"), get(search::by_get).fallback(problem::read_only))
        .route(&at("/{type}/_search"), post(search::by_post).get(search::by_get).fallback(problem::read_only))
        .route(
            &at("/DocumentReference/$docref"),
            get(operations::docref_by_get).post(operations::docref_by_post).fallback(problem::read_only),
        )
        .route(&at("/{type}/{id}"), get(read::read).fallback(problem::read_only))
        .route(&at("/{type}/{id}/$everything"), get(operations::everything).fallback(problem::read_only))
        .route(&at("/{type}/{id}/_history"), get(versions::history).fallback(problem::read_only))
        .route(&at("/{type}/{id}/_history/{version}"), get(versions::version).fallback(problem::read_only))
        // Nested for its fallback alone. Routes are whole paths, so that no request's path is taken apart and put together again.
        .nest(base, elsewhere)
        .layer(from_fn_with_state(Arc::new(Around { facade: facade.clone(), refused }), envelope::envelope))
        .with_state(facade)
}
