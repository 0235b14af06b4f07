//! Questions of those who copy a lab from one database into another.

use std::ops::AddAssign;

use paddles_domain::{Job, Node, NodeName, Queue, Run, RunName};

use crate::{RecordId, RepositoryError, RunCondition, Stored};

/// Runs, jobs, nodes and queues as they are kept: given out in the order in which they came, and taken in with the times and
/// the status that they had elsewhere.
///
/// What is taken in may be here already: then it stays as it is if it is the same, and changes if it is not. What was
/// heard of later here than there stays too; of nodes and queues nobody knows when that was, so who asks says what becomes of
/// them. All that is counted follows, as for a report.
pub trait TransferRepository {
    /// Some of the runs for which every condition holds, in the order of their rows: the first `limit` behind `after`.
    fn run_walk(
        &self,
        conditions: &[RunCondition],
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<Stored<Run>>, RepositoryError>;

    /// Some of the jobs of the runs for which every condition holds, in the order of their rows: the first `limit` behind
    /// `after`.
    fn job_walk(
        &self,
        conditions: &[RunCondition],
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<Vec<Stored<PlacedJob>>, RepositoryError>;

    /// Takes in runs without their jobs: what they count and show of jobs follows the jobs that are here.
    fn run_import(&self, runs: &[Run]) -> Result<Copied, RepositoryError>;

    /// Takes in jobs of runs that are here, in the order in which they come. Of an id that comes twice in a run the one heard
    /// of last counts.
    fn job_import(&self, jobs: &[PlacedJob]) -> Result<JobsCopied, RepositoryError>;

    /// Takes in nodes, with their locks. A host that is no node becomes one of which only its name is known. A node that would run on
    /// itself, straight or by others, comes without its host, or stays where it was.
    fn node_import(&self, nodes: &[Node], here: WhatIsHere) -> Result<NodesCopied, RepositoryError>;

    /// Takes in queues.
    fn queue_import(&self, queues: &[Queue], here: WhatIsHere) -> Result<Copied, RepositoryError>;
}

/// What becomes of nodes and queues that are here already, and differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatIsHere {
    /// They stay as they are: their locks and pauses are those of a lab at work.
    Stays,
    /// They become what they are elsewhere.
    Changes,
}

/// A job, and where it ran.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedJob {
    /// The job.
    pub job: Job,
    /// Its nodes, created where they are unknown. None leaves a job that is here where it ran.
    pub nodes: Vec<NodeName>,
}

/// What came of taking things in: how many of each fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// They are new here.
    pub added: u64,
    /// They were here, and changed.
    pub changed: u64,
    /// They were here already.
    pub same: u64,
    /// They stay as they are here, where they were heard of later.
    pub newer: u64,
}

impl Copied {
    /// How many there were.
    pub fn total(self) -> u64 {
        self.added + self.changed + self.same + self.newer
    }
}

impl AddAssign for Copied {
    fn add_assign(&mut self, more: Self) {
        self.added += more.added;
        self.changed += more.changed;
        self.same += more.same;
        self.newer += more.newer;
    }
}

/// What came of taking in nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodesCopied {
    /// How many of each fate.
    pub copied: Copied,
    /// Those that came without the host that they had elsewhere, since they would run on themselves.
    pub on_themselves: Vec<NodeName>,
}

/// What came of taking in jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobsCopied {
    /// They are here.
    Copied(Copied),
    /// A job's run is not here; nothing is taken in.
    UnknownRun(RunName),
}
