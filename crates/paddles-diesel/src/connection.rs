//! One connection to either database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{CacheSize, Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};

use crate::{DatabaseUrl, Pooler};

/// A connection to Postgres or SQLite, on which most queries read the same.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What both databases are to diesel.
pub(crate) type Backend = <AnyConnection as diesel::Connection>::Backend;

/// SQLite's settings belong to a connection: referential integrity, readers beside the writer, patience with another
/// process, every commit on the disk before it is acknowledged,
/// and `LIKE` by case as in Postgres. The cache is counted in KiB.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = wal; PRAGMA synchronous = full; \
    PRAGMA foreign_keys = on; PRAGMA cache_size = -4096; PRAGMA case_sensitive_like = on";

/// Opens connections to one database, and counts the statements that run on them.
#[derive(Debug)]
pub(crate) struct Connector {
    url: DatabaseUrl,
    pooler: Pooler,
    statements: Arc<AtomicU64>,
}

impl Connector {
    pub(crate) fn new(url: DatabaseUrl) -> Self {
        Self::through(Pooler::None, url)
    }

    pub(crate) fn through(pooler: Pooler, url: DatabaseUrl) -> Self {
        Self { url, pooler, statements: Arc::default() }
    }

    /// Whether it opens an SQLite file.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.url, DatabaseUrl::Sqlite(_))
    }

    /// How many statements have run, those that begin and end transactions included.
    pub(crate) fn statements(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.statements)
    }

    /// A new connection.
    pub(crate) fn open(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        self.establish().map_err(|error| diesel::ConnectionError::BadConnection(self.url.conceal(&error.to_string())))
    }

    fn establish(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        match &self.url {
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url)?;
                if self.pooler == Pooler::Transaction {
                    // What is prepared in one session is not there in the next.
                    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
                }
                connection.set_instrumentation(self.counter());
                Ok(AnyConnection::Postgres(connection))
            }
            DatabaseUrl::Sqlite(file) => {
                let mut connection = SqliteConnection::establish(&file.to_string_lossy())?;
                let refused = diesel::ConnectionError::CouldntSetupConfiguration;
                connection.batch_execute(SQLITE_SETTINGS).map_err(refused)?;
                connection.set_instrumentation(self.counter());
                Ok(AnyConnection::Sqlite(connection))
            }
        }
    }

    fn counter(&self) -> impl Instrumentation + use<> {
        let statements = self.statements();
        move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl AnyConnection {
    /// Begins a transaction that will write. SQLite takes its one write lock here: taken later, two transactions that
    /// have read could never both go on.
    pub(crate) fn begin_write(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(connection) => connection.batch_execute("BEGIN"),
            Self::Sqlite(connection) => connection.batch_execute("BEGIN IMMEDIATE"),
        }
    }

    /// Makes all that was written since the beginning last.
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        self.batch_execute("COMMIT")
    }

    /// Undoes all that was written since the beginning.
    pub(crate) fn roll_back(&mut self) -> QueryResult<()> {
        self.batch_execute("ROLLBACK")
    }
}
