//! The port: what the service asks of its database, in the service's own words.
//!
//! One method is one use case and one transaction. Data goes in (a name, a report, a page, and of a change who makes it when), an outcome comes
//! out; no closures, no handles, no types of any database. An adapter implements the traits here and calls the domain's
//! rules inside its transactions; a caller holds an `Arc<dyn Repository>` and never learns which database it is.
//!
//! - [`RunRepository`] has runs, each with its stored counts.
//! - [`JobRepository`] has jobs and their reports.
//! - [`NodeRepository`] has nodes and their locks.
//! - [`QueueRepository`] has queues, and says who takes the next job.
//! - [`StatsRepository`] counts.
//! - [`WatchRepository`] tells how the database and the lab are.
//! - [`ExpiryRepository`] makes jobs dead of which nobody hears any more.
//! - [`TokenRepository`] has tokens, by which the service knows who sends a request.
//! - [`TransferRepository`] takes in and gives out what was kept elsewhere, as it was kept.
//! - [`AuditRepository`] has who did what.
//! - [`DeletionRepository`] brings back what was deleted.
//!
//! Absence is no error: look-ups answer an `Option`, changes an outcome. What is left is [`RepositoryError`].
//!
//! ```
//! use paddles_domain::{Act, JobId, JobPatch, JobStatus, RunName};
//! use paddles_repository::{JobUpdated, Repository, RepositoryError};
//!
//! fn bury(lab: &dyn Repository, run: &RunName, job: &JobId, act: &Act) -> Result<bool, RepositoryError> {
//!     let dead = JobPatch::with_status(JobStatus::Dead);
//!     Ok(lab.job_update(run, job, &dead, act)? != JobUpdated::NotFound)
//! }
//! ```
//!
//! # To add a question
//!
//! Add a method to the trait of the thing it asks about, its name the thing first (`run_list`, `job_update`), with what
//! it answers for what is not there. Add its test to `contract`, and only then its query to the adapter.

mod audit;
#[cfg(feature = "contract")]
pub mod contract;
mod deletions;
mod error;
mod expiry;
mod history_page;
mod jobs;
mod nodes;
mod page;
mod queues;
mod run_filter;
mod runs;
mod stats;
mod tokens;
mod transfer;
mod watch;

pub use audit::{AuditEntry, AuditFilter, AuditRepository};
pub use deletions::{Deletion, DeletionRepository, Purged, Restored};
pub use error::RepositoryError;
pub use expiry::{DueJob, ExpiryRepository, ExpiryRound};
pub use history_page::{HistoryPage, Place, PlaceError};
pub use jobs::{
    JobCreated, JobKeys, JobRepository, JobSearch, JobUpdated, JobUpserted, MOST_NEW_JOBS, NewJob, NewJobs, Relinked,
    StatusChange,
};
pub use nodes::{HostedNode, LockWish, LockedMany, NodeCreated, NodeFilter, NodeRepository, NodeUpdated, UnlockedMany};
pub use page::{LARGEST_PAGE, Page, PageError};
pub use queues::{QueueCreated, QueueHead, QueueRepository, QueueUpdated};
pub use run_filter::{RunCondition, RunIndex};
pub use runs::{RunCreated, RunRepository};
pub use stats::StatsRepository;
pub use tokens::{TokenCreated, TokenRepository, TokenRevoked};
pub use transfer::{Copied, JobsCopied, NodesCopied, PlacedJob, TransferRepository, WhatIsHere};
pub use watch::{DatabaseLoad, LabCounts, MOST_QUEUES, NodeCount, QueueCount, Readiness, WatchRepository};

/// Everything that the service asks of its database.
pub trait Repository:
    RunRepository
    + JobRepository
    + NodeRepository
    + QueueRepository
    + StatsRepository
    + ExpiryRepository
    + TokenRepository
    + TransferRepository
    + WatchRepository
    + AuditRepository
    + DeletionRepository
    + Send
    + Sync
{
}

impl<T> Repository for T where
    T: RunRepository
        + JobRepository
        + NodeRepository
        + QueueRepository
        + StatsRepository
        + ExpiryRepository
        + TokenRepository
        + TransferRepository
        + WatchRepository
        + AuditRepository
        + DeletionRepository
        + Send
        + Sync
{
}

/// The number of a row, by which later questions name it. Clients see it only when they ask for the field `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct RecordId(pub i32);

/// A run or job with the number of its row.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stored<T> {
    /// The number of the row.
    pub id: RecordId,
    /// What the row holds.
    pub record: T,
}
