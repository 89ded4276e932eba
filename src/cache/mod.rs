//! Rank 3: what the EHR said, kept for a while. Lies under the policy: keyed by interaction, never by caller, and every hit is
//! released again (DESIGN.md 4).

mod counters;
mod entry;
mod fetch;
mod index;
mod options;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub use fetch::Cache;
pub use options::CacheOptions;
