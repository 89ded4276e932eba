//! Rank 0: the nouns of the product and how they change. No I/O.

pub mod access_request;
pub mod account;
pub mod audit;
pub mod client;
pub mod clock;
pub mod failure;
pub mod grant;
pub mod identity;
pub mod ids;
pub mod invitation;
pub mod language;
pub mod majority;
pub mod notice;
pub mod practice;
pub mod provider_registration;
pub mod random;
pub mod registration;
pub mod secret;
pub mod session;
pub mod thumbprint;
