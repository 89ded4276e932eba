//! For whom the EHR is asked: what bounds and fairness count by.

use crate::domain::ids::ClientId;

use super::permit::{FactLookup, Permit};
use super::subject::{Actor, Subject};

/// For whom something is asked of the EHR. It permits nothing, and is no part of any cache key: an answer is the same whoever
/// pays for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// A person or a practice's system, by a client.
    Caller {
        /// Who.
        actor: Actor,
        /// By what; `None`: the portal.
        client: Option<ClientId>,
    },
    /// The product itself: what the EHR declares, panels.
    Product,
}

impl Payer {
    /// The client; `None` for the portal and the product itself.
    pub fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Caller { client, .. } => client.as_ref(),
            Self::Product => None,
        }
    }
}

impl Subject {
    /// Who pays for what this subject asks.
    pub fn payer(&self) -> Payer {
        Payer::Caller { actor: self.actor.clone(), client: self.client.clone() }
    }
}

impl Permit {
    /// Who pays for the fetch.
    pub fn payer(&self) -> Payer {
        self.subject.payer()
    }
}

impl FactLookup {
    /// Who pays for the look-up.
    pub fn payer(&self) -> &Payer {
        &self.payer
    }
}
