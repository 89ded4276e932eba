//! Rank 5: the authorization server (SMART App Launch 2.2, OAuth 2.0, OpenID Connect), one file per endpoint.

pub mod endpoints;
pub mod error;
pub mod params;
pub mod pkce;
pub mod redirect;
pub mod request;
pub mod scopes;
#[cfg(test)]
mod testing;
