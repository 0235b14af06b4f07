//! The bar while a database is filled.

use indicatif::{ProgressBar, ProgressStyle};

/// Jobs written so far, how fast, and the time left. Shown on a terminal only.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn start(jobs: u32) -> Self {
        let bar = ProgressBar::new(jobs.into());
        let look = "filling {msg} [{wide_bar}] {human_pos}/{human_len} jobs, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(look) {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(super) fn job_done(&self) {
        self.bar.inc(1);
    }

    /// What is done after the last job.
    pub(super) fn say(&self, what: &'static str) {
        self.bar.set_message(what);
        self.bar.tick();
    }

    pub(super) fn finish(self) {
        let (jobs, took) = (self.bar.length().unwrap_or(0), self.bar.elapsed().as_secs_f64());
        self.bar.finish_and_clear();
        println!("filled with {jobs} jobs in {took:.1} s");
    }
}
