//! A pool of connections, and the two ways to use one: to read, and to write in a transaction.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use paddles_repository::{DatabaseLoad, RepositoryError};

use crate::claim::try_alone;
use crate::connection::{AnyConnection, Connector};
use crate::failure::{is_connection_lost, is_read_only, is_unnamed, repository_error};
use crate::slow_statements::{StatementCounts, named};

/// How long a question waits for a connection when the database is away.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(2);

/// How long the next questions are refused at once after one waited in vain.
const AWAY: Duration = Duration::from_secs(1);

/// Connections for what is asked while all others are in use: a change, how the database is, and what the service does by itself, the
/// death of silent jobs and the end of old deletions. Who waited for one in vain would have all others refused.
const BESIDES: u32 = 4;

/// Connections are renewed after this time, so that a proxy in between may drop old ones.
const CONNECTION_LIFETIME: Duration = Duration::from_mins(30);

pub(crate) struct Database {
    connector: Arc<Connector>,
    pool: r2d2::Pool<Manager>,
    statements: StatementCounts,
    /// What begins a change.
    begin: String,
    /// Threads that wait for a connection.
    waiting: AtomicU32,
    /// SQLite has one writer; waiting here is fair, waiting in SQLite is polling.
    sqlite_writer: Option<Mutex<()>>,
    /// Taken by work that one server does at a time.
    sqlite_alone: Mutex<()>,
    found_away: Mutex<Option<Instant>>,
}

impl Database {
    pub(crate) fn new(connector: Connector, connections: u32) -> Self {
        let (statements, is_sqlite, begin) = (connector.statements(), connector.is_sqlite(), connector.begin());
        let connector = Arc::new(connector);
        let pool = r2d2::Pool::builder()
            .max_size(connections + BESIDES)
            .min_idle(Some(1))
            .connection_timeout(CONNECTION_PATIENCE)
            .max_lifetime(Some(CONNECTION_LIFETIME))
            // A ping at each use costs up to a quarter of the rate; a lost connection is noticed when it is used.
            .test_on_check_out(false)
            .error_handler(Box::new(LogConnectionErrors))
            .build_unchecked(Manager(Arc::clone(&connector)));
        let sqlite_writer = is_sqlite.then(Mutex::default);
        Self {
            connector,
            pool,
            statements,
            begin,
            waiting: AtomicU32::new(0),
            sqlite_writer,
            sqlite_alone: Mutex::default(),
            found_away: Mutex::default(),
        }
    }

    /// How many statements have run on this database since it was opened.
    pub(crate) fn statements_run(&self) -> u64 {
        self.statements.all()
    }

    /// Whether it is an SQLite file.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.sqlite_writer.is_some()
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> DatabaseLoad {
        let connections = self.pool.state();
        DatabaseLoad {
            kind: if self.is_sqlite() { "sqlite" } else { "postgres" },
            in_use: connections.connections.saturating_sub(connections.idle_connections),
            idle: connections.idle_connections,
            limit: self.pool.max_size(),
            waiting: self.waiting.load(Ordering::Relaxed),
            statements: self.statements.all(),
            slow_statements: self.statements.slow(),
        }
    }

    /// Asks a question that changes nothing.
    pub(crate) fn read<T, Q>(&self, question: Q) -> Result<T, RepositoryError>
    where
        Q: Fn(&mut AnyConnection) -> QueryResult<T>,
    {
        named(&question, |question| self.on_live_connection(|connection| Ok(Ok(question(connection)?))))
    }

    /// Makes a change whole or not at all: what `change` wrote lasts if it answers `Ok`, and only then.
    pub(crate) fn write<T, C>(&self, change: C) -> Result<T, RepositoryError>
    where
        C: Fn(&mut AnyConnection) -> QueryResult<T>,
    {
        let _turn = self.sqlite_writer.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        named(&change, |change| {
            self.on_live_connection(|connection| {
                connection.batch_execute(&self.begin)?;
                match change(connection) {
                    // Whether a commit that got no answer holds is unknown, so it is never tried again.
                    Ok(outcome) => Ok(connection.commit().map(|()| outcome)),
                    Err(error) => {
                        connection.roll_back().ok();
                        Err(error)
                    }
                }
            })
        })
    }

    /// Makes a change that is one statement, which Postgres runs as a transaction of its own; `None` on SQLite, where
    /// [`Self::write`] costs no more. It may run twice if its connection is lost: a heartbeat comes to the same then, and a new job is
    /// refused as one that is there, after which its reporter updates it.
    pub(crate) fn at_once<T>(
        &self,
        change: impl Fn(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<Option<T>, RepositoryError> {
        match self.sqlite_writer {
            Some(_) => Ok(None),
            None => self.read(change).map(Some),
        }
    }

    /// Does `work` while no other server of this database does work of the same `number`; `None` if one does.
    ///
    /// The lock belongs to a transaction, since pgBouncer hands sessions around, on a connection that is none of the pool's:
    /// the work is done on those, and a pool in use must not wait for itself. The server ends a transaction in which nothing happens
    /// for as long as a statement may take, so long work asks its [`Turn`] now and then.
    pub(crate) fn alone<T>(
        &self,
        number: i64,
        work: impl FnOnce(&mut Turn) -> Result<T, RepositoryError>,
    ) -> Result<Option<T>, RepositoryError> {
        if self.is_sqlite() {
            let turn = self.sqlite_alone.try_lock();
            let is_elsewhere = matches!(turn, Err(TryLockError::WouldBlock));
            return if is_elsewhere { Ok(None) } else { work(&mut Turn(None)).map(Some) };
        }
        let unavailable = |error: diesel::ConnectionError| RepositoryError::Unavailable { reason: error.to_string() };
        let mut connection = self.connector.open().map_err(unavailable)?;
        let taken = connection.batch_execute(&self.begin).and_then(|()| try_alone(&mut connection, number));
        match taken {
            Ok(true) => {
                let mut turn = Turn(Some(connection));
                let done = work(&mut turn);
                turn.end();
                done.map(Some)
            }
            Ok(false) => Ok(None),
            Err(error) => Err(repository_error(&error)),
        }
    }

    /// Runs `attempt`, and once more on another connection whenever it finds its own lost before anything could last.
    fn on_live_connection<T>(
        &self,
        attempt: impl Fn(&mut AnyConnection) -> QueryResult<QueryResult<T>>,
    ) -> Result<T, RepositoryError> {
        let mut attempts_left = self.pool.max_size();
        loop {
            let mut pooled = self.connection()?;
            let outcome = attempt(&mut pooled.connection);
            let error = match outcome {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => {
                    pooled.lost = true;
                    return Err(repository_error(&error));
                }
                Err(error) => error,
            };
            pooled.lost = is_connection_lost(&error) || is_unnamed(&error) && !pooled.answers();
            if is_read_only(&error) {
                // The session stays so, even when the next one may write, or finds another server.
                pooled.lost = true;
                return Err(repository_error(&error));
            }
            if !pooled.lost || attempts_left == 0 {
                return Err(repository_error(&error));
            }
            attempts_left -= 1;
        }
    }

    fn connection(&self) -> Result<r2d2::PooledConnection<Manager>, RepositoryError> {
        if let Some(pooled) = self.pool.try_get() {
            return Ok(pooled);
        }
        let mut found_away = self.found_away.lock().unwrap_or_else(PoisonError::into_inner);
        if found_away.is_some_and(|when| when.elapsed() < AWAY) {
            return Err(RepositoryError::Unavailable { reason: "no connection could be made a moment ago".into() });
        }
        drop(found_away);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let taken = self.pool.get();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        found_away = self.found_away.lock().unwrap_or_else(PoisonError::into_inner);
        *found_away = taken.is_err().then(Instant::now);
        taken.map_err(|error| RepositoryError::Unavailable { reason: error.to_string() })
    }
}

/// The turn of who works alone, and the connection that has the lock for it; SQLite needs none.
pub(crate) struct Turn(Option<AnyConnection>);

impl Turn {
    /// Whether it is ours still. To ask keeps it.
    pub(crate) fn is_ours(&mut self) -> bool {
        self.0.as_mut().is_none_or(|connection| connection.batch_execute("SELECT 1").is_ok())
    }

    /// Lets the next one have it at once: the server would notice only some time later that its connection has ended. Where it fails
    /// the connection is gone, and the lock with it.
    fn end(self) {
        if let Some(mut connection) = self.0 {
            connection.roll_back().ok();
        }
    }
}

/// Makes connections for the pool.
struct Manager(Arc<Connector>);

/// A connection in the pool.
struct Pooled {
    connection: AnyConnection,
    /// It must not be used again.
    lost: bool,
}

impl Pooled {
    fn answers(&mut self) -> bool {
        self.connection.batch_execute("SELECT 1").is_ok()
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<Pooled, diesel::ConnectionError> {
        Ok(Pooled { connection: self.0.open()?, lost: false })
    }

    /// Never asked: connections are not tested when they are taken.
    fn is_valid(&self, _: &mut Pooled) -> Result<(), diesel::ConnectionError> {
        Ok(())
    }

    /// A panic may have left a transaction open.
    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.lost || std::thread::panicking()
    }
}

#[derive(Debug)]
struct LogConnectionErrors;

impl r2d2::HandleError<diesel::ConnectionError> for LogConnectionErrors {
    fn handle_error(&self, error: diesel::ConnectionError) {
        tracing::warn!(%error, "cannot connect to the database");
    }
}
