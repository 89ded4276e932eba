//! Rank 1: FHIR R4 as the policy needs it. Requests become an [`interaction::Interaction`] once; bodies become an
//! [`index::IndexedBody`] once. No I/O.

pub mod compartment;
pub mod everything;
pub mod identity;
pub mod index;
pub mod interaction;
pub mod label;
pub mod reference;
pub mod resource_type;
pub mod scope;
pub mod search;
pub mod subset;
