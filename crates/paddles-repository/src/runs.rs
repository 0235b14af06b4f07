//! Questions about runs.

use paddles_domain::{Act, LabZone, Run, RunName};

use crate::{HistoryPage, Page, RepositoryError, RunCondition, RunIndex, Stored};

/// Runs, each with its stored counts: no answer here reads jobs.
pub trait RunRepository {
    /// Stores a run without jobs.
    fn run_create(&self, run: &Run, act: &Act) -> Result<RunCreated, RepositoryError>;

    /// The run of this name.
    fn run_get(&self, name: &RunName) -> Result<Option<Stored<Run>>, RepositoryError>;

    /// A page of all runs, newest posted first: the place of a run is when it was posted.
    fn run_list(&self, page: HistoryPage) -> Result<Vec<Stored<Run>>, RepositoryError>;

    /// A page of the runs for which every condition holds, newest scheduled first: the place of a run is when it was scheduled.
    fn run_filter(&self, conditions: &[RunCondition], page: HistoryPage) -> Result<Vec<Stored<Run>>, RepositoryError>;

    /// The runs that have a queued job, earliest scheduled first.
    fn run_queued(&self, page: Page) -> Result<Vec<Stored<Run>>, RepositoryError>;

    /// The distinct values of a part of the runs for which every condition holds, sorted; empty ones are left out.
    fn run_index(&self, index: RunIndex, conditions: &[RunCondition]) -> Result<Vec<String>, RepositoryError>;

    /// Counts the jobs of a run again: its counts, its first job and the status that follows. Says how it was and how it is,
    /// or would be without an act: then nothing is stored. `None` if there is no such run.
    fn run_recount(&self, name: &RunName, act: Option<&Act>) -> Result<Option<(Run, Run)>, RepositoryError>;

    /// Reads again what its name, by the lab's clock in `zone`, and its first job tell of a run. Says how it was and how it is, or
    /// would be without an act: then nothing is stored. `None` if there is no such run.
    fn run_reparse(
        &self,
        name: &RunName,
        zone: LabZone,
        act: Option<&Act>,
    ) -> Result<Option<(Run, Run)>, RepositoryError>;

    /// Deletes the run of this name and its jobs, which are kept for a while; says whether it was there.
    fn run_delete(&self, name: &RunName, act: &Act) -> Result<bool, RepositoryError>;
}

/// What came of storing a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCreated {
    /// It is stored.
    Created,
    /// There was a run of this name; it stays as it was.
    AlreadyExists,
}
