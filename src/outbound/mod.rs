//! Rank 1: the one way to make an HTTP client. Whatever the product asks of another server goes through here: bounded in
//! time and size, without redirects, and into private networks only where the configuration says so.

mod address;
mod client;
mod error;
mod oauth;
mod options;
#[cfg(test)]
mod tests;

pub use client::{HttpClient, OutboundRequest};
pub use error::OutboundError;
pub use options::{OutboundOptions, Purpose, PurposeOptions};

/// The HTTP clients of one process, one for each purpose.
#[derive(Clone, Debug)]
pub struct Outbound {
    ehr: HttpClient,
    jwks: HttpClient,
    identity_provider: HttpClient,
}

impl Outbound {
    /// Makes the clients. Fails when a certificate, an identity or the proxy's URL cannot be used.
    pub fn new(options: &OutboundOptions) -> Result<Self, OutboundError> {
        Ok(Self {
            ehr: HttpClient::new(options, &options.ehr)?,
            jwks: HttpClient::new(options, &options.jwks)?,
            identity_provider: HttpClient::new(options, &options.identity_provider)?,
        })
    }

    /// The client for `purpose`; cheap to clone, connections are shared.
    pub fn client(&self, purpose: Purpose) -> HttpClient {
        match purpose {
            Purpose::Ehr => self.ehr.clone(),
            Purpose::Jwks => self.jwks.clone(),
            Purpose::IdentityProvider => self.identity_provider.clone(),
        }
    }
}
