//! The connection on which a database is adopted, and how it takes locks: for a moment only, and again and again.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::AdoptError;
use super::progress::Progress;
use crate::DatabaseUrl;
use crate::connection::{AnyConnection, Connector};
use crate::pooler::shares_sessions;

/// How long a statement of ours may stand in line for a lock: those behind it wait as long.
const LOCK_PATIENCE: &str = "300ms";

/// No statement that others wait for may take longer.
const LONGEST_STATEMENT: &str = "900ms";

/// How often a lock is asked for before giving up: about ten minutes.
const ATTEMPTS: u32 = 300;

/// The first pause between two attempts; others get their turn in it. It grows up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often a change may be refused for what it is: somebody else's may be the cause once, and gone when it is tried again.
const REFUSALS: u32 = 5;

/// What every statement of ours relies on, whatever the server's own settings are.
const SETTINGS: &str = "SET application_name = 'paddles adopt'; SET client_min_messages = warning; \
    SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
    SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
    SET datestyle = 'ISO'; SET standard_conforming_strings = on";

/// A connection to a lab's Postgres.
pub(crate) struct Session {
    pub(super) connection: PgConnection,
    /// The schema that holds the tables.
    pub(crate) schema: String,
    /// The longest that others had to wait for a transaction of ours.
    pub(super) longest_hold: Duration,
    /// Why the last change did not come about, and how often it was refused for what it is.
    refusal: String,
    refusals: u32,
}

impl Session {
    pub(crate) fn open(url: &DatabaseUrl) -> Result<Self, AdoptError> {
        let connect = |source| AdoptError::Connect { url: url.to_string(), source };
        let connector = Connector::new(url.clone());
        let connection = match connector.open().map_err(connect)? {
            AnyConnection::Postgres(connection) => connection,
            AnyConnection::Sqlite(_) => return Err(AdoptError::Sqlite { url: url.to_string() }),
        };
        if shares_sessions(&connector).map_err(connect)? {
            return Err(AdoptError::Pooled { url: url.to_string() });
        }
        let mut session = Self {
            connection,
            schema: String::new(),
            longest_hold: Duration::ZERO,
            refusal: String::new(),
            refusals: 0,
        };
        session.run("prepare the connection", SETTINGS)?;
        // What a killed adoption had begun would keep the next one out until it is done; servers before 14 cannot notice.
        let notice =
            "SELECT set_config(name, '2s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'";
        let _ = session.run("notice when we are gone", notice);
        session.schema = session.text("find the schema", "SELECT coalesce(current_schema()::text, '') AS value")?;
        Ok(session)
    }

    /// Runs statements.
    pub(crate) fn run(&mut self, doing: &str, sql: &str) -> Result<(), AdoptError> {
        self.connection.batch_execute(sql).map_err(refused(doing))
    }

    /// The rows of a query.
    pub(crate) fn rows<T>(&mut self, doing: &str, sql: &str) -> Result<Vec<T>, AdoptError>
    where
        T: QueryableByName<Pg> + 'static,
    {
        rows(&mut self.connection, sql).map_err(refused(doing))
    }

    /// The column `value` of a query, as text.
    pub(crate) fn texts(&mut self, doing: &str, sql: &str) -> Result<Vec<String>, AdoptError> {
        Ok(self.rows::<TextRow>(doing, sql)?.into_iter().filter_map(|row| row.value).collect())
    }

    /// The one text that a query answers.
    pub(crate) fn text(&mut self, doing: &str, sql: &str) -> Result<String, AdoptError> {
        Ok(self.texts(doing, sql)?.pop().unwrap_or_default())
    }

    /// The one number that a query answers.
    pub(crate) fn number(&mut self, doing: &str, sql: &str) -> Result<i64, AdoptError> {
        Ok(self.rows::<NumberRow>(doing, sql)?.pop().map_or(0, |row| row.value))
    }

    /// Whether a query answers yes.
    pub(crate) fn holds(&mut self, doing: &str, sql: &str) -> Result<bool, AdoptError> {
        Ok(self.rows::<TruthRow>(doing, sql)?.pop().is_some_and(|row| row.value))
    }

    /// Whether there is such a table.
    pub(crate) fn has_table(&mut self, name: &str) -> Result<bool, AdoptError> {
        self.holds("look for a table", &format!("SELECT to_regclass('{name}') IS NOT NULL AS value"))
    }

    /// Changes tables while nobody else uses them as `mode` says, in one transaction.
    ///
    /// Whoever comes behind a lock that is waited for waits too. So the wait is short, and tried again after a pause in which
    /// those others get their turn.
    pub(super) fn alter(
        &mut self,
        progress: &mut dyn Progress,
        tables: &[&str],
        mode: &str,
        doing: &str,
        sql: &str,
    ) -> Result<(), AdoptError> {
        let names: Vec<String> = tables.iter().map(|table| super::catalog::quoted(table)).collect();
        let lock = format!(
            "BEGIN; SET LOCAL lock_timeout = '{LOCK_PATIENCE}'; SET LOCAL statement_timeout = '{LONGEST_STATEMENT}'; \
             LOCK TABLE {} IN {mode} MODE",
            names.join(", ")
        );
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            let began = Instant::now();
            if self.connection.batch_execute(&lock).is_ok() {
                let done = self.connection.batch_execute(sql).and_then(|()| self.connection.batch_execute("COMMIT"));
                if done.is_err() {
                    self.connection.batch_execute("ROLLBACK").ok();
                }
                self.longest_hold = self.longest_hold.max(began.elapsed());
                return done.map_err(refused(doing));
            }
            self.longest_hold = self.longest_hold.max(began.elapsed());
            self.connection.batch_execute("ROLLBACK").map_err(refused(doing))?;
            progress.wait(&format!("for a lock on {} ({})", tables.join(" and "), self.holders(tables)));
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(AdoptError::Locked { table: tables.join(" and "), holders: self.holders(tables) })
    }

    /// Makes a change of rows in a transaction that holds them for a moment: `None` if somebody else holds one of them for
    /// longer, and then nothing has changed. Fails if the change itself is refused, by a key or a check of the lab's own, and still is
    /// when it is tried again.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<Option<T>, AdoptError> {
        let began = Instant::now();
        let begin = format!("BEGIN; SET LOCAL lock_timeout = '{LOCK_PATIENCE}'");
        self.connection.batch_execute(&begin).map_err(refused("begin a transaction"))?;
        let done = change(&mut self.connection).and_then(|outcome| {
            self.connection.batch_execute("COMMIT")?;
            Ok(outcome)
        });
        self.longest_hold = self.longest_hold.max(began.elapsed());
        match done {
            Ok(outcome) => {
                self.refusals = 0;
                Ok(Some(outcome))
            }
            Err(error) => {
                self.refusal = error.to_string();
                self.refusals += u32::from(is_for_what_it_is(&error));
                if self.connection.batch_execute("ROLLBACK").is_err() || self.refusals > REFUSALS {
                    return Err(refused("change rows")(error));
                }
                Ok(None)
            }
        }
    }

    /// Why the last change did not come about, in the database's words.
    pub(super) fn refusal(&self) -> &str {
        &self.refusal
    }

    /// Who holds locks on these tables, for people.
    fn holders(&mut self, tables: &[&str]) -> String {
        let names: Vec<String> = tables.iter().map(|table| super::catalog::literal(table)).collect();
        let sql = format!(
            "SELECT DISTINCT 'process ' || a.pid || ' of ' || coalesce(nullif(a.application_name, ''), a.usename, '?') \
             || ', ' || coalesce(a.state, '?') || ' for ' \
             || coalesce(extract(epoch FROM clock_timestamp() - a.xact_start)::int::text, '?') || ' s' AS value \
             FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid \
             WHERE c.relname IN ({}) AND a.datname = current_database() AND a.pid <> pg_backend_pid() LIMIT 3",
            names.join(", ")
        );
        let holders = self.texts("see who holds locks", &sql).unwrap_or_default();
        if holders.is_empty() { "nobody now".to_owned() } else { holders.join("; ") }
    }
}

/// The rows of a query.
pub(super) fn rows<T>(connection: &mut PgConnection, sql: &str) -> QueryResult<Vec<T>>
where
    T: QueryableByName<Pg> + 'static,
{
    sql_query(sql).load(connection)
}

/// The column `value` of a query, as numbers.
pub(super) fn numbers(connection: &mut PgConnection, sql: &str) -> QueryResult<Vec<i64>> {
    Ok(rows::<NumberRow>(connection, sql)?.into_iter().map(|row| row.value).collect())
}

/// Whether a change is refused for what it is, and not since others are at work.
fn is_for_what_it_is(error: &Error) -> bool {
    use DatabaseErrorKind::{
        CheckViolation, ForeignKeyViolation, NotNullViolation, ReadOnlyTransaction, UniqueViolation,
    };
    let Error::DatabaseError(kind, _) = error else { return false };
    matches!(kind, CheckViolation | ForeignKeyViolation | NotNullViolation | ReadOnlyTransaction | UniqueViolation)
}

/// Names what was tried when the database refuses.
pub(crate) fn refused(doing: &str) -> impl FnOnce(diesel::result::Error) -> AdoptError {
    let doing = doing.to_owned();
    move |source| AdoptError::Refused { doing, source }
}

#[derive(QueryableByName)]
pub(super) struct TextRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) value: Option<String>,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct TruthRow {
    #[diesel(sql_type = Bool)]
    value: bool,
}
