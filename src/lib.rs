//! Chartgate: what stands between outside clinicians and a children's hospital's EHR.

pub mod access;
pub mod accounts;
pub mod app;
pub mod audit;
pub mod cache;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod domain;
pub mod ehr;
pub mod facade;
pub mod fhir;
pub mod flight;
pub mod jobs;
pub mod lifecycle;
pub mod mail;
pub mod oauth;
pub mod outbound;
pub mod portal;
pub mod records;
pub mod sandbox;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod web;
