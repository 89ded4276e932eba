//! Getting one answer out of the EHR: bounded in number, time and repetition, and authenticated.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use crate::access::upstream::UpstreamError;
use crate::domain::clock::SharedClock;
use crate::domain::random::SharedRandom;
use crate::outbound::{HttpClient, OutboundError, OutboundRequest};

use super::breaker::Breaker;
use super::gate::{Asker, Gate, Place};
use super::health::{EhrHealth, Seen};
use super::options::EhrOptions;
use super::token::TokenSource;

/// The longest `Retry-After` that is passed on: what an EHR says beyond it cannot be meant.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(super) struct Transport {
    http: HttpClient,
    tokens: TokenSource,
    breaker: Breaker,
    gate: Gate,
    patience: Duration,
    seen: Seen,
    timeout: Duration,
    retries: u32,
    first_wait: Duration,
    clock: SharedClock,
    random: SharedRandom,
}

/// How one attempt ended.
enum Attempt {
    /// An answer to hand on.
    Answer(Response<Bytes>),
    /// A failure that may pass, and the wait that the EHR asked for.
    Again(UpstreamError, Option<Duration>),
    /// A failure that will not pass by asking again.
    Final(UpstreamError),
}

impl Transport {
    pub(super) fn new(
        options: &EhrOptions,
        http: HttpClient,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, UpstreamError> {
        let tokens = TokenSource::new(options, http.clone(), clock.clone(), random.clone())?;
        Ok(Self {
            http,
            tokens,
            breaker: Breaker::new(options.breaker, clock.clone()),
            gate: Gate::new(options.places()),
            patience: options.patience,
            seen: Seen::default(),
            timeout: options.timeout,
            retries: options.retries,
            first_wait: options.first_wait,
            clock,
            random,
        })
    }

    /// Whether the EHR is being left alone for now.
    pub(super) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// How long a request may wait for its turn.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn health(&self) -> EhrHealth {
        EhrHealth { load: self.gate.load(), ..self.seen.health(self.breaker.state(), self.tokens.state()) }
    }

    /// GET `url` when it is the asker's turn. Whatever comes back with a status below 500, except 429, is an answer. `what` names the request in logs
    /// without values.
    pub(super) async fn get(
        &self,
        asker: &Asker,
        url: Url,
        headers: HeaderMap,
        what: &str,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let mut place = self.enter(asker, Instant::now() + self.patience, what).await?;
        // From here on: what the EHR has to answer in is not used up by waiting for it.
        let deadline = Instant::now() + self.timeout;
        let request = OutboundRequest { headers, ..OutboundRequest::get(url) };
        let mut tries = 0;
        loop {
            let (error, told) = match self.attempt(place, request.clone(), deadline, what).await {
                Attempt::Answer(answer) => return Ok(answer),
                Attempt::Final(error) => return Err(error),
                Attempt::Again(error, told) => (error, told),
            };
            let wait = told.unwrap_or_else(|| self.wait_before(tries));
            if tries >= self.retries || Instant::now() + wait >= deadline {
                return Err(error);
            }
            tries += 1;
            metrics::counter!("chartgate_ehr_retries_total").increment(1);
            tokio::time::sleep(wait).await;
            place = self.enter(asker, deadline, what).await?;
        }
    }

    async fn enter(&self, asker: &Asker, until: Instant, what: &str) -> Result<Place, UpstreamError> {
        self.gate.enter(asker, until).await.inspect_err(|error| {
            tracing::warn!(what, %error, "no place free for a request to the EHR");
        })
    }

    async fn attempt(
        &self,
        place: Place,
        request: OutboundRequest,
        deadline: Instant,
        what: &str,
    ) -> Attempt {
        let admission = match self.breaker.admit() {
            Ok(admission) => admission,
            Err(pause) => return Attempt::Final(UpstreamError::Unavailable { retry_after: Some(pause) }),
        };
        let started = Instant::now();
        let sent = tokio::time::timeout_at(deadline, self.send(request)).await;
        drop(place);
        let (attempt, outcome) = match sent {
            Ok(Ok(answer)) => self.judge(answer),
            Ok(Err(error)) => error,
            Err(_elapsed) => (Attempt::Final(UpstreamError::Timeout), "timeout"),
        };
        if matches!(outcome, "timeout" | "unreachable" | "server_error") {
            admission.failed();
        } else {
            admission.answered();
        }
        metrics::histogram!("chartgate_ehr_request_seconds", "outcome" => outcome)
            .record(started.elapsed().as_secs_f64());
        self.seen.note(outcome, started.elapsed(), self.clock.now());
        if outcome != "ok" {
            tracing::warn!(what, outcome, "a request to the EHR failed");
        }
        attempt
    }

    /// Sends with our token; a token that the EHR refuses is renewed once.
    async fn send(&self, mut request: OutboundRequest) -> Result<Response<Bytes>, (Attempt, &'static str)> {
        let bearer = self.tokens.bearer().await.map_err(token_failure)?;
        if let Some(bearer) = &bearer {
            request.headers.insert(header::AUTHORIZATION, bearer.header.clone());
        }
        let answer = self.http.send(request.clone()).await.map_err(|error| send_failure(&error))?;
        match &bearer {
            Some(refused) if answer.status() == StatusCode::UNAUTHORIZED && self.tokens.refused(refused) => {
                if let Some(renewed) = self.tokens.bearer().await.map_err(token_failure)? {
                    request.headers.insert(header::AUTHORIZATION, renewed.header.clone());
                }
                let answer = self.http.send(request).await.map_err(|error| send_failure(&error))?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    self.tokens.useless();
                }
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    fn judge(&self, answer: Response<Bytes>) -> (Attempt, &'static str) {
        let status = answer.status();
        let retry_after = self.retry_after(answer.headers());
        if status == StatusCode::TOO_MANY_REQUESTS {
            (Attempt::Again(UpstreamError::Throttled { retry_after }, retry_after), "throttled")
        } else if status == StatusCode::NOT_IMPLEMENTED {
            (Attempt::Answer(answer), "ok")
        } else if status.is_server_error() {
            (Attempt::Again(UpstreamError::Unavailable { retry_after }, retry_after), "server_error")
        } else {
            (Attempt::Answer(answer), "ok")
        }
    }

    /// `Retry-After` in either of its forms (RFC 9110, 10.2.3).
    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
        }
        let until = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        let now = Duration::from_millis(u64::try_from(self.clock.now().as_millis()).ok()?);
        Some(until.saturating_sub(now).min(LONGEST_WAIT))
    }

    /// Doubles with each try; drawn from its upper half so that many waiters do not come back at once.
    fn wait_before(&self, tries: u32) -> Duration {
        let whole = self.first_wait.saturating_mul(2_u32.saturating_pow(tries));
        let mut drawn = [0_u8; 4];
        self.random.fill(&mut drawn);
        let share = f64::from(u32::from_le_bytes(drawn)) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + share / 2.0)
    }
}

/// A token could not be had. Its own request was logged where it failed.
fn token_failure(error: UpstreamError) -> (Attempt, &'static str) {
    match error {
        UpstreamError::Forbidden => (Attempt::Final(error), "no_token"),
        UpstreamError::Timeout => (Attempt::Final(error), "timeout"),
        _ => (Attempt::Again(error, None), "unreachable"),
    }
}

fn send_failure(error: &OutboundError) -> (Attempt, &'static str) {
    tracing::debug!(%error, "the EHR did not answer");
    match error {
        OutboundError::Connect(_) | OutboundError::Interrupted(_) => {
            (Attempt::Again(UpstreamError::Unavailable { retry_after: None }, None), "unreachable")
        }
        OutboundError::Timeout => (Attempt::Final(UpstreamError::Timeout), "timeout"),
        OutboundError::TooLarge => (Attempt::Final(UpstreamError::TooLarge), "too_large"),
        OutboundError::Refused(_) | OutboundError::Setup(_) => {
            tracing::error!(%error, "the EHR's address cannot be used");
            (Attempt::Final(UpstreamError::Unavailable { retry_after: None }), "misconfigured")
        }
    }
}
