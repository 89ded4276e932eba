//! Rank 3: what the EHR said, kept for a while. Lies under the policy: keyed by interaction, never by caller, and every hit is
//! released again (DESIGN.md 4).

mod ahead;
mod counters;
mod entry;
mod fetch;
mod index;
mod options;
mod report;
mod shelf;

#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub use fetch::Cache;
pub use options::CacheOptions;
pub use report::{Lately, Reason, Report, TypeReport};
