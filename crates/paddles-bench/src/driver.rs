//! Sends requests over keep-alive connections and takes times.
//!
//! One thread and bare connections: it shares the machine with what it measures.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::LocalSet;

use crate::error::{BenchError, doing};

/// Makes a request from the answer to the one before.
pub(crate) type Following = dyn FnOnce(&[u8]) -> Ask;

/// One request, and what its answer must be.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// The status that the answer must have.
    pub(crate) expects: u16,
    /// Bytes that the answer must have at least: `[]` and `null` are no answers where there is something.
    pub(crate) at_least: usize,
    /// The next request of the same exchange, made from this one's answer.
    pub(crate) then: Option<Box<Following>>,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>, at_least: usize) -> Self {
        Self { method: Method::GET, path: path.into(), body: Bytes::new(), expects: 200, at_least, then: None }
    }

    pub(crate) fn send(method: Method, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method, path: path.into(), body: body.into(), expects: 200, at_least: 2, then: None }
    }
}

/// Whose turn it is, for requests that must differ.
pub(crate) struct Turn<'a> {
    pub(crate) connection: usize,
    pub(crate) random: &'a mut fastrand::Rng,
}

/// Makes the requests of a row.
pub(crate) type Requests = dyn Fn(Turn<'_>) -> Ask;

/// How long, and on how many connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// Times of one load. An exchange is one request, or those that follow from it.
pub(crate) struct Times {
    /// Exchanges a second.
    pub(crate) rate: f64,
    pub(crate) count: u64,
    whole: Histogram<u64>,
    first_byte: Histogram<u64>,
}

impl Times {
    /// Milliseconds below which this share of all exchanges stayed, from 0 to 1.
    pub(crate) fn whole_ms(&self, share: f64) -> f64 {
        milliseconds(self.whole.value_at_quantile(share))
    }

    /// The same until the first byte of the body.
    pub(crate) fn first_byte_ms(&self, share: f64) -> f64 {
        milliseconds(self.first_byte.value_at_quantile(share))
    }
}

/// Loads the service at `address`. The first wrong answer ends it.
pub(crate) fn drive(row: &str, address: &str, load: Load, requests: &Requests) -> Result<Times, BenchError> {
    let runtime =
        runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(doing("start a runtime"))?;
    let start = Instant::now();
    let tally = Rc::new(RefCell::new(Tally::new(start + load.warm_up, start + load.warm_up + load.measured)));
    LocalSet::new()
        .block_on(&runtime, async {
            let connections = (0..load.connections).map(|connection| {
                let tally = Rc::clone(&tally);
                async move { Connection::open(address).await?.run(connection, requests, &tally).await }
            });
            futures_util::future::try_join_all(connections).await
        })
        .map_err(|said| BenchError::WrongAnswer { row: row.to_owned(), said })?;
    let Tally { whole, first_byte, last, measured_from, .. } =
        Rc::into_inner(tally).map_or_else(|| Tally::new(start, start), RefCell::into_inner);
    let took = last.saturating_duration_since(measured_from).max(load.measured.min(Duration::from_secs(1)));
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    let rate = whole.len() as f64 / took.as_secs_f64();
    Ok(Times { rate, count: whole.len(), whole, first_byte })
}

/// What all connections write down.
struct Tally {
    measured_from: Instant,
    until: Instant,
    last: Instant,
    whole: Histogram<u64>,
    first_byte: Histogram<u64>,
}

impl Tally {
    fn new(measured_from: Instant, until: Instant) -> Self {
        Self { measured_from, until, last: measured_from, whole: histogram(), first_byte: histogram() }
    }

    /// Exchanges count that began while it measured, whenever they ended: that is how pgbench counts.
    fn note(&mut self, began: Instant, first_byte: Duration, ended: Instant) {
        if began >= self.measured_from {
            self.whole.saturating_record(microseconds(ended - began));
            self.first_byte.saturating_record(microseconds(first_byte));
            self.last = self.last.max(ended);
        }
    }
}

/// Microseconds up to ten minutes, to three digits.
#[expect(clippy::expect_used, reason = "the bounds are fixed, and these are allowed")]
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("bounds that a histogram takes")
}

struct Connection<'a> {
    sender: SendRequest<Full<Bytes>>,
    address: &'a str,
}

impl<'a> Connection<'a> {
    async fn open(address: &'a str) -> Result<Self, String> {
        let failed = |error: io::Error| format!("no connection to {address}: {error}");
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::task::spawn_local(connection);
        Ok(Self { sender, address })
    }

    async fn run(mut self, connection: usize, requests: &Requests, tally: &RefCell<Tally>) -> Result<(), String> {
        let mut random = fastrand::Rng::with_seed(connection as u64);
        let until = tally.borrow().until;
        loop {
            let began = Instant::now();
            if began >= until {
                return Ok(());
            }
            let mut next = Some(requests(Turn { connection, random: &mut random }));
            let mut first_byte = None;
            while let Some(ask) = next {
                let (until_first, following) = self.exchange(ask).await?;
                first_byte.get_or_insert(until_first.saturating_duration_since(began));
                next = following;
            }
            tally.borrow_mut().note(began, first_byte.unwrap_or_default(), Instant::now());
        }
    }

    /// One request: when its first byte came, and the request that follows.
    async fn exchange(&mut self, ask: Ask) -> Result<(Instant, Option<Ask>), String> {
        let named = format!("{} {}", ask.method, ask.path);
        let failed = |error: &dyn std::fmt::Display| format!("{named}: {error}");
        let request = Request::builder()
            .method(ask.method)
            .uri(&ask.path)
            .header("Host", self.address)
            .header("Content-Type", "application/json")
            .body(Full::new(ask.body))
            .map_err(|error| failed(&error))?;
        let mut response = self.sender.send_request(request).await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let (mut length, mut kept, mut first) = (0, Vec::new(), None);
        let keeps = ask.then.is_some() || status != ask.expects;
        while let Some(frame) = response.frame().await {
            first.get_or_insert_with(Instant::now);
            let frame = frame.map_err(|error| failed(&error))?;
            if let Some(data) = frame.data_ref() {
                length += data.len();
                if keeps {
                    kept.extend_from_slice(data);
                }
            }
        }
        if status != ask.expects {
            let body = String::from_utf8_lossy(&kept);
            return Err(format!("{named}: {status} instead of {}: {body:.300}", ask.expects));
        }
        if length < ask.at_least {
            return Err(format!("{named}: {length} bytes, {} at least were expected", ask.at_least));
        }
        Ok((first.unwrap_or_else(Instant::now), ask.then.map(|then| then(&kept))))
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "below ten minutes")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_began_in_time_counts() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut tally = Tally::new(at(100), at(200));
        tally.note(at(90), Duration::from_millis(1), at(110));
        tally.note(at(150), Duration::from_millis(2), at(250));
        assert_eq!((tally.whole.len(), tally.last), (1, at(250)));
        assert!((99_900..100_100).contains(&tally.whole.value_at_quantile(0.5)));
    }
}
