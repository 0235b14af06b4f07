//! Where the service listens, and with how much.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::setting::{POSITIVE, Setting, SettingError, parse, positive, setting};
use super::{Variables, cores};

#[derive(Default, Deserialize)]
struct Given {
    server_host: Option<String>,
    server_port: Option<String>,
    address: Option<String>,
    worker_count: Option<String>,
    body_limit: Option<String>,
}

/// The settings of the server.
#[derive(Debug)]
pub(crate) struct ServingSettings {
    pub(crate) host: Setting<IpAddr>,
    pub(crate) port: Setting<u16>,
    pub(crate) address: Setting<String>,
    pub(crate) worker_count: Setting<u16>,
    pub(crate) body_limit: Setting<usize>,
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
            address: setting("ADDRESS", given.address, own_address, "a URL of http or https", http_url)?,
            worker_count: setting("WORKER_COUNT", given.worker_count, cores(), POSITIVE, positive)?,
            body_limit: setting("BODY_LIMIT", given.body_limit, 8 * 1024 * 1024, "a number of bytes", parse)?,
        })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.host, &self.port, &self.address, &self.worker_count, &self.body_limit]
    }
}

fn http_url(text: &str) -> Option<String> {
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    is_http.then(|| text.to_owned())
}
