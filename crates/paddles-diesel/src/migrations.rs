//! Bringing the tables up to date.

use std::error::Error;
use std::thread;
use std::time::Duration;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::beside::do_beside;
use crate::connection::AnyConnection;
use crate::statement::Statement;

pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Any number will do, as long as every server of one database takes the same. Asked for again and again: who waits in a statement
/// has a snapshot, and an index that is built beside everybody waits for those.
const ONE_AT_A_TIME: &str = "SELECT pg_try_advisory_lock(7223553) AS taken";
const NEXT: &str = "SELECT pg_advisory_unlock(7223553)";

/// How long until it is asked for again.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the tables are not up to date.
pub(crate) enum MigrateError {
    /// There are tables, but no migration made them.
    Foreign,
    /// A migration failed.
    Failed(String),
}

/// Runs the migrations that are missing, and names them. Of several servers that start at once one does it.
pub(crate) fn migrate(connection: &mut AnyConnection) -> Result<Vec<String>, MigrateError> {
    if is_foreign(connection) {
        return Err(MigrateError::Foreign);
    }
    run_pending(connection)
}

/// The same, of tables that are known to be ours.
pub(crate) fn run_pending(connection: &mut AnyConnection) -> Result<Vec<String>, MigrateError> {
    let failed = |error: &dyn std::fmt::Display| MigrateError::Failed(error.to_string());
    // Who serves need not be allowed to change tables.
    if missing(connection).map_err(|error| failed(&error))?.is_empty() {
        return Ok(Vec::new());
    }
    let names = match connection {
        AnyConnection::Postgres(connection) => {
            while !sql_query(ONE_AT_A_TIME).get_result::<Turn>(connection).map_err(|error| failed(&error))?.taken {
                thread::sleep(PAUSE);
            }
            let ran = run_alone(connection);
            connection.batch_execute(NEXT).map_err(|error| failed(&error))?;
            ran
        }
        AnyConnection::Sqlite(connection) => connection.run_pending_migrations(SQLITE).map(|versions| names(&versions)),
    };
    names.map_err(|error| failed(&error))
}

/// While no other server does.
fn run_alone(connection: &mut PgConnection) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    // What is there already is no news.
    connection.batch_execute("SET client_min_messages = warning")?;
    let pending = connection.pending_migrations(POSTGRES)?;
    let pending: Vec<String> = pending.iter().map(|migration| migration.name().version().to_string()).collect();
    do_beside(connection, &pending)?;
    Ok(names(&connection.run_pending_migrations(POSTGRES)?))
}

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// The migrations that have not run. Only reads, so that anybody who may read the database can ask.
pub(crate) fn missing(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let has_list = match connection.batch_execute("SELECT 1 FROM __diesel_schema_migrations WHERE false") {
        Ok(()) => true,
        Err(error) => {
            // It is the list that is not there, not the database.
            connection.batch_execute("SELECT 1").map_err(|_| error)?;
            false
        }
    };
    let ran: Vec<Ran> = if has_list {
        Statement::new("SELECT version FROM __diesel_schema_migrations").load(connection)?
    } else {
        Vec::new()
    };
    let known = match connection {
        AnyConnection::Postgres(_) => known::<Pg>(&POSTGRES),
        AnyConnection::Sqlite(_) => known::<Sqlite>(&SQLITE),
    };
    Ok(known.into_iter().filter(|version| ran.iter().all(|ran| ran.version != *version)).collect())
}

/// Their names, in order.
fn known<DB: Backend>(migrations: &impl MigrationSource<DB>) -> Vec<String> {
    // Embedded ones can be read.
    let migrations = migrations.migrations().unwrap_or_default();
    let mut known: Vec<_> = migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    known.sort_unstable();
    known
}

#[derive(QueryableByName)]
struct Ran {
    #[diesel(sql_type = Text)]
    version: String,
}

fn names(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

/// A table of ours without the list of migrations.
fn is_foreign(connection: &mut AnyConnection) -> bool {
    let has_jobs = connection.batch_execute("SELECT 1 FROM jobs WHERE false").is_ok();
    let has_list = connection.batch_execute("SELECT 1 FROM __diesel_schema_migrations WHERE false").is_ok();
    has_jobs && !has_list
}

/// Whether an adoption has left the older service watched.
pub(crate) fn is_watched(connection: &mut AnyConnection) -> bool {
    match connection {
        AnyConnection::Postgres(connection) => {
            let found = diesel::sql_query("SELECT FROM pg_class WHERE oid = to_regclass('adoption_noted_runs')");
            diesel::RunQueryDsl::execute(found, connection).is_ok_and(|rows| rows > 0)
        }
        AnyConnection::Sqlite(_) => false,
    }
}
