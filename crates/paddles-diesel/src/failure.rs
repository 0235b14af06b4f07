//! What went wrong in the database, and what the port calls it.

use diesel::result::{DatabaseErrorKind, Error};
use paddles_repository::RepositoryError;

/// A database that cannot be opened, or whose tables cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
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
    /// The database holds tables that this service did not make.
    #[error("{url} holds the tables of another paddles; this version cannot take them over")]
    Foreign {
        /// The address, without its password.
        url: String,
    },
}

/// Whether the connection is gone, so that the same question may be asked on another one.
pub(crate) fn is_connection_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
    )
}

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
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => RepositoryError::Taken { reason },
        Error::DatabaseError(
            DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation,
            _,
        )
        | Error::QueryBuilderError(_)
        | Error::DeserializationError(_)
        | Error::SerializationError(_)
        | Error::InvalidCString(_)
        | Error::NotFound => RepositoryError::Refused { reason },
        _ => RepositoryError::Unavailable { reason },
    }
}
