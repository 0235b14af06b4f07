//! Questions about what was deleted.

use paddles_domain::{Act, JobId, RunName, Timestamp};

use crate::{Page, RepositoryError};

/// Deleted runs and jobs, which are kept for a while.
pub trait DeletionRepository {
    /// A page of what can be brought back, last deleted first.
    fn deletion_list(&self, page: Page) -> Result<Vec<Deletion>, RepositoryError>;

    /// Brings back the run of this name that was deleted at the moment `deleted`, or else last, with the jobs that were deleted with
    /// it. Without an act it only says what would come of it.
    fn run_restore(
        &self,
        name: &RunName,
        deleted: Option<Timestamp>,
        act: Option<&Act>,
    ) -> Result<Restored, RepositoryError>;

    /// Brings back the job of this id that was deleted at the moment `deleted`, or else last, from a run that is there. Without an
    /// act it only says what would come of it.
    fn job_restore(
        &self,
        run: &RunName,
        job_id: &JobId,
        deleted: Option<Timestamp>,
        act: Option<&Act>,
    ) -> Result<Restored, RepositoryError>;

    /// Forgets for good some of what was deleted before this moment, `at_most` so many jobs.
    fn deletion_purge(&self, before: Timestamp, at_most: u32) -> Result<Purged, RepositoryError>;
}

/// That somebody deleted a run with its jobs, or a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub time: Timestamp,
    /// Who: `token NAME`, `network NETWORK`, `nobody`, `command line`.
    pub who: String,
    /// From which address.
    pub address: Option<String>,
    /// The run.
    pub run: RunName,
    /// The job; `None` for the whole run.
    pub job_id: Option<JobId>,
    /// How many jobs were deleted.
    pub jobs: u32,
}

/// What came of bringing something back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It is there again, with so many jobs.
    Restored(u32),
    /// Nothing of this name was deleted, or it is no longer kept.
    NotFound,
    /// There is another one of this name meanwhile; nothing has changed.
    Taken,
    /// The run from which the job was deleted is not there; nothing has changed.
    RunGone,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// So many jobs.
    pub jobs: u32,
    /// Whether there may be more.
    pub may_go_on: bool,
}
