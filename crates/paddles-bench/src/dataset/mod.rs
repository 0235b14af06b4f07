//! The history of a lab: runs, jobs and nodes, the same for the same seed. Only times depend on when it ends.
//!
//! Sizes follow a real lab: a run has tens to a thousand jobs (log-normal), a job's documents 4 to 12 KB, the last runs
//! are still going.

mod documents;
mod job;
mod node;
mod run;
mod words;

use chrono::NaiveDateTime;
use chrono::TimeDelta;

pub(crate) use self::documents::job_report;
pub(crate) use self::job::{JOB_COLUMNS, Job};
pub(crate) use self::node::{NODE_COLUMNS, NODES, Node, node_name};
pub(crate) use self::run::{RUN_COLUMNS, Run};
pub(crate) use self::words::MACHINE_TYPES;

/// A change of the history must change this, so that databases filled before are not taken for it.
pub(crate) const VERSION: u32 = 1;

/// Runs are this far apart.
const RUN_EVERY: TimeDelta = TimeDelta::minutes(37);

/// The last so many runs are not finished.
const LIVE_RUNS: u32 = 12;

/// Jobs of a run on average.
const MEAN_JOBS: u32 = 280;

/// The smallest history has as many runs, so that each kind of run is there.
const FEWEST_RUNS: u32 = 24;

/// The most jobs that a run has; one run has them.
const MOST_JOBS: u32 = 2_500;

/// So many finished runs have this many jobs exactly.
const TYPICAL_RUNS: u32 = 8;
const TYPICAL_JOBS: u32 = 300;

/// A value in a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Time(NaiveDateTime),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<NaiveDateTime> for Cell {
    fn from(time: NaiveDateTime) -> Self {
        Self::Time(time)
    }
}

impl From<bool> for Cell {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A lab's history.
#[derive(Debug, Clone)]
pub(crate) struct History {
    seed: u64,
    ends: NaiveDateTime,
    runs: Vec<Run>,
}

impl History {
    /// About `jobs` jobs, the last of them at `ends`.
    pub(crate) fn new(seed: u64, jobs: u32, ends: NaiveDateTime) -> Self {
        let count = (jobs / MEAN_JOBS).max(FEWEST_RUNS);
        let mean = f64::from(jobs) / f64::from(count);
        let mut next_job = 1;
        let runs = (1..=count).map(|number| {
            let run = Run::new(seed, number, count, mean, next_job, ends);
            next_job += run.jobs;
            run
        });
        Self { seed, ends, runs: runs.collect() }
    }

    /// Its runs, earliest first.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Its jobs, earliest first: made one by one, since they would not fit into memory.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = Job> {
        self.runs.iter().flat_map(|run| self.jobs_of(run))
    }

    /// The jobs of one run.
    pub(crate) fn jobs_of<'a>(&'a self, run: &'a Run) -> impl Iterator<Item = Job> + 'a {
        (0..run.jobs).map(move |place| Job::new(self.seed, run, place, self.ends))
    }

    /// How many jobs there are.
    pub(crate) fn job_count(&self) -> u32 {
        self.runs.iter().map(|run| run.jobs).sum()
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node> {
        (0..NODES).map(|place| Node::new(self.seed, place, self.ends))
    }
}

/// Numbers that belong to one thing of the history alone, so that each can be made without those before it.
fn numbers(seed: u64, kind: u64, run: u32, place: u32) -> fastrand::Rng {
    let thing = kind << 60 ^ u64::from(run) << 20 ^ u64::from(place);
    let mut mixed = fastrand::Rng::with_seed(seed.rotate_left(32) ^ thing);
    // Neighbours would begin alike.
    fastrand::Rng::with_seed(mixed.u64(..))
}

/// A commit.
fn sha1(numbers: &mut fastrand::Rng) -> String {
    format!("{:032x}{:08x}", numbers.u128(..), numbers.u32(..))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
