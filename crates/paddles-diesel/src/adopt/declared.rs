//! What tables should look like: what the migrations make, asked of the database itself.
//!
//! There is no second list of columns and indexes that could fall behind: the migrations run in a schema of their own, in a
//! transaction that is rolled back.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::catalog::{self, Catalog, quoted};
use super::session::{Session, refused};
use super::{AdoptError, is_adopted};
use crate::migrations::POSTGRES;

/// The migrations that this program brings, by version, first one first.
pub(crate) fn migrations() -> Vec<(String, Box<dyn Migration<Pg>>)> {
    // Reading what is embedded cannot fail.
    let embedded: Vec<Box<dyn Migration<Pg>>> = POSTGRES.migrations().unwrap_or_default();
    let mut migrations: Vec<_> =
        embedded.into_iter().map(|migration| (migration.name().version().to_string(), migration)).collect();
    migrations.sort_by(|one, other| one.0.cmp(&other.0));
    migrations
}

/// The migrations that have run on this database, by version: none if it is another paddles'.
pub(crate) fn listed(session: &mut Session) -> Result<Vec<String>, AdoptError> {
    if !session.has_table("__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    session.texts("read which migrations have run", "SELECT version::text AS value FROM __diesel_schema_migrations")
}

/// How the tables of this database should look: as the migrations make them that ran here, or those that adopting stands for.
pub(crate) fn declared_for(session: &mut Session, is_foreign: bool) -> Result<Catalog, AdoptError> {
    let listed = listed(session)?;
    let is_wanted = |version: &str| {
        if is_foreign { is_adopted(version) } else { listed.iter().any(|ran| ran == version) }
    };
    declared(&mut session.connection, is_wanted).map_err(refused("find out how tables should look"))
}

/// What the migrations make for which `is_wanted`, told by their version, holds.
fn declared(connection: &mut PgConnection, is_wanted: impl Fn(&str) -> bool) -> QueryResult<Catalog> {
    connection.batch_execute("BEGIN")?;
    let made = make(connection, is_wanted);
    connection.batch_execute("ROLLBACK")?;
    made
}

fn make(connection: &mut PgConnection, is_wanted: impl Fn(&str) -> bool) -> QueryResult<Catalog> {
    let schema: TextRow =
        sql_query("SELECT 'paddles_declared_' || pg_backend_pid() AS value").get_result(connection)?;
    let schema = schema.value;
    // Migrations look for pg_trgm, which may be in any schema.
    let trigrams: Vec<TextRow> = sql_query(
        "SELECT quote_ident(n.nspname) AS value FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
         WHERE e.extname = 'pg_trgm'",
    )
    .load(connection)?;
    let trigrams = trigrams.first().map(|row| format!(", {}", row.value)).unwrap_or_default();
    let quoted = quoted(&schema);
    connection.batch_execute(&format!(
        "SET LOCAL client_min_messages = error; SET LOCAL lock_timeout = '1s'; CREATE SCHEMA {quoted}; \
         SET LOCAL search_path = {quoted}{trigrams}"
    ))?;
    for (_, migration) in migrations().iter().filter(|(version, _)| is_wanted(version)) {
        migration.run(connection).map_err(diesel::result::Error::QueryBuilderError)?;
    }
    catalog::read(connection, &schema)
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A lab's tables are large: whoever builds an index of them in a migration holds up all who write.
    #[test]
    fn indexes_of_a_labs_tables_are_built_by_the_adoption() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut later = 0;
        for migration in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let version = migration.file_name().to_str().unwrap().split('_').next().unwrap().replace('-', "");
            let sql = fs::read_to_string(migration.path().join("up.sql")).unwrap();
            let of_lab = |line: &&str| {
                let is_index = line.starts_with("CREATE INDEX") || line.starts_with("CREATE UNIQUE INDEX");
                is_index
                    && ["jobs", "runs", "nodes", "job_nodes"]
                        .iter()
                        .any(|table| line.contains(&format!(" ON {table} ")))
            };
            if !is_adopted(&version) {
                later += 1;
                assert_eq!(sql.lines().find(of_lab), None, "{version}");
            }
        }
        assert!(later > 0);
    }
}
