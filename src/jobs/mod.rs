//! Rank 5: work that runs beside the requests.

pub mod digest;
pub mod outbox;
pub mod refresh;
