//! Requests that a browser sends for a page of another site: it sends passwords by itself, and stands in a trusted network
//! whichever page it shows.

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};
use url::{Host, Url};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where browsers find a service, as they write it: in small letters and ASCII, without the usual port of its scheme. The scheme
/// itself does not count: a proxy may serve both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    host: Host,
    port: Option<u16>,
}

impl Site {
    /// The site of an address of the web.
    pub(crate) fn of(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = match url.host()? {
            Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(name).to_owned()),
            Host::Ipv4(address) => Host::Ipv4(address),
            Host::Ipv6(address) => Host::Ipv6(address),
        };
        Some(Self { host, port: url.port() })
    }

    /// Whether it is at an address of the network, or at this machine's own name.
    fn is_at_address(&self) -> bool {
        !matches!(&self.host, Host::Domain(name) if name != "localhost")
    }
}

/// Whether a browser sends this for a page that is none of this service's, which is at `ours`.
///
/// Who owns a name can let it lead here for a while, so that Origin and Host agree: of names only our own counts. An address
/// cannot be made to lead elsewhere.
pub(crate) fn is_from_another_site(request: &RequestHead, ours: Option<&Site>) -> bool {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let (fetched, origin) = (header(SEC_FETCH_SITE), header(ORIGIN));
    if fetched.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    // Without an Origin only what came by https, or to this machine, says how it was fetched.
    let scheme = origin.and_then(|origin| origin.split_once("://")).map_or("https", |(scheme, _)| scheme);
    let host = Site::of(&format!("{scheme}://{}", header(HOST).unwrap_or_default()));
    let site = match origin {
        Some(origin) => Site::of(origin),
        None if fetched.is_some() => host.clone(),
        // No browser that is in use sends a write without either.
        None => return false,
    };
    let is_ours = |site: &Site| Some(site) == ours || Some(site) == host.as_ref() && site.is_at_address();
    !site.is_some_and(|site| is_ours(&site))
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
            let ours = Site::of("https://paddles.example/");
            assert_eq!(
                is_from_another_site(request.to_http_request().head(), ours.as_ref()),
                is_foreign,
                "{headers:?}"
            );
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

    #[test]
    fn our_own_name_counts_however_it_is_written() {
        fn check(address: &str, origin: &str, is_ours: bool) {
            let request = TestRequest::post().append_header(("Host", "10.1.2.3")).append_header(("Origin", origin));
            let ours = Site::of(address);
            let is_foreign = is_from_another_site(request.to_http_request().head(), ours.as_ref());
            assert_eq!(!is_foreign, is_ours, "{address} {origin}");
        }
        for address in [
            "https://paddles.example:443",
            "http://paddles.example:80/",
            "http://Paddles.EXAMPLE",
            "https://paddles.example.",
            "https://paddles.example.:443/paddles/",
        ] {
            check(address, "https://paddles.example", true);
            check(address, "http://paddles.example", true);
            check(address, "https://paddles.example.", true);
            check(address, "https://paddles.example:8443", false);
            check(address, "https://evil.example", false);
            check(address, "https://paddles.example.evil.example", false);
            check(address, "chrome-extension://paddles.example", false);
            check(address, "null", false);
        }
        check("https://paddles.example:8443", "https://paddles.example:8443", true);
        check("https://paddles.example:8443", "https://paddles.example", false);
        check("http://b\u{fc}cher.example", "https://xn--bcher-kva.example", true);
        check("http://[0:0::1]:80", "http://[::1]", true);
        check("http://[::1]:8080", "http://[::1]:8080", true);
        // An address that no browser reads is nobody's.
        check("http://[::1", "null", false);
        check("http://[::1", "https://evil.example", false);
    }

    #[test]
    fn an_address_counts_however_a_proxy_writes_it() {
        fn check(host: &str, headers: &[(&str, &str)], is_ours: bool) {
            let mut request = TestRequest::post().append_header(("Host", host));
            for header in headers {
                request = request.append_header(*header);
            }
            let ours = Site::of("https://paddles.example");
            let is_foreign = is_from_another_site(request.to_http_request().head(), ours.as_ref());
            assert_eq!(!is_foreign, is_ours, "{host} {headers:?}");
        }
        check("10.1.2.3:443", &[("Origin", "https://10.1.2.3")], true);
        check("10.1.2.3:80", &[("Origin", "http://10.1.2.3")], true);
        check("10.1.2.3:80", &[("Origin", "http://10.1.2.4")], false);
        check("[::1]:443", &[("Origin", "https://[::1]")], true);
        check("localhost.", &[("Origin", "http://localhost")], true);
        check("paddles.example:443", &[("Sec-Fetch-Site", "same-origin")], true);
        check("evil.example:443", &[("Sec-Fetch-Site", "same-origin")], false);
    }
}
