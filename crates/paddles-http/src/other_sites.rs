//! Requests that a browser sends for a page of another site: it sends passwords by itself, and stands in a trusted network
//! whichever page it shows.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host and port of an address.
pub(crate) fn site_of(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// Whether a browser sends this for a page that is none of this service's, which is at `ours`.
///
/// Who owns a name can let it lead here for a while, so that Origin and Host agree: of names only our own counts. An address
/// cannot be made to lead elsewhere.
pub(crate) fn is_from_another_site(request: &RequestHead, ours: &str) -> bool {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let (fetched, origin) = (header(SEC_FETCH_SITE), header(ORIGIN));
    if fetched.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let host = header(HOST).unwrap_or_default();
    let site = match origin {
        Some(origin) => origin.split_once("://").map_or("", |(_, site)| site),
        None if fetched.is_some() => host,
        // No browser that is in use sends a write without either.
        None => return false,
    };
    let is_ours = site.eq_ignore_ascii_case(ours) || site.eq_ignore_ascii_case(host) && is_address(host);
    !is_ours
}

/// Whether it is an address of the network, or this machine's own name, with a port or without.
fn is_address(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    name.eq_ignore_ascii_case("localhost")
        || host.parse::<SocketAddr>().is_ok()
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn of_names_only_our_own_counts() {
        fn check(headers: &[(&str, &str)], is_foreign: bool) {
            let mut request = TestRequest::post();
            for header in headers {
                request = request.append_header(*header);
            }
            let ours = site_of("https://paddles.example/");
            assert_eq!(is_from_another_site(request.to_http_request().head(), &ours), is_foreign, "{headers:?}");
        }
        let (ours, evil) = (("Host", "paddles.example"), ("Host", "evil.example"));
        check(&[ours], false);
        check(&[evil], false);
        check(&[ours, ("Origin", "https://paddles.example")], false);
        check(&[ours, ("Origin", "https://PADDLES.example"), ("Sec-Fetch-Site", "same-origin")], false);
        check(&[ours, ("Origin", "https://evil.example")], true);
        check(&[ours, ("Origin", "null")], true);
        check(&[ours, ("Sec-Fetch-Site", "cross-site")], true);
        // A name that was made to lead here.
        check(&[evil, ("Origin", "http://evil.example")], true);
        check(&[evil, ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "same-origin")], true);
        check(&[evil, ("Sec-Fetch-Site", "same-origin")], true);
        // A proxy may call it otherwise.
        check(&[("Host", "10.1.2.3:8080"), ("Origin", "https://paddles.example")], false);
        for host in ["127.0.0.1:8080", "10.1.2.3", "[::1]:8080", "[::1]", "localhost:8080", "localhost"] {
            check(&[("Host", host), ("Origin", &format!("http://{host}"))], false);
            check(&[("Host", host), ("Origin", "http://evil.example")], true);
        }
        check(&[("Host", "localhost.evil.example"), ("Origin", "http://localhost.evil.example")], true);
    }
}
