//! Questions that count jobs.

use paddles_domain::{NodeName, RunResults, Timestamp};

use crate::RepositoryError;

/// Counts of jobs by state.
pub trait StatsRepository {
    /// How the jobs of each node stand that were posted from `since` on, by node; nodes without any are left out. With a
    /// machine type: nodes of that type, and jobs of that type or `multi`.
    fn job_stats(
        &self,
        since: Timestamp,
        machine_type: Option<&str>,
    ) -> Result<Vec<(NodeName, RunResults)>, RepositoryError>;

    /// How the jobs of a node stand; `None` if there is no such node.
    fn node_job_stats(&self, node: &NodeName) -> Result<Option<RunResults>, RepositoryError>;
}
