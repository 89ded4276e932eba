//! What may be configured about outbound HTTP.

use std::fmt;
use std::time::Duration;

use url::Url;

/// Why a request is made. Each purpose has limits and connections of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The hospital's FHIR server and its token endpoint.
    Ehr,
    /// Key sets that clients name in their registration: addresses chosen by outsiders.
    Jwks,
    /// OpenID providers: Children's ID and the patient portal.
    IdentityProvider,
}

/// Options for all purposes.
#[derive(Clone, Debug, Default)]
pub struct OutboundOptions {
    /// Forward proxy for everything; the environment's `HTTP_PROXY` and the like are not looked at. Names are then resolved
    /// by the proxy, so that keeping out of private networks becomes its task too.
    pub proxy: Option<Url>,
    /// PEM certificates of authorities to trust beside the system's.
    pub extra_authorities: Vec<Vec<u8>>,
    /// For the EHR.
    pub ehr: PurposeOptions,
    /// For clients' key sets.
    pub jwks: PurposeOptions,
    /// For OpenID providers.
    pub identity_provider: PurposeOptions,
}

/// Limits for one purpose.
#[derive(Clone)]
pub struct PurposeOptions {
    /// Time to establish a connection, TLS included.
    pub connect_timeout: Duration,
    /// Time for one whole exchange, to the last byte of the body.
    pub total_timeout: Duration,
    /// Largest body accepted, in bytes after decompression.
    pub max_body: usize,
    /// Whether private, loopback and link-local addresses may be reached, and plain HTTP spoken.
    pub private_networks: bool,
    /// PEM certificate chain and private key to present (mutual TLS).
    pub identity: Option<Vec<u8>>,
}

impl Default for PurposeOptions {
    /// Tight: 3 s to connect, 10 s in all, 1 MiB, public HTTPS alone.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(10),
            max_body: 1024 * 1024,
            private_networks: false,
            identity: None,
        }
    }
}

impl fmt::Debug for PurposeOptions {
    /// Without the private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurposeOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_body", &self.max_body)
            .field("private_networks", &self.private_networks)
            .field("identity", &self.identity.as_ref().map(|_| ".."))
            .finish()
    }
}
