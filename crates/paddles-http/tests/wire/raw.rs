//! A connection on which anything can be said, also what no client library would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::client::PATIENCE;
use crate::service::Service;

/// A bare connection.
pub(crate) struct RawConnection(TcpStream);

impl RawConnection {
    pub(crate) fn to(service: &Service) -> Self {
        let stream = TcpStream::connect(service.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what the service may not want to hear to its end.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref());
    }

    /// Reads so many bytes.
    pub(crate) fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Whether anything comes in so much time.
    pub(crate) fn is_answered_within(&self, patience: Duration) -> bool {
        self.0.set_read_timeout(Some(patience)).unwrap();
        let answered = self.0.peek(&mut [0]).is_ok_and(|bytes| bytes > 0);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        answered
    }

    /// Reads until the service closes the connection, in whatever way.
    pub(crate) fn read_to_end(self) -> String {
        String::from_utf8(self.read_bytes_to_end()).unwrap()
    }

    pub(crate) fn read_bytes_to_end(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }
}

/// A request as it goes over the wire, the last of its connection.
pub(crate) fn last_request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: paddles\r\nConnection: close\r\n{headers}\r\n{body}")
}

/// The chunks of an answer as one text, and whether its end came.
pub(crate) fn unchunked(answer: &str) -> (String, bool) {
    let (_, mut rest) = answer.split_once("\r\n\r\n").expect("a head");
    let mut text = String::new();
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
        let Some(data) = chunk.get(..size) else { break };
        if size == 0 {
            return (text, true);
        }
        text.push_str(data);
        rest = chunk[size..].strip_prefix("\r\n").unwrap_or_default();
    }
    (text, false)
}
