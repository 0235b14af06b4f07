//! One connection to either database.

use std::time::Duration;

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};

use crate::slow_statements::StatementCounts;
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

/// Each list has an index for whatever value is asked for, so that a plan made once serves all: to plan anew, or to compile a
/// plan, takes longer than most answers.
const PLANNING: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off";

/// What libpq says when it is asked for TLS and was built without, and what can be done about it.
const NO_TLS: &str = "SSL support is not compiled in";
const WITHOUT_TLS: &str =
    "; this paddles is built without TLS: `cargo build --release --features tls` builds one with it";

/// Opens connections to one database, and counts the statements that run on them.
#[derive(Debug)]
pub(crate) struct Connector {
    url: DatabaseUrl,
    pooler: Pooler,
    limits: StatementLimits,
    statements: StatementCounts,
}

/// How long statements of the service may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementLimits {
    /// One that takes so long is logged.
    pub slow_after: Duration,
    /// One that takes so long is broken off by Postgres; `None` lets it run.
    pub timeout: Option<Duration>,
}

impl Default for StatementLimits {
    fn default() -> Self {
        Self { slow_after: Duration::from_secs(1), timeout: None }
    }
}

/// No change waits longer for a row that another keeps: the thread that waits is needed.
const LONGEST_WAIT_FOR_LOCK: Duration = Duration::from_secs(10);

impl Connector {
    pub(crate) fn new(url: DatabaseUrl) -> Self {
        Self::through(Pooler::None, url)
    }

    pub(crate) fn through(pooler: Pooler, url: DatabaseUrl) -> Self {
        Self { url, pooler, limits: StatementLimits::default(), statements: StatementCounts::default() }
    }

    /// Connections whose statements have these limits.
    pub(crate) fn limited(self, limits: StatementLimits) -> Self {
        Self { limits, ..self }
    }

    /// Whether it opens an SQLite file.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.url, DatabaseUrl::Sqlite(_))
    }

    /// What begins a change: where sessions are lent for a transaction at a time, the limits of each change are set with it, in the
    /// same round trip.
    pub(crate) fn begin(&self) -> String {
        match (&self.url, self.pooler, self.limits.timeout) {
            (DatabaseUrl::Sqlite(_), ..) => "BEGIN IMMEDIATE".to_owned(),
            (_, Pooler::Transaction, Some(timeout)) => format!("BEGIN; {}", timeouts("SET LOCAL", timeout)),
            _ => "BEGIN".to_owned(),
        }
    }

    /// How many statements have run.
    pub(crate) fn statements(&self) -> StatementCounts {
        self.statements.clone()
    }

    /// A new connection.
    pub(crate) fn open(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        self.establish().map_err(|error| {
            let said = self.url.conceal(&error.to_string());
            let hint = if said.contains(NO_TLS) { WITHOUT_TLS } else { "" };
            diesel::ConnectionError::BadConnection(format!("{said}{hint}"))
        })
    }

    fn establish(&self) -> Result<AnyConnection, diesel::ConnectionError> {
        match &self.url {
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url)?;
                match self.pooler {
                    // What is prepared or set in one session is not there in the next.
                    Pooler::Transaction => connection.set_prepared_statement_cache_size(CacheSize::Disabled),
                    Pooler::None => self.set_up(&mut connection)?,
                }
                connection.set_instrumentation(self.statements.instrumentation(self.limits.slow_after));
                Ok(AnyConnection::Postgres(connection))
            }
            DatabaseUrl::Sqlite(file) => {
                let mut connection = SqliteConnection::establish(&file.to_string_lossy())?;
                let refused = diesel::ConnectionError::CouldntSetupConfiguration;
                connection.batch_execute(SQLITE_SETTINGS).map_err(refused)?;
                connection.set_instrumentation(self.statements.instrumentation(self.limits.slow_after));
                Ok(AnyConnection::Sqlite(connection))
            }
        }
    }

    /// Sets how a session that stays ours plans, and its limits.
    fn set_up(&self, connection: &mut PgConnection) -> Result<(), diesel::ConnectionError> {
        let limits = self.limits.timeout.map(|timeout| timeouts("SET", timeout)).unwrap_or_default();
        let settings = format!("{PLANNING}; {limits}");
        connection.batch_execute(&settings).map_err(diesel::ConnectionError::CouldntSetupConfiguration)
    }
}

/// Sets Postgres' timeouts, in one round trip. A transaction in which nothing happens belongs to a server that
/// is gone: it must not keep its locks.
fn timeouts(set: &str, statement: Duration) -> String {
    let (statement, lock) = (statement.as_millis(), LONGEST_WAIT_FOR_LOCK.min(statement).as_millis());
    format!(
        "{set} statement_timeout = {statement}; {set} lock_timeout = {lock}; \
         {set} idle_in_transaction_session_timeout = {statement}"
    )
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
