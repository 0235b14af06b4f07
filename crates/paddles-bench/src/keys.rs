//! Whom requests ask about: the same keys for the service and for pgbench, so that both find the same rows in memory and
//! wait for the same locks.

use paddles_domain::JobStatus;

use crate::dataset::{History, NODES, Run, node_name};

/// How many jobs single reads are spread over, from the whole history.
const JOBS: usize = 1_000;

/// How many jobs send heartbeats, from the live runs.
const HEARTBEATS: usize = 200;

/// A job by its run's name and its id.
#[derive(Debug, Clone)]
pub(crate) struct JobKey {
    pub(crate) run: String,
    pub(crate) job: String,
}

/// The keys of a history.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) jobs: Vec<JobKey>,
    /// Jobs that a heartbeat with `status` running leaves as they are.
    pub(crate) heartbeats: Vec<JobKey>,
    /// Finished runs of the typical size, and what that is.
    pub(crate) typical_runs: Vec<String>,
    pub(crate) typical_size: u32,
    /// The largest run and its size.
    pub(crate) largest_run: String,
    pub(crate) largest_size: u32,
    pub(crate) sha1_prefixes: Vec<String>,
    pub(crate) nodes: Vec<String>,
    /// A run like those that are scheduled during the benchmark.
    pub(crate) model: Run,
}

impl Keys {
    pub(crate) fn of(history: &History) -> Self {
        let runs = history.runs();
        // A history has runs; the fall-back is never used.
        let last = runs.len() - 1;
        let largest = runs.iter().max_by_key(|run| run.jobs).unwrap_or(&runs[last]);
        let typical_size = runs.get(last / 2).map_or(1, |_| most_frequent_size(runs));
        let typical = runs.iter().filter(|run| !run.is_live && run.jobs == typical_size);
        let spread = |place: usize| &runs[place * runs.len() / JOBS];
        Self {
            jobs: (0..JOBS).map(|place| key(spread(place), hashed(place) % spread(place).jobs)).collect(),
            heartbeats: heartbeats(runs),
            typical_runs: typical.map(|run| run.name.clone()).collect(),
            typical_size,
            largest_run: largest.name.clone(),
            largest_size: largest.jobs,
            sha1_prefixes: (0..100).map(|place| spread(place * JOBS / 100).sha1[..10].to_owned()).collect(),
            nodes: (0..NODES).map(node_name).collect(),
            model: runs[last].clone(),
        }
    }
}

/// The size that the history gives to several runs on purpose.
fn most_frequent_size(runs: &[Run]) -> u32 {
    let candidates = [300, 50];
    let count = |size: u32| runs.iter().filter(|run| !run.is_live && run.jobs == size).count();
    candidates.into_iter().max_by_key(|size| count(*size)).unwrap_or(300)
}

fn key(run: &Run, place: u32) -> JobKey {
    JobKey { run: run.name.clone(), job: run.job_id(place) }
}

/// Running jobs first, then passed ones, which stay so; taken from the live runs in turn.
fn heartbeats(runs: &[Run]) -> Vec<JobKey> {
    let mut keys = Vec::new();
    for wanted in [JobStatus::Running, JobStatus::Pass] {
        let longest = runs.iter().filter(|run| run.is_live).map(|run| run.jobs).max().unwrap_or(0);
        for place in 0..longest {
            let live = runs.iter().filter(|run| run.is_live && place < run.jobs);
            keys.extend(live.filter(|run| run.job_status(place) == wanted).map(|run| key(run, place)));
        }
    }
    keys.truncate(HEARTBEATS);
    keys
}

/// A number far from its neighbours'.
fn hashed(place: usize) -> u32 {
    fastrand::Rng::with_seed(place as u64).u32(..)
}
