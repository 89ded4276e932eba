//! Why an outbound request failed.

use std::error::Error;
use std::sync::Arc;

use super::address::AddressRefused;

/// Why an outbound request failed. Never holds a URL: paths and queries to the EHR are PHI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is one that this purpose may not reach. Nothing was sent.
    #[error("the address may not be reached: {0}")]
    Refused(&'static str),
    /// No connection: name, TCP or TLS. Nothing was sent.
    #[error("no connection: {0}")]
    Connect(Arc<str>),
    /// Not complete within the time limit.
    #[error("no complete answer in time")]
    Timeout,
    /// The connection broke, or what came over it was not HTTP.
    #[error("the exchange broke off: {0}")]
    Interrupted(Arc<str>),
    /// The body is larger than the limit.
    #[error("the answer is larger than the limit")]
    TooLarge,
    /// The client or the request could not be put together.
    #[error("not a usable setting: {0}")]
    Setup(Arc<str>),
}

impl From<reqwest::Error> for OutboundError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<AddressRefused>()) {
            return Self::Refused(refused.0);
        }
        if error.is_timeout() && !error.is_connect() {
            return Self::Timeout;
        }
        let text = causes(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ").into();
        if error.is_connect() {
            Self::Connect(text)
        } else if error.is_builder() {
            Self::Setup(text)
        } else {
            Self::Interrupted(text)
        }
    }
}

/// An error and what caused it, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
