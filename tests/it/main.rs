//! The one integration-test binary.

mod ranks;
