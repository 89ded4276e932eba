//! The demo hospital: a synthetic EHR with its population, for `chartgate demo`, tests and benchmarks. Not routed in
//! production.

pub mod cast;
pub mod ehr;
pub mod faults;
pub mod hospital;
pub mod identity;
pub mod mailbox;
