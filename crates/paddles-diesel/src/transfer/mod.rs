//! Giving out and taking in what is kept, as it is kept: for copies of a lab.

mod jobs;
mod nodes;
mod queues;
mod runs;
mod walk;

use paddles_domain::{Node, Queue, Run};
use paddles_repository::{
    Copied, JobsCopied, NodesCopied, PlacedJob, RecordId, RepositoryError, RunCondition, Stored, TransferRepository,
    WhatIsHere,
};

use crate::DieselRepository;

impl TransferRepository for DieselRepository {
    fn run_walk(
        &self,
        conditions: &[RunCondition],
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| walk::runs(connection, conditions, after, limit))
    }

    fn job_walk(
        &self,
        conditions: &[RunCondition],
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<Stored<PlacedJob>>, RepositoryError> {
        self.database.read(|connection| walk::jobs(connection, conditions, after, limit))
    }

    fn run_import(&self, runs: &[Run]) -> Result<Copied, RepositoryError> {
        self.database.write(|connection| runs::import(connection, runs))
    }

    fn job_import(&self, jobs: &[PlacedJob]) -> Result<JobsCopied, RepositoryError> {
        self.database.write(|connection| jobs::import(connection, jobs))
    }

    fn node_import(&self, nodes: &[Node], here: WhatIsHere) -> Result<NodesCopied, RepositoryError> {
        self.database.write(|connection| nodes::import(connection, nodes, here))
    }

    fn queue_import(&self, queues: &[Queue], here: WhatIsHere) -> Result<Copied, RepositoryError> {
        self.database.write(|connection| queues::import(connection, queues, here))
    }
}
