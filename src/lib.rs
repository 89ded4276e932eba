//! Chartgate: what stands between outside clinicians and a children's hospital's EHR.
//!
//! The map. A module uses only modules of a lower rank; siblings do not import each other (`tests/it/ranks.rs`).
//!
//! | rank | modules |
//! |---|---|
//! | 0 | [`domain`] nouns and their transitions, [`config`], [`flight`] shared single flight |
//! | 1 | [`fhir`] requests and bodies parsed once, [`credentials`] keys and hashing, [`outbound`] HTTP clients, [`rate`] limits by key, [`telemetry`], [`words`] in two languages |
//! | 2 | [`access`] the policy and its two locks |
//! | 3 | [`store`] the database, [`ehr`] the hospital's FHIR server, [`cache`] what it said, [`mail`] |
//! | 4 | [`records`] the one door to clinical data, [`audit`], [`accounts`] use-cases of people, [`web`] what pages share |
//! | 5 | [`oauth`] the authorization server, [`facade`] the FHIR endpoint, [`hooks`] what the hospital's systems call, [`portal`] pages, [`sandbox`] the demo hospital, [`jobs`] |
//! | above | [`app`] puts it together; [`cli`], [`server`], [`patience`], [`tls`], [`lifecycle`] run it |

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
pub mod hooks;
pub mod jobs;
pub mod lifecycle;
pub mod mail;
pub mod oauth;
pub mod outbound;
pub mod patience;
pub mod portal;
pub mod rate;
pub mod records;
pub mod sandbox;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod web;
pub mod words;
