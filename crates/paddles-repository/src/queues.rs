//! Questions about queues.

use paddles_domain::{Act, Job, PauseRefused, Queue, QueueName, QueuePatch, RunName, Timestamp};

use crate::{RecordId, RepositoryError, Stored};

/// Queues of jobs, and who takes the next one.
pub trait QueueRepository {
    /// Stores the queue that `patch` makes.
    fn queue_create(&self, name: &QueueName, patch: &QueuePatch, act: &Act) -> Result<QueueCreated, RepositoryError>;

    /// Applies a patch to a queue, if the rules of pausing let it.
    fn queue_update(&self, name: &QueueName, patch: &QueuePatch, act: &Act) -> Result<QueueUpdated, RepositoryError>;

    /// All queues by name, or those of this name and pauser.
    fn queue_list(&self, name: Option<&str>, paused_by: Option<&str>) -> Result<Vec<Queue>, RepositoryError>;

    /// A queue, and how many jobs wait in it.
    fn queue_get(&self, name: &QueueName) -> Result<Option<(Queue, u32)>, RepositoryError>;

    /// The job that would be taken next: lowest priority number, oldest first. Changes nothing.
    fn queue_head(&self, name: &QueueName, now: Timestamp) -> Result<QueueHead, RepositoryError>;

    /// Takes the next job: it is `waiting` from now on, and nobody else gets it. Jobs that others hold are passed over.
    fn queue_claim(&self, name: &QueueName, act: &Act) -> Result<QueueHead, RepositoryError>;

    /// Takes the next jobs, as [`Self::queue_claim`] takes one, for those who claim at the same time: in one transaction, for the first
    /// of them and as many behind as need not wait for that. Their acts say nothing of being made once.
    fn queue_claim_each(&self, name: &QueueName, acts: &[Act]) -> Result<Vec<QueueHead>, RepositoryError>;

    /// The rows of the jobs that wait in a queue, those of one run or else of one user if said; `None` if there is no such
    /// queue.
    fn queue_jobs(
        &self,
        name: &QueueName,
        run: Option<&RunName>,
        user: Option<&str>,
    ) -> Result<Option<Vec<RecordId>>, RepositoryError>;
}

/// What came of storing a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueCreated {
    /// It is stored.
    Created,
    /// There was a queue of this name; it stays as it was.
    AlreadyExists,
    /// The rules of pausing refuse it; nothing is stored.
    Refused(PauseRefused),
}

/// What came of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueUpdated {
    /// It is applied.
    Updated,
    /// There is no such queue.
    NotFound,
    /// The rules of pausing refuse it.
    Refused(PauseRefused),
}

/// What stands at the head of a queue.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueHead {
    /// This job.
    Job(Box<Stored<Job>>),
    /// Nothing: no job waits there, or there is no such queue.
    Empty,
    /// It is paused, and hands out nothing.
    Paused,
}
