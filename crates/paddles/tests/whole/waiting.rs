//! Waiting for something to happen, which only a hanging test notices: no test asserts how long anything takes.

use std::thread;
use std::time::{Duration, Instant};

/// How long before a test gives up. Also half of the time that a stopping service gives requests in flight: what nobody
/// waits for must not use it up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Asks `question` until it has an answer.
pub(crate) fn eventually<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
