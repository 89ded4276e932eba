//! Which addresses may be reached. Names are resolved first and the resolved addresses are checked and then used, so that a
//! name cannot change its meaning between check and connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address is outside what the purpose allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct AddressRefused(pub(super) &'static str);

const PRIVATE: AddressRefused = AddressRefused("it is on a private network");

/// Checks what can be seen in the URL itself.
pub(super) fn check_url(url: &Url, private_networks: bool) -> Result<(), AddressRefused> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefused("it holds a user name"));
    }
    match url.scheme() {
        "https" => {}
        "http" if private_networks => {}
        _ => return Err(AddressRefused("it is not https")),
    }
    let literal = match url.host() {
        None => return Err(AddressRefused("it names no host")),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
    };
    if private_networks || is_public(literal) { Ok(()) } else { Err(PRIVATE) }
}

/// Resolves names and leaves out private addresses unless they are allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedResolver {
    pub(super) private_networks: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private_networks = self.private_networks;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<_> =
                found.into_iter().filter(|address| private_networks || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(PRIVATE.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet (IANA special-purpose address registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(matches!(a, 0 | 10 | 127 | 224..=255)
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && (b == 168 || (b == 0 && matches!(c, 0 | 2)) || (b == 88 && c == 99)))
        || (a == 198 && (matches!(b, 18 | 19) || (b == 51 && c == 100)))
        || (a == 203 && b == 0 && c == 113))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast is 2000::/3; out of it fall documentation, Teredo and 6to4, which embed another address.
    first & 0xe000 == 0x2000
        && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200))
        && !matches!(first, 0x2002 | 0x3fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_as_such() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        let check = |url: &str, private| check_url(&url.parse().unwrap(), private);
        assert_eq!(check("https://ehr.example/x", false), Ok(()));
        assert_eq!(check("http://127.0.0.1:8/x", true), Ok(()));
        let refused = [
            "http://ehr.example/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://user@ehr.example/",
            "https://user:pw@ehr.example/",
            "ftp://ehr.example/",
            "file:///etc/passwd",
        ];
        for url in refused {
            assert!(check(url, false).is_err(), "{url}");
        }
        assert!(check("https://user@ehr.example/", true).is_err());
        assert!(check("file:///etc/passwd", true).is_err());
    }
}
