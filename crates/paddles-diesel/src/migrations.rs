//! Bringing the tables up to date.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::AnyConnection;

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Any number will do, as long as every server of one database takes the same.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_lock(7223553)";
const NEXT: &str = "SELECT pg_advisory_unlock(7223553)";

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
    let failed = |error: &dyn std::fmt::Display| MigrateError::Failed(error.to_string());
    let names = match connection {
        AnyConnection::Postgres(connection) => {
            connection.batch_execute(ONE_AT_A_TIME).map_err(|error| failed(&error))?;
            let ran = connection.run_pending_migrations(POSTGRES).map(|versions| names(&versions));
            connection.batch_execute(NEXT).map_err(|error| failed(&error))?;
            ran
        }
        AnyConnection::Sqlite(connection) => connection.run_pending_migrations(SQLITE).map(|versions| names(&versions)),
    };
    names.map_err(|error| failed(&error))
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
