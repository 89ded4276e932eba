//! Metrics, for the internal listener alone.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Bounds of the buckets of durations, in seconds: from a hit in the cache to an EHR that is about to be given up.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// The process's metrics.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// All of them in Prometheus text format.
    pub fn render(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Folds recorded samples into buckets. Call it every few seconds, or memory grows while nobody scrapes.
    pub fn upkeep(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

/// The process's metrics; the first call starts recording. Call it before anything that counts is made.
pub fn metrics() -> Metrics {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    INSTALLED.get_or_init(|| Metrics(install())).clone()
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(SECONDS).ok()?;
    // Fails when a recorder is there already, which then stays.
    let handle = builder.install_recorder().ok()?;
    describe();
    Some(handle)
}

fn describe() {
    describe_histogram!(
        "chartgate_request_seconds",
        Unit::Seconds,
        "Requests by method, route and class of status"
    );
    describe_counter!("chartgate_cache_answers_total", "Answers by how they were obtained and why");
    describe_counter!("chartgate_cache_evicted_total", "Entries that made room for others");
    describe_counter!("chartgate_cache_purges_total", "Purges by what they were about");
    describe_counter!("chartgate_cache_refreshed_total", "Answers asked for before they expired, by outcome");
    describe_counter!("chartgate_hooks_refused_total", "Calls of hooks with no secret or a wrong one");
    describe_counter!("chartgate_ehr_notifications_total", "Notifications of the EHR by what came of them");
    describe_gauge!("chartgate_cache_entries", "Entries in the cache");
    describe_gauge!("chartgate_cache_bytes", Unit::Bytes, "Memory of the entries in the cache");
    describe_histogram!("chartgate_ehr_request_seconds", Unit::Seconds, "Attempts at the EHR by outcome");
    describe_histogram!(
        "chartgate_ehr_wait_seconds",
        Unit::Seconds,
        "Waits for a turn at the EHR, of requests that had to wait"
    );
    describe_counter!(
        "chartgate_ehr_turned_away_total",
        "Requests that waited for a turn at the EHR in vain, by whose share was taken"
    );
    describe_counter!("chartgate_ehr_retries_total", "Further attempts at the EHR");
    describe_counter!(
        "chartgate_ehr_breaker_opened_total",
        "Times that the EHR was left alone after failures"
    );
    describe_counter!(
        "chartgate_throttled_total",
        "Requests to the FHIR endpoint that were answered 429, by the limit that they met"
    );
    describe_counter!("chartgate_ehr_tokens_total", "Access tokens asked of the EHR by outcome");
    describe_counter!(
        "chartgate_primary_care_failures_total",
        "PCP facts that could not be had from the EHR"
    );
}
