//! The one clock of the service: everything further in is told the time.

use paddles_domain::Timestamp;

/// This moment, for whoever begins something.
#[allow(clippy::disallowed_methods, reason = "the one place that looks at a clock")]
pub fn now() -> Timestamp {
    Timestamp::from_utc(chrono::Utc::now().naive_utc())
}
