//! The one integration-test binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, and helpers outside of test functions are tests too"
)]

mod accounts;
mod cli;
mod conformance;
mod doors;
mod facade;
mod families;
mod faults;
mod fuzz;
mod hostile;
mod leaks;
mod leaks_http;
mod leaks_search;
mod mail;
mod matrix;
mod narrowing;
mod oauth;
mod oracle;
mod oracle_server;
mod oracle_world;
mod portal;
mod ranks;
mod registration;
mod requests;
mod server;
mod store;
mod support;
mod timing;
