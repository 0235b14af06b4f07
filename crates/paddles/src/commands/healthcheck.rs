//! `paddles healthcheck`: asks the service on this machine how it is, for images that have no other program to ask with.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::settings::Settings;

/// How long each step may take. Whoever asks has a limit of its own, of a few seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than the first line of an answer has.
const LONGEST_LINE: u64 = 1024;

/// Why the service is not well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthError {
    #[error("http://{address}{path} does not answer: {source}")]
    Silent { address: SocketAddr, path: String, source: io::Error },
    #[error("http://{address}{path} answers {line:?}")]
    Unwell { address: SocketAddr, path: String, line: String },
}

/// Asks for `path` where the settings say that the service listens.
pub(super) fn healthcheck(settings: &Settings, path: &str) -> Result<(), HealthError> {
    let host = match settings.serving.host.value {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, settings.serving.port.value);
    let path = path.to_owned();
    let line = match first_line(address, &path) {
        Ok(line) => line,
        Err(source) => return Err(HealthError::Silent { address, path, source }),
    };
    if line.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(HealthError::Unwell { address, path, line }) }
}

fn first_line(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.take(LONGEST_LINE).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
