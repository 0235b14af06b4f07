//! A lab in a file: JSON Lines, compressed by zstd.
//!
//! The first line is a header with the version of the format, the last one tells how many records of each kind there are, so
//! that a file that was cut off is known as such. Between them stand nodes, queues, runs and jobs, in this order, jobs and
//! runs in the order of their rows.

mod export;
mod line;
mod load;
mod reader;

use serde::{Deserialize, Serialize};

pub use export::{ExportError, Exported, export};
pub use load::{Brought, LoadError, Loaded, load};
pub use reader::{ArchiveError, BadLine, check};

/// The version of the format.
const VERSION: u32 = 1;

/// How many records of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they say it themselves")]
pub struct Records {
    pub nodes: u64,
    pub queues: u64,
    pub runs: u64,
    pub jobs: u64,
}

impl Records {
    /// All of them.
    pub fn total(self) -> u64 {
        self.nodes + self.queues + self.runs + self.jobs
    }
}
