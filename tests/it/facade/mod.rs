//! The FHIR endpoint over the whole pipeline, with a small EHR behind real HTTP that ignores search parameters.

mod audit;
mod cached;
pub mod demo;
mod door;
mod dpop;
mod fuzz;
pub mod hospital;
mod interference;
mod limits;
mod logs;
mod operations;
mod panels;
mod purges;
mod reads;
mod routes;
mod rows;
mod searches;
mod shapes;
mod statuses;
mod sweep;
mod us_core;
pub mod world;
