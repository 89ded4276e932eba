//! The one integration-test binary.

mod leaks;
mod oracle_world;
mod ranks;
mod server;
mod store;
mod support;
