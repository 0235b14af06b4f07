//! Counters of finished jobs for statsd: `jobs.status.pass`, `jobs.status.fail`, `jobs.status.dead`.

use std::io;
use std::net::{ToSocketAddrs as _, UdpSocket};

use cadence::{Counted, QueuingMetricSink, StatsdClient, UdpMetricSink};
use paddles_domain::JobStatus;

use crate::settings::StatsdSettings;

/// Where statsd listens when its host is given without a port.
const PORT: u16 = 8125;

/// How many counts may wait to be sent. What is more is lost: a count must never slow a report.
const WAITING: usize = 10_000;

/// Counts jobs as they finish.
pub(crate) struct JobCounters(Option<StatsdClient>);

impl JobCounters {
    /// Counters that send to statsd, or nowhere if there is none; that its host cannot be found is only logged.
    pub(crate) fn new(statsd: Option<&StatsdSettings>) -> Self {
        Self(statsd.and_then(|statsd| match client(statsd) {
            Ok(client) => Some(client),
            Err(error) => {
                tracing::warn!(host = statsd.host, %error, "cannot send counters to statsd");
                None
            }
        }))
    }

    /// Counts a job whose status changed, if that finished it.
    pub(crate) fn count(&self, before: Option<JobStatus>, after: JobStatus) {
        if let Some(client) = &self.0
            && before != Some(after)
            && after.is_finished()
        {
            // Whether anybody listens is not the reporter's concern.
            drop(client.count(&format!("jobs.status.{after}"), 1));
        }
    }
}

fn client(statsd: &StatsdSettings) -> Result<StatsdClient, cadence::MetricError> {
    let has_port = statsd.host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { statsd.host.clone() } else { format!("{}:{PORT}", statsd.host) };
    let address = address.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the host has no address"))?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.set_nonblocking(true)?;
    let sink = QueuingMetricSink::with_capacity(UdpMetricSink::from(address, socket)?, WAITING);
    Ok(StatsdClient::from_sink(&statsd.prefix, sink))
}
