//! Chartgate: what stands between outside clinicians and a children's hospital's EHR.

pub mod access;
pub mod config;
pub mod credentials;
pub mod domain;
pub mod fhir;
pub mod lifecycle;
pub mod oauth;
pub mod server;
pub mod store;
pub mod tls;
pub mod web;
