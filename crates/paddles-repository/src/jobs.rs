//! Questions about jobs.

use paddles_domain::{
    Act, Admission, Job, JobId, JobKey, JobPatch, JobReport, JobStatus, Kind, LabZone, NodeName, Refused, RunName,
    Timestamp,
};

use crate::{HistoryPage, Page, Place, RecordId, RepositoryError, Stored};

/// Jobs and their reports. Every change keeps the counts of the job's run in the same transaction.
pub trait JobRepository {
    /// Adds a job to its run, which is created first if the admission lets it. Whoever expects that the job may be there asks
    /// [`Self::job_is_known`] first, which costs less than a refusal.
    fn job_create(&self, new: &NewJob, act: &Act) -> Result<JobCreated, RepositoryError>;

    /// Adds a job as [`Self::job_create`] does, or else applies its report as a patch to the job that is there: one use case
    /// for reporters that do not know which.
    fn job_upsert(&self, new: &NewJob, act: &Act) -> Result<JobUpserted, RepositoryError>;

    /// Adds many jobs to one run as [`Self::job_create`] does with each in turn, those that can be added together: all of
    /// them or, where this ends in an error, none. Says what came of each, in their order.
    fn job_create_many(&self, new: &NewJobs, act: &Act) -> Result<Vec<JobCreated>, RepositoryError>;

    /// Applies a patch to a job.
    fn job_update(
        &self,
        run: &RunName,
        job_id: &JobId,
        patch: &JobPatch,
        act: &Act,
    ) -> Result<JobUpdated, RepositoryError>;

    /// A job of a run.
    fn job_get(&self, run: &RunName, job_id: &JobId) -> Result<Option<Stored<Job>>, RepositoryError>;

    /// Each of these jobs, as [`Self::job_get`] gives one, in their order: for those who ask at the same time.
    fn job_get_each(&self, jobs: &[(RunName, JobId)]) -> Result<Vec<Option<Stored<Job>>>, RepositoryError>;

    /// Whether each of these jobs is there, in their order: the busiest question of all, since reporters post every heartbeat as a new
    /// job first.
    fn job_is_known(&self, jobs: &[(RunName, JobId)]) -> Result<Vec<bool>, RepositoryError>;

    /// How the status of a job changed, the first change first; `None` if there is no such job. Empty for a job that came into
    /// the database before its history was kept, until it changes.
    fn job_history(&self, run: &RunName, job_id: &JobId) -> Result<Option<Vec<StatusChange>>, RepositoryError>;

    /// Links a job to the nodes that its stored targets name, if they name any; unknown ones are created. Says to which it was
    /// linked and to which it is, or would be without an act: then nothing is stored. `None` if there is no such job.
    fn job_link(&self, run: &RunName, job_id: &JobId, act: Option<&Act>) -> Result<Option<Relinked>, RepositoryError>;

    /// Deletes a job of a run, which is kept for a while; says whether it was there.
    fn job_delete(&self, run: &RunName, job_id: &JobId, act: &Act) -> Result<bool, RepositoryError>;

    /// Some of a run's jobs by their id as text: the first `limit` behind the id `after`. Asked page by page, since a run
    /// may hold thousands of jobs of several KB each.
    fn job_page(&self, run: RecordId, after: Option<&JobId>, limit: u32) -> Result<Vec<Stored<Job>>, RepositoryError>;

    /// The rows of a run's jobs, newest posted first, all or those in one state; `None` if there is no such run.
    fn job_index(&self, run: &RunName, status: Option<JobStatus>) -> Result<Option<Vec<RecordId>>, RepositoryError>;

    /// A run's jobs with the values of `keys` alone, newest posted first, all or those in one state; `None` if there is no such
    /// run. For keys that hold no documents: all are in memory at once.
    fn job_list(
        &self,
        run: &RunName,
        status: Option<JobStatus>,
        keys: JobKeys,
    ) -> Result<Option<Vec<Stored<Job>>>, RepositoryError>;

    /// The places of a page of the jobs that match, newest posted first: the number of each row, and when it was posted.
    fn job_search(&self, search: &JobSearch, page: HistoryPage) -> Result<Vec<Place>, RepositoryError>;

    /// The rows of the jobs that ran on a node, newest first, all or a page of them; only those of this `name` and in this
    /// `status`, if said. `None` if there is no such node.
    fn job_index_of_node(
        &self,
        node: &NodeName,
        name: Option<&str>,
        status: Option<JobStatus>,
        page: Option<Page>,
    ) -> Result<Option<Vec<RecordId>>, RepositoryError>;

    /// The jobs in these rows, in this order, with the values of `keys` alone. Rows that are gone are left out.
    fn job_rows(&self, rows: &[RecordId], keys: JobKeys) -> Result<Vec<Stored<Job>>, RepositoryError>;
}

/// Which jobs are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobSearch {
    /// This state.
    pub status: Option<JobStatus>,
    /// This user.
    pub user: Option<String>,
    /// This commit, whole.
    pub sha1: Option<String>,
    /// This branch.
    pub branch: Option<String>,
    /// A text that the description contains, by case.
    pub description: Option<String>,
    /// Posted later than this.
    pub posted_after: Option<Timestamp>,
    /// Posted before this.
    pub posted_before: Option<Timestamp>,
}

/// A job to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The run to which it is posted.
    pub run: RunName,
    /// What its reporter says.
    pub report: JobReport,
    /// Which jobs are let in.
    pub admission: Admission,
    /// The lab's clock, by which the name of a new run is read.
    pub zone: LabZone,
}

/// The most jobs that are added at once.
pub const MOST_NEW_JOBS: usize = 500;

/// Jobs to be added to one run; at most [`MOST_NEW_JOBS`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewJobs {
    /// The run to which they are posted.
    pub run: RunName,
    /// What their reporter says of each.
    pub reports: Vec<JobReport>,
    /// Which jobs are let in.
    pub admission: Admission,
    /// The lab's clock, by which the name of a new run is read.
    pub zone: LabZone,
}

/// What came of adding a job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum JobCreated {
    /// It is stored, under this id and in this state.
    Created(JobId, JobStatus),
    /// It was stored under this id when the same change was asked for before, under the same key.
    CreatedBefore(JobId),
    /// There was a job of this id in the run; it stays as it was.
    AlreadyExists(JobId),
    /// It was not let in.
    Refused(Refused),
}

/// What came of a report of a job that may be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobUpserted {
    /// It was not there, and is stored in this state.
    Created(JobStatus),
    /// It was there, the report is applied, and its status went from one to the other.
    Updated {
        /// The status before.
        before: JobStatus,
        /// The status now.
        after: JobStatus,
    },
    /// It was not there, and was not let in.
    Refused(Refused),
}

/// What came of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobUpdated {
    /// It is applied, and the job's status went from one to the other.
    Updated {
        /// The status before.
        before: JobStatus,
        /// The status now.
        after: JobStatus,
    },
    /// There is no such job.
    NotFound,
}

/// The nodes of a job that were put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relinked {
    /// To which it was linked, by name.
    pub before: Vec<NodeName>,
    /// To which it is, by name.
    pub after: Vec<NodeName>,
}

/// That the status of a job changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// When.
    pub time: Timestamp,
    /// The status before; `None` if the job was new.
    pub before: Option<JobStatus>,
    /// The status since then.
    pub after: JobStatus,
    /// By whom: `token NAME`, `network NETWORK`, `nobody`, `command line`.
    pub who: String,
    /// From which address.
    pub address: Option<String>,
}

/// A set of keys whose values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobKeys(u64);

const _: () = assert!(JobKey::COUNT <= 64, "a key is a bit");

impl JobKeys {
    /// Every key.
    pub const ALL: Self = Self(u64::MAX);

    /// No key.
    pub const NONE: Self = Self(0);

    /// These keys and `key`.
    #[must_use]
    pub fn with(self, key: JobKey) -> Self {
        Self(self.0 | 1 << key as u32)
    }

    /// Whether one of the keys holds a document, which may be large.
    pub fn hold_documents(self) -> bool {
        self.iter().any(|key| matches!(key.kind(), Kind::Document | Kind::Targets))
    }

    /// The keys of the set, in the order of the document.
    pub fn iter(self) -> impl Iterator<Item = JobKey> {
        JobKey::all().filter(move |key| self.0 & (1 << *key as u32) != 0)
    }
}
