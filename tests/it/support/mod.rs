//! What several test modules need.

pub mod databases;
pub mod postgres;
