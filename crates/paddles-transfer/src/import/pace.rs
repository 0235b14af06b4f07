//! How fast a server is asked.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How a server is treated.
#[derive(Debug, Clone, PartialEq)]
pub struct Politeness {
    /// How many requests are under way at once, at the most.
    pub parallel: usize,
    /// How many requests begin in a second, at the most; `None` sets no limit.
    pub rate: Option<f64>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often a question is asked again that got no answer.
    pub retries: u32,
}

impl Default for Politeness {
    fn default() -> Self {
        Self { parallel: 4, rate: None, timeout: Duration::from_mins(5), retries: 8 }
    }
}

/// Lets requests begin one by one, and none while the server wants to be left alone.
#[derive(Debug)]
pub(super) struct Pace {
    between: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<f64>) -> Self {
        let between = rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate.clamp(0.001, 1e6)));
        Self { between, next: Mutex::new(Instant::now()) }
    }

    /// Waits for its turn.
    pub(super) fn wait(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + self.between;
            turn
        };
        thread::sleep(turn.saturating_duration_since(Instant::now()));
    }

    /// Lets nobody begin before this time has passed.
    pub(super) fn pause(&self, time: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Instant::now() + time);
    }
}
