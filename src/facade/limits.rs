//! How much may be asked of the FHIR endpoint: by address, by person, by app and by practice's system. Judged before anything
//! else is done for a request; nothing is written and nothing allocated for one that is let through. Each node counts for itself.

use std::time::Duration;

use crate::access::subject::{Actor, Subject};
use crate::domain::clock::SharedClock;
use crate::rate::{Limiter, Quota};
use crate::web::address::Network;

use super::problem::Problem;

/// Addresses that are kept apart while they owe something.
const ADDRESSES: usize = 8_192;
/// People, apps and systems that are.
const CALLERS: usize = 4_096;

/// How much is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From one address, whoever asks.
    pub address: Quota,
    /// From one address without a good token.
    pub unauthenticated: Quota,
    /// Of one person, by whatever apps.
    pub user: Quota,
    /// Of one app, of all its users together.
    pub app: Quota,
    /// Of one practice's system.
    pub system: Quota,
}

impl Limits {
    /// Everything is let through.
    pub const NONE: Self = Self {
        address: Quota::NONE,
        unauthenticated: Quota::NONE,
        user: Quota::NONE,
        app: Quota::NONE,
        system: Quota::NONE,
    };
}

/// The counters of one node.
#[derive(Debug)]
pub struct Throttle {
    clock: SharedClock,
    addresses: Limiter,
    unauthenticated: Limiter,
    users: Limiter,
    apps: Limiter,
    systems: Limiter,
}

/// Whose limit was met.
#[derive(Clone, Copy, Debug)]
enum Met {
    Address,
    Unauthenticated,
    User,
    App,
    System,
}

impl Met {
    const fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Unauthenticated => "unauthenticated",
            Self::User => "user",
            Self::App => "app",
            Self::System => "system",
        }
    }

    /// The refusal: says nothing but whose limit it was and when to come back.
    fn problem(self, wait: Duration) -> Problem {
        metrics::counter!("chartgate_throttled_total", "limit" => self.word()).increment(1);
        let whose = match self {
            Self::Address => "from this network address",
            Self::Unauthenticated => "without a valid access token from this network address",
            Self::User => "for this user",
            Self::App => "from this app",
            Self::System => "from this system",
        };
        Problem::too_many(format!("There were too many requests {whose}; please wait before the next."), wait)
    }
}

impl Throttle {
    /// Nothing counted yet.
    pub fn new(limits: Limits, clock: SharedClock) -> Self {
        Self {
            clock,
            addresses: Limiter::new(limits.address, ADDRESSES),
            unauthenticated: Limiter::new(limits.unauthenticated, ADDRESSES),
            users: Limiter::new(limits.user, CALLERS),
            apps: Limiter::new(limits.app, CALLERS),
            systems: Limiter::new(limits.system, CALLERS),
        }
    }

    /// Counts what comes from an address, before anything is known of who asks.
    pub(super) fn address(&self, network: Network, count: usize) -> Result<(), Problem> {
        let now = self.clock.now();
        self.addresses.take(&network, count, now).map_err(|wait| Met::Address.problem(wait))
    }

    /// Whether a token that is not known may be looked up: too many that were not good came from there.
    pub(super) fn may_look_up(&self, network: Network) -> Result<(), Problem> {
        let now = self.clock.now();
        self.unauthenticated.peek(&network, now).map_err(|wait| Met::Unauthenticated.problem(wait))
    }

    /// Counts a request without a good token.
    pub(super) fn unauthenticated(&self, network: Network) -> Result<(), Problem> {
        let now = self.clock.now();
        self.unauthenticated.take(&network, 1, now).map_err(|wait| Met::Unauthenticated.problem(wait))
    }

    /// Counts what a subject asks: a person and the app, or a practice's system.
    pub(super) fn subject(&self, subject: &Subject, count: usize) -> Result<(), Problem> {
        let now = self.clock.now();
        match (&subject.actor, &subject.client) {
            (Actor::Account(account), client) => {
                self.users.take(account, count, now).map_err(|wait| Met::User.problem(wait))?;
                let Some(client) = client else { return Ok(()) };
                self.apps.take(client, count, now).map_err(|wait| Met::App.problem(wait))
            }
            (Actor::Practice(practice), client) => {
                let system = (practice, client);
                self.systems.take(&system, count, now).map_err(|wait| Met::System.problem(wait))
            }
        }
    }
}
