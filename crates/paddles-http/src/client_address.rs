//! The address from which a request comes, behind whatever proxies.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName};

use crate::networks::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address from which a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    /// What is known of it, for logs and limits.
    pub(crate) address: Option<IpAddr>,
    /// Whether it is its own: no proxy stands in between that nobody vouches for.
    pub(crate) is_certain: bool,
}

impl ClientAddress {
    /// The sender of `request`, or for whom the trusted proxies ask: in `X-Forwarded-For`, from the right, the first address
    /// that is no such proxy. What anybody else wrote into that header is not believed, and takes the trust away.
    pub(crate) fn of(request: &RequestHead, proxies: &TrustedProxies) -> Self {
        let Some(peer) = request.peer_addr.map(|peer| peer.ip().to_canonical()) else {
            return Self { address: None, is_certain: false };
        };
        let is_forwarded = request.headers().contains_key(FORWARDED_FOR);
        if !proxies.contain(peer) {
            return Self { address: Some(peer), is_certain: !is_forwarded };
        }
        let mut nearest = Self { address: Some(peer), is_certain: false };
        for hop in hops(request.headers()) {
            // A proxy that does not know for whom it asks.
            let Some(hop) = hop else { return Self { is_certain: false, ..nearest } };
            nearest = Self { address: Some(hop), is_certain: true };
            if !proxies.contain(hop) {
                break;
            }
        }
        nearest
    }
}

/// The addresses in `X-Forwarded-For`, the last one first; `None` for what is no address.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
    lines.into_iter().rev().flat_map(|line| line.to_str().unwrap_or("?").rsplit(',').map(|hop| read_hop(hop.trim())))
}

/// An address, perhaps with a port.
fn read_hop(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|socket| socket.ip());
    let address = text.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        fn check(peer: &str, forwarded: &[&str], address: &str, is_certain: bool) {
            let mut request = TestRequest::default().peer_addr(SocketAddr::new(peer.parse().unwrap(), 40_000));
            for line in forwarded {
                request = request.append_header((FORWARDED_FOR, *line));
            }
            let request = request.to_http_request();
            let proxies = "10.0.0.0/24".parse().unwrap();
            let expected = ClientAddress { address: address.parse().ok(), is_certain };
            assert_eq!(ClientAddress::of(request.head(), &proxies), expected, "{peer} {forwarded:?}");
        }
        check("192.0.2.1", &[], "192.0.2.1", true);
        check("::ffff:192.0.2.1", &[], "192.0.2.1", true);
        // Anybody may write the header.
        check("192.0.2.1", &["10.0.0.9"], "192.0.2.1", false);
        check("10.0.0.1", &["192.0.2.1"], "192.0.2.1", true);
        check("10.0.0.1", &["192.0.2.1:1234"], "192.0.2.1", true);
        check("10.0.0.1", &["[2001:db8::1]:1234"], "2001:db8::1", true);
        // What the client wrote stands on the left.
        check("10.0.0.1", &["127.0.0.1, 192.0.2.1"], "192.0.2.1", true);
        check("10.0.0.1", &["127.0.0.1", "192.0.2.1, 10.0.0.2"], "192.0.2.1", true);
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3", true);
        // A proxy that does not say for whom, or nothing that is an address.
        check("10.0.0.1", &[], "10.0.0.1", false);
        check("10.0.0.1", &["unknown"], "10.0.0.1", false);
        check("10.0.0.1", &["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2", false);
        check("10.0.0.1", &[""], "10.0.0.1", false);
    }
}
