//! Why a benchmark ended early.

use std::io;

use paddles_diesel::testing::{ClusterError, NotFound};
use paddles_diesel::{DatabaseUrlError, OpenError, RecountError};

/// Why a benchmark ended early: nothing was written into the documents.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A file, a process or a socket failed.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// The service answered something else than it must.
    #[error("row \"{row}\": {said}")]
    WrongAnswer {
        /// Which row.
        row: String,
        /// What was wrong with it.
        said: String,
    },
    /// A program beside the service failed.
    #[error("{program} failed: {said}")]
    Program {
        /// psql, pgbench or the service.
        program: String,
        /// What it wrote.
        said: String,
    },
    /// The database refused a statement of ours.
    #[error("the database refuses: {0}")]
    Database(#[from] diesel::result::Error),
    /// No connection to the database.
    #[error("cannot connect: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// The Postgres server did not start.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no Postgres here.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The tables could not be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The counts could not be completed.
    #[error(transparent)]
    Recount(#[from] RecountError),
    /// The database's path cannot be an address.
    #[error("the database's address must be {0}")]
    Url(#[from] DatabaseUrlError),
    /// No row's name contains what was asked for.
    #[error("no row's name contains {0:?}")]
    NoRow(String),
}

/// Names what was tried when the system refuses.
pub(crate) fn doing(what: impl Into<String>) -> impl FnOnce(io::Error) -> BenchError {
    let doing = what.into();
    move |source| BenchError::Io { doing, source }
}
