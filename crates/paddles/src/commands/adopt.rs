//! `paddles adopt`: takes the database of an existing lab over, in place.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use paddles_diesel::{Adopted, Progress, Survey};

use crate::Failure;
use crate::settings::Settings;

/// What `paddles adopt` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AdoptOptions {
    /// Only look, and say what would be done and how long it may take
    #[arg(long)]
    check: bool,
}

pub(super) fn adopt(settings: &Settings, options: &AdoptOptions) -> Result<(), Failure> {
    let url = settings.database.direct_url()?;
    if options.check {
        print(&paddles_diesel::survey(url)?);
        return Ok(());
    }
    let Adopted { steps, took, longest_hold, is_watching } =
        paddles_diesel::adopt(url, &super::act(), &mut Told::default())?;
    if steps == 0 {
        say!("{url} is complete, nothing was to be done");
    } else {
        say!("{url} is adopted: {steps} steps in {}", seconds(took));
        say!("nobody waited longer than {} for it at a time", seconds(longest_hold));
    }
    if is_watching {
        say!(
            "the older service may go on: what it writes is noted, and counted when this service starts. Stop it before that"
        );
    }
    Ok(())
}

fn print(survey: &Survey) {
    let made_by = if survey.is_foreign { "another paddles" } else { "this paddles" };
    say!("{}, {}, tables made by {made_by}", survey.database, survey.server);
    section("tables", &survey.tables);
    section("tables differ", &survey.differences);
    section("rows", &survey.figures);
    section("to be put right by hand before anything else", &survey.blockers);
    if survey.steps.is_empty() {
        say!("\nnothing is to be done");
        return;
    }
    say!("\nto be done, about {} in all:", seconds(survey.estimate));
    for (place, step) in survey.steps.iter().enumerate() {
        let rows = step.rows.map(|rows| format!(", {rows} rows")).unwrap_or_default();
        say!("  {:2}. {}{rows}: {}", place + 1, step.what, seconds(step.estimate));
    }
}

fn section(title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    say!("\n{title}:");
    for line in lines {
        say!("  {line}");
    }
}

fn seconds(time: Duration) -> String {
    let all = time.as_secs();
    if all < 60 { format!("{:.1} s", time.as_secs_f64()) } else { format!("{} min {:02} s", all / 60, all % 60) }
}

/// A bar for each step on a terminal; elsewhere a line for each, and now and then how far it is.
pub(super) struct Told {
    bar: ProgressBar,
    step: String,
    began: Instant,
    last_line: Instant,
    on_terminal: bool,
}

/// How often lines of a log say how far a step is.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Default for Told {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            bar: ProgressBar::hidden(),
            step: String::new(),
            began: now,
            last_line: now,
            on_terminal: std::io::stderr().is_terminal(),
        }
    }
}

impl Told {
    fn say(&self, what: &str) {
        if self.on_terminal {
            self.bar.println(what);
        } else {
            tell!("{what}");
        }
    }
}

impl Progress for Told {
    fn begin(&mut self, number: usize, of: usize, what: &str, rows: Option<u64>) {
        self.step = format!("{number}/{of} {what}");
        self.began = Instant::now();
        self.last_line = self.began;
        if !self.on_terminal {
            return;
        }
        let look = match rows {
            Some(_) => "{prefix} [{bar:30}] {human_pos}/{human_len}, {per_sec}, {eta} left {msg}",
            None => "{prefix} {elapsed} {msg}",
        };
        self.bar = rows.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        if let Ok(style) = ProgressStyle::with_template(look) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(self.step.clone());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn reach(&mut self, rows: u64) {
        self.bar.set_message("");
        self.bar.set_position(rows);
        if !self.on_terminal && self.last_line.elapsed() > LINE_EVERY {
            self.last_line = Instant::now();
            self.say(&format!("{}: {rows} rows", self.step));
        }
    }

    fn wait(&mut self, what: &str) {
        self.bar.set_message(format!("waits {what}"));
        if !self.on_terminal && self.last_line.elapsed() > LINE_EVERY {
            self.last_line = Instant::now();
            self.say(&format!("{}: waits {what}", self.step));
        }
    }

    fn end(&mut self, outcome: &str) {
        let outcome = if outcome.is_empty() { String::new() } else { format!(": {outcome}") };
        self.say(&format!("{}{outcome} ({})", self.step, seconds(self.began.elapsed())));
        self.bar.finish_and_clear();
    }
}
