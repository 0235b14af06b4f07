//! The log: to standard error, as text for people or JSON for collectors.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

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
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
}
