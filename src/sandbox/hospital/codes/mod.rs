//! Clinical vocabulary of the demo hospital: what is measured, given, found and done, in the codes that EHRs use.

pub mod dx;
pub mod labs;
pub mod meds;
pub mod procedures;
pub mod vaccines;
