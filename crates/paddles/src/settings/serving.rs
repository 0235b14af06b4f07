//! Where the service listens, and with how much.

use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::period::{PERIOD, Period, span};
use super::setting::{POSITIVE, Setting, SettingError, parse, positive, setting};
use super::{Variables, cores};

/// A report of the slowest kind takes some tenths of a second.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

const REQUESTS: &str = "a number of requests of one client in a second, or off";

#[derive(Default, Deserialize)]
struct Given {
    server_host: Option<String>,
    server_port: Option<String>,
    address: Option<String>,
    worker_count: Option<String>,
    body_limit: Option<String>,
    request_timeout: Option<String>,
    max_connections: Option<String>,
    rate_limit: Option<String>,
}

/// The settings of the server.
#[derive(Debug)]
pub(crate) struct ServingSettings {
    pub(crate) host: Setting<IpAddr>,
    pub(crate) port: Setting<u16>,
    pub(crate) address: Setting<String>,
    pub(crate) worker_count: Setting<u16>,
    pub(crate) body_limit: Setting<usize>,
    pub(crate) request_timeout: Setting<Period>,
    pub(crate) max_connections: Setting<u16>,
    pub(crate) rate_limit: Setting<RateLimit>,
}

impl ServingSettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let host = setting("SERVER_HOST", given.server_host, [127, 0, 0, 1].into(), "an IP address", parse)?;
        let port = setting("SERVER_PORT", given.server_port, 8080, "a port from 0 to 65535", parse)?;
        let own_address = format!("http://{}", SocketAddr::new(host.value, port.value));
        Ok(Self {
            host,
            port,
            address: setting("ADDRESS", given.address, own_address, ADDRESS, http_url)?,
            worker_count: setting("WORKER_COUNT", given.worker_count, cores(), POSITIVE, positive)?,
            body_limit: setting(
                "BODY_LIMIT",
                given.body_limit,
                8 * 1024 * 1024,
                "a number of bytes from 1024",
                |text| parse(text).filter(|bytes| *bytes >= SMALLEST_BODY),
            )?,
            request_timeout: setting(
                "REQUEST_TIMEOUT",
                given.request_timeout,
                Period::of(REQUEST_TIMEOUT),
                PERIOD,
                span,
            )?,
            max_connections: setting("MAX_CONNECTIONS", given.max_connections, 20_000, POSITIVE, positive)?,
            rate_limit: setting("RATE_LIMIT", given.rate_limit, RateLimit(None), REQUESTS, parse)?,
        })
    }

    /// How long a request may take.
    pub(super) fn request_timeout(&self) -> Duration {
        self.request_timeout.value.0.unwrap_or(REQUEST_TIMEOUT)
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![
            &self.host,
            &self.port,
            &self.address,
            &self.worker_count,
            &self.body_limit,
            &self.request_timeout,
            &self.max_connections,
            &self.rate_limit,
        ]
    }
}

/// Requests of a client in a second, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit(pub(crate) Option<NonZeroU32>);

impl Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some(requests) => requests.fmt(f),
        }
    }
}

impl FromStr for RateLimit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "off" { Ok(Self(None)) } else { text.parse().map(|requests| Self(Some(requests))).map_err(drop) }
    }
}

/// Less than this holds no report.
const SMALLEST_BODY: usize = 1024;

const ADDRESS: &str = "a URL of http or https with a host, without query, fragment and password";

/// The beginning of links to the service: its own paths follow.
fn http_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_odd = |character: char| character.is_whitespace() || character.is_control();
    let is_address = !host.is_empty() && !host.starts_with(':') && !rest.contains(['?', '#', '@', '\\']);
    (is_address && !text.contains(is_odd)).then(|| text.to_owned())
}
