//! The authorization server from outside. Rows are those of SMART App Launch 2.2.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

mod authorize;
mod backend;
mod clients;
mod consent;
mod discovery;
mod harness;
mod launch;
mod refresh;
mod signing;
mod token;
mod tokens;
