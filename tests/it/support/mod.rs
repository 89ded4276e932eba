//! What several test modules need.

pub mod databases;
pub mod dpop;
pub mod postgres;
