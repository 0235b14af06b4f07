//! What must hold of any input: a file for each fuzz target. `check` panics where it does not.
//!
//! The tests of paddles-http replay the corpus through these same functions, and through real sockets.

pub mod job_patches;
pub mod query_strings;
pub mod run_names;
pub mod timestamps;

use paddles_domain::{LabZone, Timestamp};

/// The moment of every check.
fn now() -> Timestamp {
    "2020-03-01 12:00:00".parse().expect("a time")
}

/// Zones that differ: none, west of it, east of it by a fraction, and one whose clock has skipped a whole day.
fn zones() -> [LabZone; 4] {
    ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia"].map(|name| name.parse().expect("a zone"))
}

/// Whether both databases keep it, and its text says the same again.
fn can_be_stored(time: Timestamp) {
    let text = time.to_string();
    assert!(matches!(text.len(), 19 | 26), "{text}");
    assert_eq!(text.parse::<Timestamp>(), Ok(time), "{text}");
}
