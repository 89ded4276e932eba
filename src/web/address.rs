//! The caller's network address, for throttling and for the audit log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::Extensions;

/// The caller's address as the server's outermost layer determined it (from a declared proxy's header, or the socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub String);

/// Middleware for a server behind a proxy that nobody can go around: takes the caller's address from the last entry of
/// `X-Forwarded-For`, which is the proxy's own word; what stands before it anybody may have written.
pub async fn from_proxy(mut request: Request, next: Next) -> Response {
    let said = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = said.and_then(|value| value.to_str().ok()).and_then(|text| text.rsplit(',').next());
    if let Some(address) = last.and_then(read) {
        request.extensions_mut().insert(ClientAddress(address.to_string()));
    }
    next.run(request).await
}

/// An address as proxies write it: alone, or with a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// What is counted as one address: of IPv6 the network, for a household has billions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// A /64 of IPv6.
    V6([u16; 4]),
    /// Not known; all of these count as one.
    Unknown,
}

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }

    /// The network of an address in text.
    pub fn parse(address: &str) -> Self {
        address.parse().map_or(Self::Unknown, Self::of)
    }

    /// Of whom a request comes from, by the same rule as [`ClientAddress::of`], without making a text of it.
    pub fn asking(extensions: &Extensions) -> Self {
        if let Some(ClientAddress(said)) = extensions.get() {
            return Self::parse(said);
        }
        let socket = extensions.get::<ConnectInfo<SocketAddr>>();
        socket.map_or(Self::Unknown, |info| Self::of(info.0.ip()))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ipv6_the_network_counts() {
        assert_eq!(Network::parse("2001:db8:1:2:3:4:5:6"), Network::parse("2001:db8:1:2::9"));
        assert_ne!(Network::parse("2001:db8:1:2::9"), Network::parse("2001:db8:1:3::9"));
        assert_eq!(Network::parse("::ffff:192.0.2.1"), Network::parse("192.0.2.1"));
        assert_ne!(Network::parse("::ffff:192.0.2.1"), Network::parse("::ffff:192.0.2.2"));
        assert_eq!(Network::parse("unknown"), Network::Unknown);
    }

    #[test]
    fn an_address_may_have_a_port() {
        for (text, expected) in [
            (" 192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(read(text).map(|address| address.to_string()).as_deref(), expected, "{text}");
        }
    }
}
