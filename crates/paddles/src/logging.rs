//! The log: to standard error, as text for people or JSON for collectors.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Whether nothing is to be accepted any more.
static STOPS: AtomicBool = AtomicBool::new(false);

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl std::fmt::Display for LogFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl std::str::FromStr for LogFormat {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Text, Self::Json].into_iter().find(|format| format.to_string() == word).ok_or(())
    }
}

/// What is logged: levels by module, as `tracing` reads them.
#[derive(Debug, Clone)]
pub(crate) struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info,actix_server=warn,actix_http=off".to_owned())
    }
}

impl std::fmt::Display for LogFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for LogFilter {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        EnvFilter::try_new(text).map(|_| Self(text.to_owned())).map_err(drop)
    }
}

/// Starts the log of this process.
pub(crate) fn start(format: LogFormat, filter: &LogFilter) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&filter.0))
        .with_writer(std::io::stderr)
        // Colours are for people: a file or a collector would keep their escapes.
        .with_ansi(std::io::stderr().is_terminal())
        // They would be told on standard error as well, and when that is what is gone, Rust panics.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.finish().with(WithoutClosedListener).init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_span_list(false).finish().with(WithoutClosedListener).init();
        }
    }
}

/// Tells the log that the service stops.
pub(crate) fn service_stops() {
    STOPS.store(true, Ordering::Relaxed);
}

/// A service that stops closes its listener, so that newcomers are refused at once. actix's thread that accepts connections may
/// not have heard of that yet, and tells of two errors, which are none: nothing is to be accepted then.
struct WithoutClosedListener;

impl<S: Subscriber> Layer<S> for WithoutClosedListener {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        event.metadata().target() != "actix_server::accept" || !STOPS.load(Ordering::Relaxed)
    }
}
