//! The internal listener: health for the orchestrator, metrics for the scraper. Never exposed.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

use crate::store::Store;
use crate::telemetry::Metrics;

/// `/healthz`: the process answers. `/readyz`: the database answers too. `/metrics`: Prometheus text.
pub fn router(store: Store, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || metrics.render()))
        .with_state(store)
}

/// The EHR's state is no part of readiness: without it pages still say so, and cached records are still served.
async fn ready(State(store): State<Store>) -> (StatusCode, &'static str) {
    match store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
