//! The authorization server from outside. Rows are those of SMART App Launch 2.2.

mod authorize;
mod backend;
mod clients;
mod consent;
mod discovery;
mod dpop;
mod harness;
mod launch;
mod model;
mod par;
mod refresh;
mod signing;
mod token;
mod tokens;
