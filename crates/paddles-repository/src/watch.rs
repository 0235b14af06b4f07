//! What the service is watched by.

use paddles_domain::{JobStatus, Timestamp};

use crate::RepositoryError;

/// Tells how the database and the lab in it are.
pub trait WatchRepository {
    /// Whether questions can be answered.
    fn readiness(&self) -> Result<Readiness, RepositoryError>;

    /// How many jobs, nodes and queued jobs there are. Cheap however many jobs there are, since runs keep counts of theirs.
    fn lab_counts(&self) -> Result<LabCounts, RepositoryError>;

    /// How busy the way to the database is. Asks nothing of it, and never waits.
    fn database_load(&self) -> DatabaseLoad;
}

/// Whether a database that answers can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// These migrations are missing in it.
    Behind(Vec<String>),
}

/// How many there are of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabCounts {
    /// Jobs by state, every state once.
    pub jobs: Vec<(JobStatus, u64)>,
    /// Nodes by their state.
    pub nodes: Vec<NodeCount>,
    /// Queued jobs by queue, the longest queues first.
    pub queues: Vec<QueueCount>,
}

/// The most queues of which counts tell.
pub const MOST_QUEUES: u32 = 100;

/// How many nodes are of one type and in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCount {
    /// Their type; empty if they have none.
    pub machine_type: String,
    /// Whether they are up; `None` if nobody said.
    pub up: Option<bool>,
    /// Whether they are locked.
    pub locked: bool,
    /// How many they are.
    pub nodes: u64,
}

/// How many jobs are queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCount {
    /// The queue that they name; empty for those that name none.
    pub queue: String,
    /// How many they are.
    pub jobs: u64,
    /// When the oldest of them was posted.
    pub oldest: Option<Timestamp>,
}

/// How busy the way to the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseLoad {
    /// What kind of database it is.
    pub kind: &'static str,
    /// Connections in use.
    pub in_use: u32,
    /// Connections that wait for use.
    pub idle: u32,
    /// The most connections that there may be.
    pub limit: u32,
    /// Threads that wait for a connection.
    pub waiting: u32,
    /// Statements run so far, those that begin and end transactions included.
    pub statements: u64,
    /// Statements so far that took too long.
    pub slow_statements: u64,
}
