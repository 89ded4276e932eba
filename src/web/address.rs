//! The caller's network address, for throttling and for the audit log.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use http::Extensions;

/// The caller's address as the server's outermost layer determined it (from a declared proxy's header, or the socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub String);

impl ClientAddress {
    /// What the extensions of a request say: the outer layer's word, else the socket's, else `unknown`.
    pub fn of(extensions: &Extensions) -> Self {
        if let Some(said) = extensions.get::<Self>() {
            return said.clone();
        }
        let socket = extensions.get::<ConnectInfo<SocketAddr>>();
        Self(socket.map_or_else(|| "unknown".to_owned(), |info| info.0.ip().to_string()))
    }
}
