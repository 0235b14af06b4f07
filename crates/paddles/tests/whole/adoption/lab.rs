//! A lab's database.

use std::fmt::Write as _;
use std::process::Command;

use paddles_bench::{JobCount, copy_history};
use paddles_diesel::testing::{TestDatabase, server_binaries, shared_postgres};

use crate::program::{Ended, paddles, run};

/// About how many jobs the lab has, unless more are asked for.
const JOBS: &str = "3k";

/// What a variable asks for, or what is enough for every day.
pub(super) fn asked_for(variable: &str, otherwise: &str) -> String {
    std::env::var_os(variable).map_or_else(|| otherwise.to_owned(), |text| text.into_string().unwrap())
}

/// What older migrations and people made: tables, history, indexes, and what became of them.
pub(super) fn lab() -> TestDatabase {
    lab_of(&asked_for("PADDLES_ADOPT_JOBS", JOBS))
}

pub(super) fn lab_of(jobs: &str) -> TestDatabase {
    let database = TestDatabase::postgres();
    let jobs: JobCount = jobs.parse().unwrap();
    database.execute(include_str!("lab.sql"));
    let ends = "2026-03-01T12:00:00".parse().unwrap();
    copy_history(database.url(), jobs.get(), 42, ends).unwrap();
    database.execute(include_str!("lab_indexes.sql"));
    database.execute(include_str!("drift.sql"));
    // Builds that break off: duplicates are in their way. One is of an index that this service has too.
    for broken in ["ix_jobs_run_id_job_id ON jobs (run_id, job_id)", "unique_by_hand ON jobs (run_id)"] {
        let refused = psql(&database, &format!("CREATE UNIQUE INDEX CONCURRENTLY {broken}"));
        assert!(refused.stderr.contains("could not create unique index"), "{refused:?}");
    }
    database
}

/// The same database once more.
pub(super) fn copy_of(database: &TestDatabase) -> TestDatabase {
    let copy = TestDatabase::postgres();
    let name = |database: &TestDatabase| database.url().rsplit_once('/').unwrap().1.to_owned();
    let (from, to) = (name(database), name(&copy));
    for sql in [format!("DROP DATABASE {to}"), format!("CREATE DATABASE {to} TEMPLATE {from} STRATEGY file_copy")] {
        let made = run(&mut psql_command(&shared_postgres().url("postgres"), &sql));
        assert_eq!(made.code, Some(0), "{made:?}");
    }
    copy
}

/// The program with this database.
pub(super) fn paddles_on(database: &TestDatabase, arguments: &[&str]) -> Command {
    paddles(arguments, &[("PADDLES_DATABASE_URL", database.url())])
}

/// Runs a command of the program that must succeed; gives what it printed.
pub(super) fn paddles_prints(database: &TestDatabase, arguments: &[&str]) -> String {
    let ended = run(&mut paddles_on(database, arguments));
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended.stdout
}

/// The rows that a query answers, a line each, columns separated by `|`.
pub(super) fn ask(database: &TestDatabase, sql: &str) -> Vec<String> {
    ask_at(database.url(), sql)
}

/// The same of the database at `url`.
pub(super) fn ask_at(url: &str, sql: &str) -> Vec<String> {
    let ended = run(&mut psql_command(url, sql));
    assert_eq!(ended.code, Some(0), "{sql}: {ended:?}");
    ended.stdout.lines().map(str::to_owned).collect()
}

pub(super) fn psql(database: &TestDatabase, sql: &str) -> Ended {
    run(&mut psql_command(database.url(), sql))
}

fn psql_command(url: &str, sql: &str) -> Command {
    let mut command = Command::new(server_binaries().unwrap().join("psql"));
    command.args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
    command
}

/// A database's tables as SQL.
pub(super) fn schema(database: &TestDatabase) -> String {
    let mut command = Command::new(server_binaries().unwrap().join("pg_dump"));
    let schema = run(command.args(["--schema-only", "--dbname", database.url()]));
    assert_eq!(schema.code, Some(0), "{schema:?}");
    // Newer versions guard their files with a random word.
    schema.stdout.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
}

/// All that a database holds, but for when it was done: its tables as SQL, and a hash of each table's rows.
pub(super) fn dump(database: &TestDatabase) -> String {
    let mut dump = schema(database);
    let tables = ask(
        database,
        "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    );
    for table in tables {
        let rows = format!(
            "SELECT count(*), md5(string_agg(hash, '' ORDER BY hash)) FROM (SELECT \
             md5((to_jsonb(row) - 'merged' - 'corrected' - 'run_on')::text) AS hash FROM {table} AS row) AS hashes"
        );
        let _ = write!(dump, "\n{table} {}", ask(database, &rows).join(""));
    }
    dump
}

/// How many rows of each count differ from a recount, as SQL of its own: nothing where all is right.
pub(super) fn drift(database: &TestDatabase) -> Vec<String> {
    drift_at(database.url())
}

/// The same of the database at `url`.
pub(super) fn drift_at(url: &str) -> Vec<String> {
    ask_at(url, include_str!("drift_of_counts.sql"))
}
