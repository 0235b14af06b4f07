//! Whatever drifts or is dropped by hand is found, and mended by the command that is told.

use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use super::doctor::{doctor, findings, of_the_server};
use super::lab::{paddles_on, paddles_prints};
use crate::program::run;
use crate::service::Service;

/// What drifts, and what the doctor says of it.
const DRIFTS: [(&str, &str); 9] = [
    ("UPDATE runs SET jobs_pass = jobs_pass + 1 WHERE id = 1", "1 runs' counts differ from a recount"),
    ("UPDATE runs SET first_job_sha1 = 'x' WHERE id = 1", "1 runs' counts differ from a recount"),
    ("UPDATE runs SET status = 'running' WHERE id = 1", "1 runs have a status that does not follow from their jobs"),
    ("DELETE FROM run_sha1s WHERE run_id = 1", "1 counts of runs' commits differ from a recount"),
    ("UPDATE run_flavors SET jobs = jobs + 1 WHERE run_id = 2", "1 counts of runs' flavors differ from a recount"),
    ("UPDATE node_days SET jobs_pass = 77", "1 counts of nodes' days differ from a recount"),
    ("DELETE FROM node_days", "1 counts of nodes' days differ from a recount"),
    ("DELETE FROM job_descriptions", "1 descriptions are missing from searches"),
    ("DROP INDEX ix_runs_posted", "ix_runs_posted"),
];

/// The tables that the migrations add to those of a lab.
const TABLES: [&str; 11] = [
    "run_sha1s",
    "run_flavors",
    "node_days",
    "job_descriptions",
    "job_history",
    "idempotency_keys",
    "tokens",
    "audit",
    "deleted_job_nodes",
    "deleted_runs",
    "deleted_jobs",
];

/// What only one of the databases has, or does in another way.
const OF_POSTGRES: [(&str, &str); 9] = [
    ("DROP TABLE deletions CASCADE", "table deletions is missing"),
    ("DROP EXTENSION pg_trgm CASCADE", "ix_job_descriptions_trigrams"),
    ("DROP FUNCTION refuse_audit_change CASCADE", "trigger audit_is_only_added_to on audit is missing"),
    ("DROP TRIGGER audit_is_only_added_to ON audit", "trigger audit_is_only_added_to on audit is missing"),
    ("ALTER TABLE audit DISABLE TRIGGER USER", "trigger audit_is_only_added_to on audit is off"),
    (
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "trigger audit_is_only_added_to on audit is off, or does something else",
    ),
    ("DROP TRIGGER job_history_is_not_changed ON job_history", "trigger job_history_is_not_changed on job_history"),
    ("DROP TRIGGER job_history_is_not_deleted ON job_history", "trigger job_history_is_not_deleted on job_history"),
    ("ALTER TABLE deleted_runs DROP CONSTRAINT deleted_runs_deletion_fkey", "constraint on deleted_runs is missing"),
];
const OF_SQLITE: [(&str, &str); 9] = [
    ("DROP TABLE deletions", "table deletions is missing"),
    ("DROP TABLE job_description_trigrams", "table job_description_trigrams is missing"),
    ("DROP TRIGGER job_descriptions_added", "trigger job_descriptions_added is missing"),
    (
        "INSERT INTO job_description_trigrams (job_description_trigrams) VALUES ('delete-all')",
        "1 descriptions are missing from searches for a part of one",
    ),
    ("DROP TRIGGER audit_is_not_changed", "trigger audit_is_not_changed is missing"),
    ("DROP TRIGGER audit_is_not_deleted", "trigger audit_is_not_deleted is missing"),
    ("DROP TRIGGER job_history_is_not_changed", "trigger job_history_is_not_changed is missing"),
    ("DROP TRIGGER job_history_is_not_deleted", "trigger job_history_is_not_deleted is missing"),
    ("DROP INDEX ix_jobs_queued_run", "index ix_jobs_queued_run is missing"),
];

fn is_postgres(database: &TestDatabase) -> bool {
    database.url().starts_with("postgres")
}

/// How the tables were made.
fn schema(database: &TestDatabase) -> String {
    if is_postgres(database) {
        return super::lab::schema(database);
    }
    let mut file = SqliteConnection::establish(database.url().strip_prefix("sqlite://").unwrap()).unwrap();
    let rows: Vec<Made> = sql_query(
        "SELECT type || name || coalesce(sql, '') AS made FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1",
    )
    .load(&mut file)
    .unwrap();
    rows.into_iter().map(|row| row.made).collect()
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Text)]
    made: String,
}

fn problems(database: &TestDatabase) -> Vec<String> {
    let ended = doctor(database, &["--json"]);
    let found = findings(&ended);
    let is_well = found.iter().all(|what| !what.starts_with("problem"));
    assert_eq!(ended.code, Some(i32::from(!is_well)), "{ended:?}");
    found.into_iter().filter(|what| what.starts_with("problem") && !of_the_server(what)).collect()
}

/// The doctor tells it, with the command that mends it, and after that command finds nothing; gives what it found before.
fn is_mended(database: &TestDatabase, told: &[&str]) -> Vec<String> {
    let ended = doctor(database, &["--json"]);
    let found: Vec<String> = findings(&ended).into_iter().filter(|what| !of_the_server(what)).collect();
    let (found, notes): (Vec<_>, Vec<_>) = found.into_iter().partition(|what| what.starts_with("problem"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(found.iter().all(|what| what.contains("`paddles adopt` m")), "{found:?}");
    for told in told {
        assert!(found.iter().any(|what| what.contains(told)), "{told}: {found:?}");
    }
    let are_compared = notes.iter().all(|what| !what.contains("not compared"));
    assert_eq!(are_compared, found.iter().all(|what| !what.contains(" table ")), "{found:?} {notes:?}");
    let check = paddles_prints(database, &["adopt", "--check"]);
    assert!(check.contains("to be done"), "{check}");
    let adopted = paddles_prints(database, &["adopt"]);
    assert!(adopted.contains(" is adopted: "), "{found:?}: {adopted}");
    assert_eq!(problems(database), Vec::<String>::new(), "{found:?}");
    assert!(paddles_prints(database, &["adopt"]).contains("is complete"), "{found:?}");
    found
}

/// Whoever reads what the doctor says finds the command that mends it there.
fn each_drift_is_found_and_mended_by_the_command_that_is_told(database: &TestDatabase) {
    let client = Service::start(database);
    for run in ["r", "s"] {
        let job = json!({ "job_id": "1", "status": "pass", "sha1": "abc", "flavor": "default", "description": "rados/basic",
            "targets": { "ubuntu@n": "key" } });
        client.client().post_job(run, &job);
    }
    let documents = || {
        ["/runs/", "/nodes/job_stats/", "/runs/?sha1=abc", "/runs/?flavor=default", "/jobs/?description=dos/ba"]
            .map(|path| client.client().read(path))
    };
    let before = documents();
    assert_eq!(before[4].as_array().unwrap().len(), 2);
    assert_eq!(problems(database), Vec::<String>::new());
    let own = if is_postgres(database) { OF_POSTGRES } else { OF_SQLITE };
    let mut made = None;
    for (drift, told) in DRIFTS.iter().chain(&own) {
        database.execute(drift);
        let found = is_mended(database, &[told]);
        let are_several = drift.contains("CASCADE");
        assert!(found.len() == 1 || are_several, "{drift}: {found:?}");
        assert_eq!(documents(), before, "{drift}");
        // The first adoption makes tables of its own.
        assert_eq!(schema(database), *made.get_or_insert_with(|| schema(database)), "{drift}");
    }
    // Several together are quicker, and have to be made in order.
    for tables in TABLES.chunks(if is_postgres(database) { 4 } else { 1 }) {
        for table in tables {
            database.execute(&format!("DROP TABLE {table}"));
        }
        let told: Vec<String> = tables.iter().map(|table| format!("table {table} is missing")).collect();
        let found = is_mended(database, &told.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.len(), tables.len(), "{found:?}");
        assert_eq!(documents(), before, "{tables:?}");
        assert_eq!(Some(schema(database)), made, "{tables:?}");
    }
    // All of it is written to again.
    client.client().post_job("t", &json!({ "job_id": "1", "status": "queued", "description": "rados/late" }));
    assert_eq!(client.client().read("/jobs/?description=dos/la").as_array().unwrap().len(), 1);
    assert_eq!(problems(database), Vec::<String>::new());
}

/// What was deleted comes back although nobody knows any more that it was, and its number is nobody else's.
fn a_deletion_that_is_lost_can_be_undone(database: &TestDatabase) {
    let service = Service::start(database);
    for run in ["gone", "kept", "later"] {
        for job in ["1", "2"] {
            service.client().post_job(run, &json!({ "job_id": job, "status": "pass" }));
        }
    }
    let documents =
        || ["gone", "kept"].map(|run| service.client().send("GET", &format!("/runs/{run}/"), "").unwrap().text());
    let before = documents();
    let delete = |path: &str| assert_eq!(service.client().send("DELETE", path, "").unwrap().status, 200, "{path}");
    delete("/runs/gone/");
    delete("/runs/kept/jobs/2/");
    let cascade = "DROP TABLE deletions CASCADE";
    database.execute(if is_postgres(database) { cascade } else { "PRAGMA foreign_keys = off; DROP TABLE deletions" });
    assert!(problems(database).iter().any(|what| what.contains("table deletions is missing")));
    paddles_prints(database, &["adopt"]);
    assert_eq!(problems(database), Vec::<String>::new());
    delete("/runs/later/");
    for arguments in [["gone"].as_slice(), &["kept", "--job", "2"]] {
        paddles_prints(database, &[&["admin", "restore", "--yes"], arguments].concat());
    }
    assert_eq!(documents(), before);
    assert_eq!(problems(database), Vec::<String>::new());
}

/// Rows that nobody can make up for: a lab without its jobs is none.
fn a_lab_that_lacks_a_table_of_its_own_is_none(database: &TestDatabase) {
    paddles_prints(database, &["migrate"]);
    database.execute("DROP TABLE queue");
    let told = "this is not the database of a paddles: it has no table queue";
    for command in ["doctor", "adopt"] {
        let ended = run(&mut paddles_on(database, &[command]));
        assert!(ended.code.is_some_and(|code| code > 0) && ended.stderr.contains(told), "{ended:?}");
    }
}

on_both_databases!(
    each_drift_is_found_and_mended_by_the_command_that_is_told,
    a_deletion_that_is_lost_can_be_undone,
    a_lab_that_lacks_a_table_of_its_own_is_none,
);

/// A table that somebody changed is told, and left to them.
#[test]
fn a_column_that_is_missing_from_a_file_is_told() {
    let database = TestDatabase::sqlite();
    paddles_prints(&database, &["migrate"]);
    database.execute("ALTER TABLE runs DROP COLUMN first_job_priority");
    let told = "column runs.first_job_priority is missing";
    let found = problems(&database);
    assert!(found.len() == 1 && found[0].contains(told), "{found:?}");
    let check = paddles_prints(&database, &["adopt", "--check"]);
    assert!(check.contains("by hand") && check.contains(told), "{check}");
    let ended = run(&mut paddles_on(&database, &["adopt"]));
    assert!(ended.code == Some(1) && ended.stderr.contains(told), "{ended:?}");
}
