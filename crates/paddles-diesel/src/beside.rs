//! What a migration does to large tables, done before it and beside everybody: writers wait for an index that a transaction builds, and
//! for none that is built `CONCURRENTLY`. The migration finds it done, and on an empty database does it itself.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Bool;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// Of one migration.
struct Beside {
    /// The version that would do it otherwise.
    version: &'static str,
    /// The index that is built, and how.
    index: &'static str,
    build: &'static str,
    /// The index that goes.
    gone: &'static str,
}

const BESIDE: [Beside; 1] = [Beside {
    version: "20261124000008",
    index: "ix_jobs_queued_run",
    build: "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_jobs_queued_run ON jobs (run_id) WHERE status = 'queued'",
    gone: "ix_runs_queued",
}];

/// Does beside everybody what the `missing` migrations would do to large tables. May be broken off and done again.
pub(crate) fn do_beside(connection: &mut PgConnection, missing: &[String]) -> QueryResult<()> {
    for beside in BESIDE.iter().filter(|beside| missing.iter().any(|version| version == beside.version)) {
        let there: Truth = sql_query("SELECT to_regclass('jobs') IS NOT NULL AS value").get_result(connection)?;
        if !there.value {
            continue;
        }
        connection.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")?;
        let (index, gone) = (beside.index, beside.gone);
        // What a build that broke off left behind has the name, and no use.
        let broken: Truth = sql_query(format!(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('{index}') AND NOT indisvalid) AS value"
        ))
        .get_result(connection)?;
        if broken.value {
            connection.batch_execute(&format!("DROP INDEX CONCURRENTLY {index}"))?;
        }
        connection.batch_execute(beside.build)?;
        connection.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {gone}"))?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Truth {
    #[diesel(sql_type = Bool)]
    value: bool,
}
