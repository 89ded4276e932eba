//! The authorization server from outside. Rows are those of SMART App Launch 2.2.

mod attacks;
mod authorize;
mod backend;
mod clients;
mod consent;
mod discovery;
mod dpop;
mod fapi;
mod hardening;
mod harness;
mod launch;
mod logout;
mod model;
mod par;
mod races;
mod refresh;
mod register;
mod rotation;
mod rows;
mod signing;
mod throttle;
mod token;
mod tokens;
