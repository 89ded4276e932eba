//! A proxy that stands in front of a FHIR server and makes it misbehave: for tests, for scripts beside the demo, and by hand
//! (`cargo run --example fault_proxy`). What comes of each fault is in `docs/EHR.md`.
//!
//! ```text
//! *    {origin}/...           passed on, with the fault that the schedule names
//! PUT  {origin}/.faults       {"faults": ["throttled"], "on": "Observation", "times": 2}   a new schedule
//! GET  {origin}/.faults       what was passed on: [{"request": "GET /r4/Patient/p1", "fault": "throttled"}, ...]
//! ```

mod alter;
mod fault;
mod proxy;
mod schedule;
mod wire;

pub use alter::{MARKER, STRANGER};
pub use fault::Fault;
pub use proxy::{Passed, Proxy, ProxyOptions};
pub use schedule::Schedule;
