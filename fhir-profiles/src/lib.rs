//! Chartgate's own FHIR definitions, and the only code that names fhir-sdk: bytes in, small plain facts out, and the
//! resources that the product authors out as bytes. No generics cross this boundary (DESIGN.md 10).
//!
//! What is read, is read element by element: an envelope of our own picks the elements that matter and fhir-sdk's data types
//! read each of them. A code that the EHR invented elsewhere in the resource then costs nothing.

pub mod audit_event;
pub mod brands;
pub mod capability;
pub mod compartment;
pub mod group;
pub mod links;
pub mod outcome;
pub mod practitioner;
pub mod primary_care;
pub mod reference;
pub mod search_table;
pub mod summary;

/// The bytes are not the resource that they were said to be. Never quotes them: they are PHI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a readable {0}")]
pub struct Unreadable(pub &'static str);
