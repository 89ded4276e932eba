//! Rank 2: THE policy. Who may see what is decided here and nowhere else (DESIGN.md 2).
//!
//! Two locks: [`permit::Permit`], without which `ehr` and `cache` give nothing, and [`released::Released`], without which no
//! clinical answer can be built. Both can be made in this module alone.

pub mod authorizer;
pub mod doors;
pub mod explain;
pub mod facts;
pub mod forget;
pub mod frame;
mod gather;
pub mod identify;
pub mod kinds;
mod panel;
pub mod payer;
pub mod permit;
pub mod policy;
pub mod refusal;
mod release;
pub mod released;
pub mod sources;
pub mod subject;
pub mod unreleased;
pub mod upstream;
