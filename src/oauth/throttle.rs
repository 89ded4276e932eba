//! Slows down whoever gets it wrong at the endpoints that clients call (RFC 6749 2.3.1, RFC 9126 2.3, RFC 9700 4.13).
//!
//! Failures are counted by client and address together, and by address alone. A client's name alone is never counted: anybody
//! may send it, and would keep its owner out. For the same reason an address that is slowed down still serves the clients that
//! authenticated from it lately. Each node counts for itself, in memory of bounded size: what is guarded are secrets of 256
//! bits, which no rate of guessing finds; the point is that guessing costs the guesser more than us.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{self, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::domain::clock::Timestamp;
use crate::domain::secret::TokenHash;
use crate::rate::{Limiter, Quota, retry_after};
use crate::web::address::{ClientAddress, Network};
use crate::web::bodies::{self, NoBody};

use super::client_auth;
use super::error::OAuthError;
use super::json;
use super::params::Params;
use super::state::State;

/// The largest body that is read: a registration with a full key set.
const LARGEST: usize = 256 * 1024;
/// Counters kept of each kind; beyond that the least used are forgotten.
const KEPT: usize = 100_000;
/// Failures are forgotten this long after the last one.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// For how long a client that authenticated from an address is known there.
const KNOWN_FOR: Duration = Duration::from_hours(24);
/// An address may fail this many times as often as one client from it: there are many behind it.
const CLIENTS_BEHIND_ADDRESS: u32 = 5;
/// A whole minute's requests may come at once.
const BURST: Duration = Duration::from_mins(1);
/// Pairs of client and address whose requests are counted apart.
const PAIRS: usize = 8_192;

/// How much is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures of one client from one address that cost nothing; 0: failures are not counted.
    pub free_failures: u32,
    /// Requests of one client from one address a minute, whatever comes of them; 0: as many as it likes.
    pub requests_per_minute: u32,
}

impl Limits {
    /// Everything is let through.
    pub const NONE: Self = Self { free_failures: 0, requests_per_minute: 0 };
}

#[derive(Default)]
struct Counter {
    failures: u32,
    last_failure: Option<Timestamp>,
    blocked_until: Option<Timestamp>,
    succeeded: Option<Timestamp>,
}

impl Counter {
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.blocked_until.filter(|until| *until > now).map(|until| until.since(now))
    }

    fn failure(&mut self, now: Timestamp, free: u32) {
        if self.last_failure.is_none_or(|last| now.since(last) >= FORGOTTEN_AFTER) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(now);
        let over = self.failures.saturating_sub(free);
        if over > 0 {
            let wait = Duration::from_secs(1 << (over - 1).min(10)).min(LONGEST_WAIT);
            self.blocked_until = Some(now.plus(wait));
        }
    }
}

type Counters = Cache<TokenHash, Arc<Mutex<Counter>>>;

/// The counters of one node.
pub struct Throttle {
    limits: Limits,
    requests: Limiter,
    pairs: Counters,
    addresses: Counters,
}

/// Who asks, as far as the request says.
struct Asker {
    key: TokenHash,
    pair: Arc<Mutex<Counter>>,
    address: Arc<Mutex<Counter>>,
}

impl Throttle {
    /// Nothing counted yet.
    pub fn new(limits: Limits) -> Self {
        let quota = Quota { per_minute: limits.requests_per_minute, burst: BURST };
        let requests = Limiter::new(quota, PAIRS);
        Self { limits, requests, pairs: Counters::new(KEPT), addresses: Counters::new(KEPT) }
    }

    fn asker(&self, client: &str, address: &str) -> Asker {
        let counter = |counters: &Counters, key: &TokenHash| {
            // An infallible initialiser.
            let made = counters.get_or_insert_with(key, || Ok::<_, std::convert::Infallible>(Arc::default()));
            made.unwrap_or_default()
        };
        let network = format!("{:?}", Network::parse(address));
        // The address first: it holds no line break, so no client can spell another's pair.
        let key = TokenHash::of(&format!("{network}\n{client}"));
        Asker {
            pair: counter(&self.pairs, &key),
            address: counter(&self.addresses, &TokenHash::of(&network)),
            key,
        }
    }

    /// How long this asker has to wait; `None`: not at all.
    fn wait(&self, asker: &Asker, now: Timestamp) -> Option<Duration> {
        let pair = asker.pair.lock();
        let wait = pair.wait(now).or_else(|| self.requests.take(&asker.key, 1, now).err());
        if wait.is_some() {
            return wait;
        }
        let known = pair.succeeded.is_some_and(|at| now.since(at) < KNOWN_FOR);
        drop(pair);
        if known { None } else { asker.address.lock().wait(now) }
    }

    fn note(&self, asker: &Asker, failed: bool, now: Timestamp) {
        let free = self.limits.free_failures;
        if !failed {
            let mut pair = asker.pair.lock();
            pair.failures = 0;
            pair.succeeded = Some(now);
        } else if free > 0 {
            asker.pair.lock().failure(now, free);
            asker.address.lock().failure(now, free.saturating_mul(CLIENTS_BEHIND_ADDRESS));
        }
    }
}

/// Whether an error tells of a guess: at a client's credentials, a code, a refresh token or a verifier.
const fn is_guess(error: OAuthError) -> bool {
    matches!(
        error,
        OAuthError::InvalidClient
            | OAuthError::InvalidCode
            | OAuthError::CodeRedirectUri
            | OAuthError::CodeVerifier
            | OAuthError::InvalidRefreshToken
            | OAuthError::InvalidDpopProof
            | OAuthError::OtherKey
            | OAuthError::RegistrationToken
    )
}

/// Middleware of every endpoint that clients call.
pub async fn limit(extract::State(state): extract::State<State>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = match bodies::read(body, LARGEST).await {
        Ok(body) => body,
        Err(NoBody::TooLong) => return json::error(OAuthError::BodyTooLarge, &parts.headers),
        Err(NoBody::TooSlow) => return json::error(OAuthError::BodyTooSlow, &parts.headers),
    };
    let client = named(&parts.headers, &body);
    let asker = state.throttle().asker(&client, &ClientAddress::of(&parts.extensions).0);
    if let Some(wait) = state.throttle().wait(&asker, state.now()) {
        tracing::info!(%client, "a client has to wait");
        let mut response = json::error(OAuthError::TooManyRequests, &parts.headers);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after(wait)));
        return response;
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let error = response.extensions().get::<OAuthError>().copied();
    if response.status().is_success() || error.is_some_and(is_guess) {
        state.throttle().note(&asker, error.is_some(), state.now());
    }
    response
}

/// The client that a request names, without any proof; empty when it names none.
fn named(headers: &HeaderMap, body: &[u8]) -> String {
    let form = std::str::from_utf8(body).ok().and_then(Params::parse).unwrap_or_default();
    client_auth::named(headers, &form).map(|id| id.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { free_failures: 3, requests_per_minute: 10 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn fail(throttle: &Throttle, client: &str, address: &str, times: u32, now: Timestamp) {
        for _ in 0..times {
            throttle.note(&throttle.asker(client, address), true, now);
        }
    }

    fn wait(throttle: &Throttle, client: &str, address: &str, now: Timestamp) -> Option<u64> {
        throttle.wait(&throttle.asker(client, address), now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_few_failures_are_free_then_the_wait_doubles_up_to_a_minute() {
        let throttle = Throttle::new(Limits { requests_per_minute: 0, ..LIMITS });
        fail(&throttle, "app", "192.0.2.1", 3, at(0));
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), None);
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            fail(&throttle, "app", "192.0.2.1", 1, at(0));
            assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), Some(expected));
        }
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(60)), None);
        fail(&throttle, "app", "192.0.2.1", 1, at(700));
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(700)), None, "forgotten");
    }

    #[test]
    fn whoever_names_a_client_from_elsewhere_does_not_slow_it_down() {
        let throttle = Throttle::new(LIMITS);
        fail(&throttle, "app", "198.51.100.9", 100, at(0));
        assert!(wait(&throttle, "app", "198.51.100.9", at(0)).is_some());
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), None);
    }

    #[test]
    fn an_address_that_guesses_at_many_names_waits_but_who_is_known_there_does_not() {
        let throttle = Throttle::new(LIMITS);
        throttle.note(&throttle.asker("honest", "192.0.2.1"), false, at(0));
        for n in 0..20 {
            fail(&throttle, &format!("guess-{n}"), "192.0.2.1", 1, at(0));
        }
        assert!(wait(&throttle, "another", "192.0.2.1", at(0)).is_some());
        assert_eq!(wait(&throttle, "honest", "192.0.2.1", at(0)), None);
    }

    #[test]
    fn a_success_forgets_the_clients_failures() {
        let throttle = Throttle::new(LIMITS);
        fail(&throttle, "app", "192.0.2.1", 3, at(0));
        throttle.note(&throttle.asker("app", "192.0.2.1"), false, at(0));
        fail(&throttle, "app", "192.0.2.1", 3, at(0));
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), None);
    }

    #[test]
    fn requests_are_limited_by_the_minute() {
        let throttle = Throttle::new(LIMITS);
        for _ in 0..10 {
            assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), None);
        }
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(0)), Some(6));
        assert_eq!(wait(&throttle, "app", "192.0.2.2", at(0)), None);
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(5)), Some(1));
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(6)), None);
        assert_eq!(wait(&throttle, "app", "192.0.2.1", at(6)), Some(6), "one came free, and no more");
        let open = Throttle::new(Limits::NONE);
        fail(&open, "app", "192.0.2.1", 100, at(0));
        assert!((0..1000).all(|_| wait(&open, "app", "192.0.2.1", at(0)).is_none()));
    }
}
