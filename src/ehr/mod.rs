//! Rank 3: the hospital's FHIR server. The only module that talks to it, and only under a
//! [`Permit`](crate::access::permit::Permit) or on behalf of the policy itself (DESIGN.md 5).

mod answer;
mod assertion;
mod breaker;
mod capabilities;
mod client;
mod families;
mod freshness;
mod gate;
mod groups;
mod health;
mod manners;
mod options;
mod panel;
mod primary_care;
mod remembered;
mod roster;
mod route;
mod token;
mod transport;
mod url;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod gate_tests;
#[cfg(test)]
mod primary_care_tests;
#[cfg(test)]
mod token_tests;

pub use assertion::AssertionSigner;
pub use capabilities::{EhrCapabilities, TypeCapabilities};
pub use client::Ehr;
pub use gate::Interest;
pub use groups::GroupRef;
pub use health::{BreakerState, EhrHealth, Load, TokenState};
pub use options::{BreakerOptions, EhrAuth, EhrOptions, PrimaryCareOptions, RequiredParameters};
pub use primary_care::{EhrPrimaryCare, ListHealth, PrimaryCareHealth, RouteHealth};
pub use roster::{RosterError, RosterFile};
pub use route::PanelRoute;
