//! The one integration-test binary.

mod ranks;
mod server;
