//! The one integration-test binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, and helpers outside of test functions are tests too"
)]

mod accounts;
mod doors;
mod leaks;
mod mail;
mod leaks_search;
mod matrix;
mod oauth;
mod oracle;
mod oracle_world;
mod facade;
mod portal;
mod cli;
mod ranks;
mod server;
mod store;
mod support;
