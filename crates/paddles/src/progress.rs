//! How far a long command is: a bar on a terminal, lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use paddles_transfer::Progress;

/// A bar for one step after the other: what is done, how fast, and the time left. Shown on a terminal only.
pub(crate) struct Bar(ProgressBar);

const KNOWN_LENGTH: &str = "{msg} [{wide_bar}] {human_pos}/{human_len}, {per_sec}, {eta} left";
const UNKNOWN_LENGTH: &str = "{msg} {spinner} {human_pos}, {per_sec}, {elapsed}";

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        bar.enable_steady_tick(Duration::from_millis(500));
        Self(bar)
    }

    /// Leaves the terminal as it was.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, step: &'static str, things: Option<u64>) {
        let look = if things.is_some() { KNOWN_LENGTH } else { UNKNOWN_LENGTH };
        if let Ok(style) = ProgressStyle::with_template(look) {
            self.0.set_style(style);
        }
        match things {
            Some(things) => self.0.set_length(things),
            None => self.0.unset_length(),
        }
        self.0.reset();
        self.0.set_message(step);
    }

    fn advance(&self, things: u64) {
        self.0.inc(things);
    }

    fn say(&self, line: &str) {
        self.0.suspend(|| tell!("{line}"));
    }
}
