//! A run of the history.

use std::f64::consts::TAU;

use chrono::{NaiveDateTime, TimeDelta};
use paddles_domain::{JobStatus, RunResults};

use super::job::status_of;
use super::words::{BRANCHES, FLAVORS, MACHINE_TYPES, SUITES, USERS, one_of};
use super::{Cell, LIVE_RUNS, MOST_JOBS, RUN_EVERY, TYPICAL_JOBS, TYPICAL_RUNS, numbers, sha1};

/// Columns of [`Run::row`].
pub(crate) const RUN_COLUMNS: [&str; 11] = [
    "id",
    "name",
    "status",
    "\"user\"",
    "scheduled",
    "suite",
    "branch",
    "machine_type",
    "posted",
    "started",
    "updated",
];

/// A run, without its jobs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// Its row's number, from 1.
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) scheduled: NaiveDateTime,
    pub(crate) user: &'static str,
    pub(crate) suite: &'static str,
    pub(crate) branch: &'static str,
    pub(crate) machine_type: &'static str,
    pub(crate) flavor: &'static str,
    pub(crate) sha1: String,
    pub(crate) suite_sha1: String,
    /// The number of its first job's row; those of the others follow.
    pub(crate) first_job: u32,
    pub(crate) jobs: u32,
    /// Some of its jobs are queued or running.
    pub(crate) is_live: bool,
    seed: u64,
}

impl Run {
    pub(super) fn new(seed: u64, id: u32, runs: u32, mean: f64, first_job: u32, ends: NaiveDateTime) -> Self {
        let mut numbers = numbers(seed, 1, id, 0);
        let (user, suite, branch) =
            (one_of(&USERS, &mut numbers), one_of(&SUITES, &mut numbers), one_of(&BRANCHES, &mut numbers));
        let (machine_type, flavor) = (one_of(&MACHINE_TYPES, &mut numbers), one_of(&FLAVORS, &mut numbers));
        let offset = TimeDelta::microseconds(numbers.i64(0..1_000_000));
        let later_runs = i32::try_from(runs - id).unwrap_or(i32::MAX);
        // A large run's jobs are posted over two minutes and a half.
        let scheduled = ends - RUN_EVERY * later_runs - TimeDelta::seconds(160) + offset;
        let name =
            format!("{user}-{}-{suite}-{branch}-distro-{flavor}-{machine_type}", scheduled.format("%Y-%m-%d_%H:%M:%S"));
        let drawn = job_count(mean, &mut numbers);
        let (sha1, suite_sha1) = (sha1(&mut numbers), sha1(&mut numbers));
        let is_live = id + LIVE_RUNS > runs;
        Self {
            id,
            name,
            scheduled,
            user,
            suite,
            branch,
            machine_type,
            flavor,
            sha1,
            suite_sha1,
            first_job,
            jobs: chosen_job_count(id, runs, mean).unwrap_or(drawn),
            is_live,
            seed,
        }
    }

    /// The state of its job at `place`, from 0.
    pub(crate) fn job_status(&self, place: u32) -> JobStatus {
        status_of(self.seed, self, place)
    }

    /// The id that reporters gave its job at `place`.
    pub(crate) fn job_id(&self, place: u32) -> String {
        (8_000_000 + self.first_job + place).to_string()
    }

    /// Its row, in the order of [`RUN_COLUMNS`]. Counts are left to a recount.
    pub(crate) fn row(&self) -> Vec<Cell> {
        let mut results = RunResults::default();
        (0..self.jobs).for_each(|place| results.add(self.job_status(place)));
        vec![
            self.id.into(),
            self.name.as_str().into(),
            results.run_status().as_str().into(),
            self.user.into(),
            self.scheduled.into(),
            self.suite.into(),
            self.branch.into(),
            self.machine_type.into(),
            self.scheduled.into(),
            self.scheduled.into(),
            self.scheduled.into(),
        ]
    }
}

/// Log-normal, as in a lab: many small runs, few large ones.
fn job_count(mean: f64, numbers: &mut fastrand::Rng) -> u32 {
    let normal = (-2.0 * (1.0 - numbers.f64()).ln()).sqrt() * (TAU * numbers.f64()).cos();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2,500")]
    let count = ((0.9 * normal).exp() * mean * 0.67).clamp(1.0, f64::from(MOST_JOBS)) as u32;
    count
}

/// Some finished runs have a size that rows of the benchmark ask for, scaled down with a small history.
fn chosen_job_count(id: u32, runs: u32, mean: f64) -> Option<u32> {
    let finished = runs.saturating_sub(LIVE_RUNS);
    let step = (finished / (TYPICAL_RUNS + 1)).max(1);
    let is_small = mean < 200.0;
    if id == 1 {
        Some(if is_small { 400 } else { MOST_JOBS })
    } else if id.is_multiple_of(step) && id / step <= TYPICAL_RUNS && id > 1 && id <= finished {
        Some(if is_small { 50 } else { TYPICAL_JOBS })
    } else {
        None
    }
}
