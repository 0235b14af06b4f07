//! The one clock of the service: everything further in is told the time.

use paddles_domain::Timestamp;

/// This moment in seconds since 1970.
pub(crate) fn unix_time() -> i64 {
    now().to_utc().and_utc().timestamp()
}

/// This moment, for whoever begins something.
#[allow(clippy::disallowed_methods, reason = "the one place that looks at a clock")]
pub fn now() -> Timestamp {
    Timestamp::from_utc(chrono::Utc::now().naive_utc())
}
