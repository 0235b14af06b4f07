//! What went wrong in the database, and what the port calls it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use paddles_repository::RepositoryError;

use crate::DatabaseUrl;

/// A database that cannot be opened, or whose tables cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file may not be written.
    #[error("cannot keep reports in {url}: {reason}")]
    ReadOnly {
        /// The address.
        url: String,
        /// What SQLite said.
        reason: String,
    },
    /// No connection could be made.
    #[error("cannot connect to {url}: {source}")]
    Connect {
        /// The address, without its password.
        url: String,
        /// What the database or the system said.
        source: diesel::ConnectionError,
    },
    /// A migration failed; those before it hold.
    #[error("cannot bring the tables of {url} up to date: {reason}")]
    Migrate {
        /// The address, without its password.
        url: String,
        /// What the database said.
        reason: String,
    },
    /// Migrations are missing, and are not run from here.
    #[error("the tables of {url} are not up to date, `paddles migrate` brings them there; missing: {missing}")]
    Outdated {
        /// The address, without its password.
        url: String,
        /// The missing migrations.
        missing: String,
    },
    /// A pooler in transaction mode is between, and nobody said so.
    #[error(
        "{url} goes through a pooler in transaction mode: serving through it takes PADDLES_DATABASE_POOLER=transaction, \
         and migrations take the server itself in PADDLES_MIGRATION_DATABASE_URL"
    )]
    Pooled {
        /// The address, without its password.
        url: String,
    },
    /// The database holds tables that this service did not make.
    #[error(
        "{url} holds the tables of another paddles: `paddles adopt --check` says what taking them over does, `paddles adopt` does it"
    )]
    Foreign {
        /// The address, without its password.
        url: String,
    },
}

impl OpenError {
    pub(crate) fn unreadable(url: &DatabaseUrl, error: &Error) -> Self {
        let source = diesel::ConnectionError::BadConnection(url.conceal(&error.to_string()));
        Self::Connect { url: url.to_string(), source }
    }
}

/// Whether the connection is gone, so that the same question may be asked on another one.
pub(crate) fn is_connection_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
    )
}

/// Whether the session may not write, or the file could not be opened to be written.
pub(crate) fn is_read_only(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, info) => info.message() == SQLITE_READ_ONLY,
        _ => false,
    }
}

/// What SQLite says of a file that could be opened to be read alone.
const SQLITE_READ_ONLY: &str = "attempt to write a readonly database";

/// Whether only the text of the error tells what happened: diesel keeps no SQLSTATE.
pub(crate) fn is_unnamed(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, _))
}

/// What the port calls `error`.
///
/// Statements here are fixed and their values checked, so an error without a name is the database's own trouble (a full
/// disk, a shutdown, a lock held for too long): worth another try later.
pub(crate) fn repository_error(error: &Error) -> RepositoryError {
    let reason = error.to_string();
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) if is_key_of_jobs(&**info) => {
            RepositoryError::Taken { reason }
        }
        Error::DatabaseError(kind, info) if is_rule(*kind) || info.constraint_name().is_some() => {
            RepositoryError::Forbidden { rule: reason }
        }
        Error::QueryBuilderError(_)
        | Error::DeserializationError(_)
        | Error::SerializationError(_)
        | Error::InvalidCString(_)
        | Error::NotFound => RepositoryError::Refused { reason },
        _ => RepositoryError::Unavailable { reason },
    }
}

/// The key by which a job is found taken, as Postgres names it, and as SQLite does.
const KEY_OF_JOBS: (&str, &str) = ("ix_jobs_run_id_job_id", "UNIQUE constraint failed: jobs.run_id, jobs.job_id");

fn is_key_of_jobs(info: &dyn DatabaseErrorInformation) -> bool {
    info.constraint_name() == Some(KEY_OF_JOBS.0) || info.message() == KEY_OF_JOBS.1
}

/// Whether a key or check was violated. Postgres names the constraint for other kinds too that diesel does not tell apart.
fn is_rule(kind: DatabaseErrorKind) -> bool {
    matches!(
        kind,
        DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
    )
}
