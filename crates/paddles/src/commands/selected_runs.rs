//! Which runs a command is about.

use clap::Args;
use paddles_domain::{Day, RunName};
use paddles_transfer::Selection;

/// Of several conditions all must hold.
#[derive(Debug, Args)]
pub(crate) struct SelectedRuns {
    /// Only runs scheduled on this day or later: YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = read_day)]
    since: Option<Day>,
    /// Only runs of this suite
    #[arg(long)]
    suite: Option<String>,
    /// Only runs of this branch
    #[arg(long)]
    branch: Option<String>,
    /// Only this run; may be given several times
    #[arg(long = "run", value_name = "NAME", value_parser = read_run_name)]
    runs: Vec<RunName>,
}

impl SelectedRuns {
    pub(crate) fn selection(&self) -> Selection {
        Selection { since: self.since, suite: self.suite.clone(), branch: self.branch.clone(), runs: self.runs.clone() }
    }
}

fn read_day(text: &str) -> Result<Day, String> {
    let start = format!("{text} 00:00:00");
    let moment: Result<paddles_domain::Timestamp, _> = start.parse();
    moment.map(Day::of).map_err(|_| "a day takes the form YYYY-MM-DD".to_owned())
}

pub(crate) fn read_run_name(text: &str) -> Result<RunName, String> {
    RunName::new(text).map_err(|error| error.to_string())
}
