//! The access token for the EHR: fetched once for all who wait for it, renewed ahead of its expiry (SMART Backend Services).

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, header};
use oauth2::basic::{BasicClient, BasicRequestTokenError};
use oauth2::{AuthType, ClientId, RequestTokenError, Scope, TokenResponse as _, TokenUrl};
use parking_lot::Mutex;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::Url;

use crate::access::upstream::UpstreamError;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::SharedRandom;
use crate::flight::Flights;
use crate::outbound::{HttpClient, OutboundError, OutboundRequest};

use super::assertion::{AssertionSigner, claims};
use super::health::TokenState;
use super::options::{EhrAuth, EhrOptions};
use super::url::beneath;

/// Life assumed of a token whose answer does not say (SMART recommends five minutes).
const LIFE_UNSAID: Duration = Duration::from_mins(5);

/// Life that is believed of any token.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// Life that a token has here although its answer says less, so that there is not a request for a token with each request: an
/// EHR that means it refuses the token.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);

/// How long a failure is the answer for everybody, so that a queue of waiters does not become a queue of attempts.
const FAILURE_STANDS: Duration = Duration::from_secs(1);

/// A token in use.
#[derive(Debug)]
pub(super) struct Bearer {
    /// `Authorization`, marked sensitive.
    pub(super) header: HeaderValue,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) enum TokenSource {
    /// No `Authorization` at all.
    None,
    /// Always the same.
    Static(Arc<Bearer>),
    /// SMART Backend Services.
    Backend(Arc<BackendTokens>),
}

impl TokenSource {
    pub(super) fn new(
        options: &EhrOptions,
        http: HttpClient,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, UpstreamError> {
        Ok(match &options.auth {
            EhrAuth::None => Self::None,
            EhrAuth::StaticToken(token) => Self::Static(Arc::new(Bearer {
                header: bearer_header(token.expose_secret())?,
                renew_at: Timestamp::from_millis(i64::MAX),
                expires_at: Timestamp::from_millis(i64::MAX),
            })),
            EhrAuth::BackendServices { client_id, signer, token_url, scope } => {
                Self::Backend(Arc::new(BackendTokens {
                    client_id: client_id.clone(),
                    signer: Arc::clone(signer),
                    configured_url: token_url.clone(),
                    scope: scope.clone(),
                    limit: options.timeout * 3 / 4,
                    base: options.base.clone(),
                    http,
                    clock,
                    random,
                    current: ArcSwapOption::empty(),
                    discovered_url: ArcSwapOption::empty(),
                    last_failure: Mutex::new(None),
                    flights: Flights::default(),
                }))
            }
        })
    }

    /// A token that is good now; `None` where there is none to send.
    pub(super) async fn bearer(&self) -> Result<Option<Arc<Bearer>>, UpstreamError> {
        match self {
            Self::None => Ok(None),
            Self::Static(bearer) => Ok(Some(Arc::clone(bearer))),
            Self::Backend(tokens) => BackendTokens::bearer(tokens).await.map(Some),
        }
    }

    pub(super) fn state(&self) -> TokenState {
        let Self::Backend(tokens) = self else { return TokenState::NotNeeded };
        let current = tokens.current.load_full().filter(|bearer| tokens.clock.now() < bearer.expires_at);
        match (current, &*tokens.last_failure.lock()) {
            (Some(bearer), _) => TokenState::Good { until: bearer.expires_at },
            (None, Some((at, _))) => TokenState::Failed { at: *at },
            (None, None) => TokenState::Absent,
        }
    }

    /// Tells that the EHR refused `bearer` (401). Returns whether another can be had.
    pub(super) fn refused(&self, bearer: &Arc<Bearer>) -> bool {
        let Self::Backend(tokens) = self else { return false };
        // Only the token that was refused goes: another request may have renewed it already.
        let current = tokens.current.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, bearer)) {
            tokens.current.compare_and_swap(&*current, None);
        }
        true
    }
}

impl TokenSource {
    /// Tells that the EHR refused a token that it had just given out: for a moment no other is asked for.
    pub(super) fn useless(&self) {
        if let Self::Backend(tokens) = self {
            tokens.current.store(None);
            *tokens.last_failure.lock() = Some((tokens.clock.now(), UpstreamError::Forbidden));
        }
    }
}

fn bearer_header(token: &str) -> Result<HeaderValue, UpstreamError> {
    let mut header =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| UpstreamError::Forbidden)?;
    header.set_sensitive(true);
    Ok(header)
}

/// SMART Backend Services against one EHR.
#[derive(Debug)]
pub(super) struct BackendTokens {
    client_id: String,
    signer: Arc<dyn AssertionSigner>,
    configured_url: Option<Url>,
    scope: String,
    limit: Duration,
    base: Url,
    http: HttpClient,
    clock: SharedClock,
    random: SharedRandom,
    current: ArcSwapOption<Bearer>,
    discovered_url: ArcSwapOption<Url>,
    last_failure: Mutex<Option<(Timestamp, UpstreamError)>>,
    flights: Flights<(), Result<Arc<Bearer>, UpstreamError>>,
}

#[derive(Deserialize)]
struct SmartConfiguration {
    token_endpoint: Url,
}

impl BackendTokens {
    async fn bearer(self: &Arc<Self>) -> Result<Arc<Bearer>, UpstreamError> {
        let now = self.clock.now();
        if let Some(current) = self.current.load_full()
            && now < current.expires_at
        {
            if now >= current.renew_at {
                // Nobody waits for a renewal while the old token still works.
                let (renewing, than) = (Arc::clone(self), current.expires_at);
                tokio::spawn(async move { renewing.renew(Some(than)).await });
            }
            return Ok(current);
        }
        self.renew(None).await
    }

    /// A token that expires later than `than`, by one request however many ask.
    async fn renew(&self, than: Option<Timestamp>) -> Result<Arc<Bearer>, UpstreamError> {
        let work = || async {
            let now = self.clock.now();
            let good = |held: &Arc<Bearer>| held.expires_at > than.unwrap_or(now);
            if let Some(held) = self.current.load_full().filter(good) {
                return Ok(held);
            }
            if let Some((at, error)) = self.last_failure.lock().clone()
                && now.since(at) < FAILURE_STANDS
            {
                return Err(error);
            }
            // Less than whoever waits has, so that they hear of it, and of the failure all who come after.
            let result = tokio::time::timeout(self.limit, self.request(now)).await;
            let result = result.unwrap_or(Err(UpstreamError::Timeout));
            match &result {
                Ok(bearer) => self.current.store(Some(Arc::clone(bearer))),
                Err(error) => *self.last_failure.lock() = Some((now, error.clone())),
            }
            result
        };
        self.flights.share(&(), work).await.0
    }

    async fn request(&self, now: Timestamp) -> Result<Arc<Bearer>, UpstreamError> {
        let url = self.token_url().await?;
        let claims = claims(&self.client_id, url.as_str(), now, &*self.random);
        let assertion = self.signer.sign(&claims).map_err(|error| {
            tracing::error!(%error, "the assertion for the EHR cannot be signed");
            UpstreamError::Forbidden
        })?;
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(url));
        let answer = client
            .exchange_client_credentials()
            .add_scope(Scope::new(self.scope.clone()))
            .add_extra_param(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .add_extra_param("client_assertion", assertion)
            .request_async(&self.http)
            .await;
        let answer = answer.map_err(|error| self.failed(&error))?;
        metrics::counter!("chartgate_ehr_tokens_total", "outcome" => "ok").increment(1);
        let life = answer.expires_in().unwrap_or(LIFE_UNSAID).clamp(SHORTEST_LIFE, LONGEST_LIFE);
        Ok(Arc::new(Bearer {
            header: bearer_header(answer.access_token().secret())?,
            renew_at: now.plus(life * 4 / 5),
            expires_at: now.plus(life),
        }))
    }

    /// The token endpoint: configured, or what the EHR's `.well-known/smart-configuration` names.
    async fn token_url(&self) -> Result<Url, UpstreamError> {
        if let Some(url) = &self.configured_url {
            return Ok(url.clone());
        }
        if let Some(url) = self.discovered_url.load_full() {
            return Ok((*url).clone());
        }
        let request = OutboundRequest::get(beneath(&self.base, ".well-known/smart-configuration")?)
            .with(header::ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.http.send(request).await.map_err(|error| {
            tracing::warn!(%error, "the EHR's smart-configuration cannot be read");
            unreachable(&error)
        })?;
        let found: SmartConfiguration = serde_json::from_slice(answer.body()).map_err(|_| {
            tracing::warn!(
                status = answer.status().as_u16(),
                "the EHR's smart-configuration names no token endpoint"
            );
            UpstreamError::Unavailable { retry_after: None }
        })?;
        self.discovered_url.store(Some(Arc::new(found.token_endpoint.clone())));
        Ok(found.token_endpoint)
    }

    fn failed(&self, error: &BasicRequestTokenError<OutboundError>) -> UpstreamError {
        // It may have moved: ask again next time.
        self.discovered_url.store(None);
        metrics::counter!("chartgate_ehr_tokens_total", "outcome" => "failed").increment(1);
        match error {
            RequestTokenError::ServerResponse(refusal) => {
                let code = refusal.error().to_string();
                tracing::error!(code, "the EHR refused us a token");
                UpstreamError::Forbidden
            }
            RequestTokenError::Request(error) => {
                tracing::warn!(%error, "the EHR's token endpoint cannot be reached");
                unreachable(error)
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                tracing::warn!("the EHR's token endpoint sent an answer that cannot be read");
                UpstreamError::Unavailable { retry_after: None }
            }
        }
    }
}

fn unreachable(error: &OutboundError) -> UpstreamError {
    match error {
        OutboundError::Timeout => UpstreamError::Timeout,
        _ => UpstreamError::Unavailable { retry_after: None },
    }
}
