//! Questions about who did what.

use paddles_domain::{Document, Timestamp};

use crate::{HistoryPage, RecordId, RepositoryError};

/// The audit: what the service keeps of every change but ordinary reports, whose changes of a status are in the history of
/// their job. Nothing in it is ever changed.
pub trait AuditRepository {
    /// A page of the entries that match, newest first.
    fn audit_list(&self, filter: &AuditFilter, page: HistoryPage) -> Result<Vec<AuditEntry>, RepositoryError>;
}

/// Which entries are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this one: `token NAME`, `network NETWORK`, `nobody`, `command line`.
    pub who: Option<String>,
    /// About this kind of thing: run, job, node, queue, token.
    pub kind: Option<String>,
    /// About the thing of this name; a job's is that of its run, a slash, and its id.
    pub name: Option<String>,
}

/// That somebody did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The number of the entry.
    pub id: RecordId,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub who: String,
    /// From which address; `None` for what the service or its command line did.
    pub address: Option<String>,
    /// What was done, in a word.
    pub action: String,
    /// To what kind of thing.
    pub kind: String,
    /// To which of them.
    pub name: String,
    /// The values that it had, of those that changed.
    pub before: Option<Document>,
    /// The values that it has since.
    pub after: Option<Document>,
}
