//! The demo hospital's FHIR R4 server: what Chartgate calls "upstream", over real HTTP on a port of its own.
//!
//! It demands SMART Backend Services, answers read, vread, history, search and paging as EHRs do, and has [`Knobs`]
//! that make it slow, failing, throttled, unreachable, forgetful of parameters or talkative.
//!
//! ```text
//! GET  {base}/metadata                       CapabilityStatement          no token
//! GET  {base}/.well-known/smart-configuration                             no token
//! POST {origin}/oauth2/token                 client_credentials with private_key_jwt
//! GET  {base}/{Type}/{id}[/_history[/{v}]]   read, history, vread
//! GET  {base}/{Type}?...   POST {base}/{Type}/_search                     search
//! GET  {base}/{Type}?sessionID=...           a further page, as the next link says
//! *    {origin}/sandbox/...                  the knobs, see the module admin  no token
//! ```

mod admin;
mod bundle;
mod capability;
pub mod knobs;
mod listen;
mod matching;
mod outcome;
mod pages;
mod query;
mod routes;
mod search;
pub mod subscriptions;
pub mod token;
mod world;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::domain::clock::SharedClock;
use crate::domain::random::SharedRandom;
use crate::sandbox::hospital::Hospital;
use pages::Pages;
use subscriptions::Subscriptions;
use token::{BackendClient, Tokens};

pub use knobs::{Down, KnobSettings, Knobs};
pub use outcome::Refusal;
pub use world::World;

/// Who may ask.
#[derive(Clone, Debug)]
pub enum EhrAuth {
    /// Anybody, from any page: for developing the viewer.
    Open,
    /// Clients that sign assertions (SMART Backend Services).
    BackendServices(Vec<BackendClient>),
}

/// How the server runs.
#[derive(Clone, Debug)]
pub struct EhrOptions {
    /// Its FHIR base URL, such as `http://127.0.0.1:9099/r4`. The path is served, the origin is used in links.
    pub base_url: Url,
    /// The clock.
    pub clock: SharedClock,
    /// Randomness for tokens and page handles.
    pub random: SharedRandom,
    /// Who may ask.
    pub auth: EhrAuth,
    /// What goes wrong.
    pub knobs: Arc<Knobs>,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

/// A server, cheap to clone: keep one to turn its knobs and change its records while it runs.
#[derive(Clone, Debug)]
pub struct Ehr(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: World,
    base: String,
    origin: String,
    path: String,
    tokens: Option<Tokens>,
    pages: Pages,
    knobs: Arc<Knobs>,
    subscriptions: Subscriptions,
    shutdown: CancellationToken,
}

impl Ehr {
    /// A server for `hospital`. Nothing listens yet.
    pub fn new(hospital: Hospital, options: EhrOptions) -> Self {
        let base = options.base_url.as_str().trim_end_matches('/').to_owned();
        let path = options.base_url.path().trim_end_matches('/').to_owned();
        let origin = base.strip_suffix(&path).unwrap_or(&base).to_owned();
        let (clock, random) = (options.clock, options.random);
        let tokens = match options.auth {
            EhrAuth::Open => None,
            EhrAuth::BackendServices(clients) => Some(Tokens::new(
                clients,
                format!("{origin}/oauth2/token"),
                Arc::clone(&clock),
                Arc::clone(&random),
            )),
        };
        Self(Arc::new(Inner {
            world: World::new(hospital, Arc::clone(&clock)),
            base,
            origin,
            path,
            tokens,
            pages: Pages::new(clock, random),
            knobs: options.knobs,
            subscriptions: Subscriptions::default(),
            shutdown: options.shutdown,
        }))
    }

    /// The hospital as it stands, to look at and to change.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// The knobs.
    pub fn knobs(&self) -> &Arc<Knobs> {
        &self.0.knobs
    }

    /// Those who are told of changes.
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.0.subscriptions
    }

    /// The FHIR base URL, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.0.base
    }

    /// The token endpoint: the audience of assertions.
    pub fn token_url(&self) -> String {
        format!("{}/oauth2/token", self.0.origin)
    }

    /// Revokes every token, as a restart would.
    pub fn forget_tokens(&self) {
        if let Some(tokens) = &self.0.tokens {
            tokens.forget();
        }
    }

    /// Answers requests on `listener` until the shutdown token is cancelled.
    pub async fn serve(&self, listener: TcpListener) {
        listen::run(self.clone(), listener).await;
    }
}

/// Runs a server for `hospital` on `listener` until `options.shutdown` is cancelled.
pub async fn serve(listener: TcpListener, hospital: Hospital, options: EhrOptions) {
    Ehr::new(hospital, options).serve(listener).await;
}

#[cfg(test)]
mod tests;
