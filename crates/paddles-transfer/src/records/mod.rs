//! Runs, jobs, nodes and queues as JSON objects: as servers show them, and as lines of an archive.

mod read;
mod write;

use paddles_domain::{FieldError, NameError, ReportError, UnknownJobStatus};

pub(crate) use read::{
    Members, ReadJob, ReadRun, read_job, read_node, read_placed_job, read_queue, read_run, read_run_called,
};
pub(crate) use write::{JobLine, NodeLine, QueueLine, RunLine};

/// Documents that cannot stand in a line as they are: JSON over several lines, or what an older service took for JSON.
const AS_TEXT: &str = "as_text";

/// A JSON object that is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is no JSON, or other JSON.
    #[error("no record: {0}")]
    Json(#[from] serde_json::Error),
    /// A key with a value that it does not take.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A name or id that cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A `job_id` that cannot be one.
    #[error(transparent)]
    JobId(#[from] ReportError),
    /// A job's `status` that is none.
    #[error(transparent)]
    Status(#[from] UnknownJobStatus),
}

#[cfg(test)]
mod tests;
