//! How the jobs of a run ended, counted, and the run's status that follows.

use std::fmt;

use crate::JobStatus;

/// How many jobs of a run are in each state.
///
/// Kept beside the run and changed by one job at a time, so that no page of runs ever counts jobs.
///
/// ```
/// use paddles_domain::{JobStatus, RunResults, RunStatus};
///
/// let mut results = RunResults::default();
/// results.add(JobStatus::Pass);
/// results.add(JobStatus::Running);
/// assert_eq!(results.run_status(), RunStatus::Running);
///
/// results.remove(JobStatus::Running);
/// results.add(JobStatus::Pass);
/// assert_eq!(results.run_status(), RunStatus::FinishedPass);
/// assert_eq!(results.total(), 2);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunResults {
    counts: [u32; JobStatus::ALL.len()],
}

impl RunResults {
    /// The results that `count` tells for each status.
    pub fn from_counts(count: impl Fn(JobStatus) -> u32) -> Self {
        Self { counts: JobStatus::ALL.map(count) }
    }

    /// How many jobs are in `status`.
    pub fn count(&self, status: JobStatus) -> u32 {
        self.counts[status as usize]
    }

    /// How many jobs there are.
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// Counts a job in `status`.
    pub fn add(&mut self, status: JobStatus) {
        self.counts[status as usize] += 1;
    }

    /// No longer counts a job in `status`. A count that was wrong before stays at zero.
    pub fn remove(&mut self, status: JobStatus) {
        let count = &mut self.counts[status as usize];
        *count = count.saturating_sub(1);
    }

    /// The status of a run whose jobs these are: the first rule that holds.
    pub fn run_status(&self) -> RunStatus {
        let total = self.total();
        let any = |status| self.count(status) > 0;
        let all = |status| self.count(status) == total;
        if total == 0 {
            RunStatus::Empty
        } else if all(JobStatus::Queued) {
            RunStatus::Queued
        } else if any(JobStatus::Running) {
            RunStatus::Running
        } else if any(JobStatus::Waiting) {
            RunStatus::Waiting
        } else if all(JobStatus::Dead) {
            RunStatus::FinishedDead
        } else if any(JobStatus::Fail) || any(JobStatus::Dead) {
            RunStatus::FinishedFail
        } else if all(JobStatus::Pass) {
            RunStatus::FinishedPass
        } else if any(JobStatus::Queued) {
            RunStatus::Queued
        } else {
            RunStatus::Unknown
        }
    }
}

/// The state of a run, which follows from its jobs' states alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// It has no jobs.
    Empty,
    /// Its jobs wait in a queue.
    Queued,
    /// A job waits for machines, and none runs.
    Waiting,
    /// A job runs.
    Running,
    /// Every job passed.
    FinishedPass,
    /// A job failed or died.
    FinishedFail,
    /// Every job died.
    FinishedDead,
    /// Nobody said how a job ended.
    Unknown,
}

/// A text that is no run status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Run status must be one of: empty, queued, waiting, running, finished pass, finished fail, finished dead, unknown"
)]
pub struct UnknownRunStatus;

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::Queued,
        Self::Waiting,
        Self::Running,
        Self::FinishedPass,
        Self::FinishedFail,
        Self::FinishedDead,
        Self::Unknown,
    ];

    /// The words for it, on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::FinishedPass => "finished pass",
            Self::FinishedFail => "finished fail",
            Self::FinishedDead => "finished dead",
            Self::Unknown => "unknown",
        }
    }

    /// Whether all that the run will tell is there.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::FinishedPass | Self::FinishedFail | Self::FinishedDead)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for RunStatus {
    type Err = UnknownRunStatus;

    fn from_str(words: &str) -> Result<Self, UnknownRunStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == words).ok_or(UnknownRunStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobStatus::{Dead, Fail, Pass, Queued, Running, Unknown, Waiting};
    use proptest::prelude::*;

    fn results(jobs: &[JobStatus]) -> RunResults {
        let mut results = RunResults::default();
        for &status in jobs {
            results.add(status);
        }
        results
    }

    #[test]
    fn the_run_status_follows_from_the_jobs() {
        fn check(jobs: &[JobStatus], expected: &str) {
            assert_eq!(results(jobs).run_status().as_str(), expected, "{jobs:?}");
        }
        check(&[], "empty");
        check(&[Queued], "queued");
        check(&[Queued, Queued], "queued");
        check(&[Running, Dead], "running");
        check(&[Running, Waiting], "running");
        check(&[Queued, Waiting], "waiting");
        check(&[Fail, Waiting], "waiting");
        check(&[Dead, Dead], "finished dead");
        check(&[Dead, Pass], "finished fail");
        check(&[Fail, Queued], "finished fail");
        check(&[Dead, Unknown], "finished fail");
        check(&[Pass, Pass], "finished pass");
        check(&[Pass, Queued], "queued");
        check(&[Queued, Unknown], "queued");
        check(&[Pass, Unknown], "unknown");
        check(&[Unknown], "unknown");
    }

    #[test]
    fn words_and_states_are_the_same_thing() {
        for status in RunStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for status in JobStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("PASS".parse::<JobStatus>(), Err(crate::UnknownJobStatus));
    }

    proptest! {
        #[test]
        fn counts_equal_a_recount_after_any_changes(
            changes in prop::collection::vec((0_usize..12, prop::sample::select(&JobStatus::ALL[..])), 0..60)
        ) {
            let mut jobs: Vec<Option<JobStatus>> = vec![None; 12];
            let mut kept = RunResults::default();
            for (job, status) in changes {
                if let Some(before) = jobs[job].replace(status) {
                    kept.remove(before);
                }
                kept.add(status);
            }
            let left: Vec<_> = jobs.into_iter().flatten().collect();
            prop_assert_eq!(kept, results(&left));
        }
    }
}
