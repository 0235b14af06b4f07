//! The state of a job.

use std::fmt;

/// The state of a job, as its reporter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum JobStatus {
    /// Waits in a queue for a dispatcher.
    Queued,
    /// Waits for machines.
    Waiting,
    /// Runs on its machines.
    Running,
    /// Finished, and everything passed.
    Pass,
    /// Finished, and something failed.
    Fail,
    /// Was killed, or never came back.
    Dead,
    /// Nobody said.
    Unknown,
}

/// A word that is no job status. The sentence begins as the deployed server's documentation promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Job status must be one of: queued, waiting, running, pass, fail, dead, unknown")]
pub struct UnknownJobStatus;

impl JobStatus {
    /// Every status, in the order in which a job may pass through them.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Waiting, Self::Running, Self::Pass, Self::Fail, Self::Dead, Self::Unknown];

    /// The word for it, on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }

    /// Whether no later status may replace it. The supervisor reports `dead` at the end of every job and relies on a
    /// verdict to stay.
    pub fn is_verdict(self) -> bool {
        matches!(self, Self::Pass | Self::Fail)
    }

    /// Whether the job will not go on by itself: a verdict, or dead.
    pub fn is_finished(self) -> bool {
        self.is_verdict() || self == Self::Dead
    }

    /// What a job's `success` says about its status.
    pub fn of_success(success: Option<bool>) -> Self {
        match success {
            Some(true) => Self::Pass,
            Some(false) => Self::Fail,
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for JobStatus {
    type Err = UnknownJobStatus;

    fn from_str(word: &str) -> Result<Self, UnknownJobStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownJobStatus)
    }
}
