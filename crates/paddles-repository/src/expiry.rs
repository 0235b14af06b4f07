//! Jobs of which nobody hears any more.

use paddles_domain::{Act, ExpiryRule, JobId, JobStatus, RunName, Timestamp};

use crate::RepositoryError;

/// Finds jobs that are due by a rule, and makes them dead.
pub trait ExpiryRepository {
    /// The jobs that are due, running ones first, at most `limit`. Changes nothing.
    fn job_due(&self, rule: &ExpiryRule, limit: u32, now: Timestamp) -> Result<Vec<DueJob>, RepositoryError>;

    /// Makes at most `limit` jobs dead that are due, each as a report of its own would, so that the counts of its run and its
    /// nodes follow. A job that is heard of meanwhile stays. Of several servers of one database one does this at a time.
    ///
    /// The one question that is several transactions: each job has its own, so that no report waits for more than one of them.
    fn job_expire(&self, rule: &ExpiryRule, limit: u32, act: &Act) -> Result<ExpiryRound, RepositoryError>;
}

/// A job that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueJob {
    /// Its run.
    pub run: RunName,
    /// Its id in that run.
    pub job_id: JobId,
    /// Its state before it is dead.
    pub status: JobStatus,
    /// When it was last heard of, or else posted, if anybody knows.
    pub counted_from: Option<Timestamp>,
}

/// What came of making jobs dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpiryRound {
    /// These jobs are dead now.
    Expired {
        /// The jobs, as they were.
        jobs: Vec<DueJob>,
        /// Whether there were as many as the limit allows, so that there may be more.
        may_go_on: bool,
    },
    /// Another server is at it.
    Elsewhere,
}
