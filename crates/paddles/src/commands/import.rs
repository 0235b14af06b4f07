//! `paddles import`: a copy of another server's lab.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, io};

use clap::Args;
use paddles_diesel::OpenError;
use paddles_repository::Copied;
use paddles_transfer::{ImportError, ImportOptions, Imported, Loaded, Politeness, Source, SourceError};

use super::selected_runs::SelectedRuns;
use super::serve;
use crate::progress::Bar;
use crate::settings::Settings;

/// Copies what is not here yet or changed there, oldest runs first; what was heard of later here stays. Broken off, it goes
/// on where it is begun again.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The other server, like <http://paddles.example:8080>
    #[arg(long, value_name = "URL")]
    from: String,
    #[command(flatten)]
    runs: SelectedRuns,
    /// Requests under way at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Requests in a second, at the most
    #[arg(long, value_name = "NUMBER", value_parser = read_rate)]
    rate: Option<f64>,
    /// Runs in one page of a list
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    page_size: u32,
    /// Seconds that an answer may take
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// How often a question is asked again that got no answer
    #[arg(long, default_value_t = 8)]
    retries: u32,
    /// Leave nodes and queues as they are here
    #[arg(long)]
    without_nodes: bool,
    /// Fetch runs too that look the same here
    #[arg(long)]
    recheck: bool,
    /// A file with the token that the other server wants
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Why a copy ended early, or not with everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportFailure {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot read the token in {file}: {source}")]
    Token { file: PathBuf, source: io::Error },
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{0}{next}", next = what_next(.0))]
    Import(#[from] ImportError),
    #[error("{0} things are to be looked at: see above")]
    LeftOut(usize),
}

/// What whoever reads of the failure can do.
fn what_next(error: &ImportError) -> &'static str {
    match error {
        ImportError::Source(SourceError::NotUnderstood { .. }) => {
            "\nThe same command ends here again until the server shows this as it should. --without-nodes does without its lists \
             of nodes and queues, --run NAME without that of runs."
        }
        ImportError::Source(error) if !error.may_pass() => "",
        ImportError::Source(_) | ImportError::Repository(_) => "\nThe same command goes on where this one ended.",
    }
}

impl Import {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), ImportFailure> {
        let source = Source::new(&self.from, self.token()?, self.politeness())?;
        let options = ImportOptions {
            selection: self.runs.selection(),
            page_size: self.page_size,
            with_nodes: !self.without_nodes,
            recheck: self.recheck,
        };
        let lab = serve::repository(settings)?;
        let (bar, start) = (Bar::new(), Instant::now());
        let imported = paddles_transfer::import(&lab, &source, &options, &bar);
        bar.end();
        let Imported { taken, looked_same, corrected, left_out } = imported?;
        print_fates(&taken, start.elapsed());
        if looked_same > 0 {
            say!("{looked_same} runs look the same here and were not fetched");
        }
        if corrected > 0 {
            say!("{corrected} runs have another status here: the one that follows from their jobs");
        }
        if left_out.is_empty() { Ok(()) } else { Err(ImportFailure::LeftOut(left_out.len())) }
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            parallel: self.parallel.into(),
            rate: self.rate,
            timeout: Duration::from_secs(self.timeout),
            retries: self.retries,
        }
    }

    fn token(&self) -> Result<Option<String>, ImportFailure> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let text = fs::read_to_string(file).map_err(|source| ImportFailure::Token { file: file.clone(), source })?;
        Ok(Some(text.trim().to_owned()))
    }
}

/// What came of taking things in, a line each.
pub(super) fn print_fates(taken: &Loaded, time: Duration) {
    for (kind, copied) in [("nodes", taken.nodes), ("queues", taken.queues), ("runs", taken.runs), ("jobs", taken.jobs)]
    {
        let Copied { added, changed, same, newer } = copied;
        say!("{kind}: {added} added, {changed} changed, {same} the same, {newer} newer here");
    }
    let (jobs, seconds) = (taken.jobs.total(), time.as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
    let rate = jobs as f64 / seconds.max(0.001);
    say!("{jobs} jobs in {seconds:.1} s, {rate:.0} a second");
}

fn read_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "a number above 0".to_owned())
}
