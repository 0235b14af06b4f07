//! The doctor says what is wrong, and ends with a status that what watches can read.

use std::os::unix::fs::PermissionsExt;

use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use serde_json::Value;

use super::lab::{lab_of, paddles_on, paddles_prints};
use crate::program::{Ended, paddles, run};
use crate::service::Service;
use crate::waiting::eventually;

pub(super) fn doctor(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run(&mut paddles_on(database, &[&["doctor"], arguments].concat()))
}

/// What it found, as `severity: about: what`.
pub(super) fn findings(ended: &Ended) -> Vec<String> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| format!("{}: {}: {}", text(one, "severity"), text(one, "about"), text(one, "what"))).collect()
}

/// Tests' own servers are quick and careless, and the doctor says so.
pub(super) fn of_the_server(finding: &str) -> bool {
    finding.contains("fsync is off")
        || finding.contains("full_page_writes is off")
        || finding.contains("autovacuum is off")
}

#[test]
fn a_server_as_it_is_installed_is_well() {
    let folder = tempfile::tempdir().unwrap();
    // Postgres runs as somebody else where we are root.
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let cluster = PostgresCluster::start_kept(&folder.path().join("cluster"), &[]).unwrap();
    let database = TestDatabase::on(&cluster);
    paddles_prints(&database, &["migrate"]);
    let ended = doctor(&database, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.ends_with("is as it should be\n"), "{ended:?}");

    let name = database.url().rsplit_once('/').unwrap().1;
    database.execute(&format!("ALTER DATABASE {name} SET DateStyle = 'German'"));
    let ended = doctor(&database, &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        findings(&ended).iter().any(|what| what.starts_with("problem: settings: DateStyle is German")),
        "{ended:?}"
    );
    drop(database);
}

/// No superuser is needed: a lab's admin often is none.
#[test]
fn who_owns_the_tables_may_ask() {
    let cluster = PostgresCluster::start().unwrap();
    let database = TestDatabase::on(&cluster);
    let name = database.url().rsplit_once('/').unwrap().1;
    database.execute(&format!(
        "CREATE ROLE lab LOGIN; ALTER SCHEMA public OWNER TO lab; ALTER DATABASE {name} OWNER TO lab"
    ));
    let url = database.url().replacen("//paddles@", "//lab@", 1);
    assert_ne!(url, database.url());
    let ask = |command: &str| run(&mut paddles(&[command], &[("PADDLES_DATABASE_URL", &url)]));
    assert_eq!(ask("migrate").code, Some(0));
    let ended = ask("doctor");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let others: Vec<&str> =
        ended.stdout.lines().filter(|line| line.contains("problem") && !of_the_server(line)).collect();
    assert_eq!(others, [""; 0], "{ended:?}");
}

#[test]
fn what_is_wrong_is_found_and_mended() {
    let database = lab_of("1k");
    let before = doctor(&database, &["--json"]);
    assert_eq!(before.code, Some(1), "{before:?}");
    let before = findings(&before);
    assert!(
        before.iter().any(|what| what.starts_with("problem: migrations: another paddles made the tables")),
        "{before:?}"
    );
    assert!(before.iter().any(|what| what.starts_with("problem: rows: 6 jobs have several rows")), "{before:?}");

    paddles_prints(&database, &["adopt"]);
    drop(Service::start(&database));
    let problems = |arguments: &[&str]| -> Vec<String> {
        let found = findings(&doctor(&database, &[&["--json"], arguments].concat()));
        found.into_iter().filter(|what| what.starts_with("problem") && !of_the_server(what)).collect()
    };
    // Only what somebody made by hand, and what broke off there.
    let left = problems(&[]);
    assert!(left.iter().all(|what| what.contains("unique_by_hand")) && left.len() == 1, "{left:?}");
    database.execute("DROP INDEX unique_by_hand");
    assert_eq!(problems(&[]), Vec::<String>::new());

    database.execute(
        "UPDATE runs SET jobs_pass = jobs_pass + 1 WHERE id = 3; DELETE FROM run_sha1s WHERE run_id = 4; \
         UPDATE node_days SET jobs_fail = 77 WHERE ctid = (SELECT min(ctid) FROM node_days); \
         DELETE FROM job_descriptions WHERE ctid = (SELECT min(ctid) FROM job_descriptions); \
         DROP INDEX ix_runs_posted; ALTER TABLE runs DROP COLUMN first_job_priority; UPDATE runs SET status = 'running' WHERE id = 5",
    );
    let found = problems(&["--no-recount"]);
    assert!(found.iter().any(|what| what.contains("ix_runs_posted")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("first_job_priority")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("1 runs have a status that does not follow")), "{found:?}");
    assert!(found.iter().all(|what| !what.contains("recount")), "{found:?}");
    paddles_prints(&database, &["adopt"]);
    assert_eq!(problems(&[]), Vec::<String>::new());

    database.execute("UPDATE runs SET jobs_pass = jobs_pass + 1 WHERE id = 3; DELETE FROM run_sha1s WHERE run_id = 4");
    let found = problems(&[]);
    assert!(found.iter().any(|what| what.contains("1 runs' counts differ from a recount")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("1 counts of runs' commits differ")), "{found:?}");
}

#[test]
fn a_file_of_sqlite_is_examined_too() {
    let database = TestDatabase::sqlite();
    assert_eq!(doctor(&database, &[]).code, Some(2), "there is no file yet");
    paddles_prints(&database, &["migrate"]);
    let ended = doctor(&database, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    database.execute(
        "DROP INDEX ix_runs_posted; INSERT INTO runs (name, jobs_pass) VALUES ('r', 2); \
         INSERT INTO jobs (run_id, job_id, status, sha1) VALUES (1, '1', 'pass', 'a')",
    );
    let found = findings(&doctor(&database, &["--json"]));
    for what in ["index ix_runs_posted is missing", "1 runs' counts differ", "1 counts of runs' commits differ"] {
        assert!(found.iter().any(|finding| finding.contains(what)), "{what}: {found:?}");
    }
}

/// Dead rows are gone, and what they leave is empty.
#[test]
fn what_is_empty_is_found_and_mended() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    // Autovacuum is off here.
    database.execute(
        "INSERT INTO queue (queue) SELECT lpad(number::text, 40, '0') FROM generate_series(1, 250000) AS number; ANALYZE",
    );
    let problems = |about: &str| -> Vec<String> {
        let found = findings(&doctor(&database, &["--json"]));
        found.into_iter().filter(|what| what.starts_with("problem") && what.contains(about)).collect()
    };
    let notes = || doctor(&database, &[]).stdout.contains("is estimated from rows and their widths");
    assert_eq!(problems("empty"), Vec::<String>::new(), "what is full is not empty");
    database.execute("UPDATE queue SET queue = 'new' || queue; DELETE FROM queue WHERE queue NOT LIKE '%00'; ANALYZE");
    assert!(problems("rows of queue are dead").len() == 1);
    database.execute("VACUUM ANALYZE");
    assert_eq!(problems("are dead"), Vec::<String>::new());

    let is_told = |found: &[String], how: &str| {
        let of = |name: &str, mend: &str| {
            found.iter().any(|what| what.contains(how) && what.contains(name) && what.contains(mend))
        };
        of("of the table queue are empty", "VACUUM FULL queue")
            && of("of the index queue_pkey are empty", "REINDEX INDEX CONCURRENTLY queue_pkey")
    };
    let estimated = problems("empty");
    assert!(notes() && is_told(&estimated, "upkeep: at least "), "{estimated:?}");
    database.execute("CREATE EXTENSION pgstattuple");
    let measured = problems("empty");
    eprintln!("estimated {estimated:#?}, measured {measured:#?}");
    assert!(!notes() && is_told(&measured, "upkeep: ") && !measured[0].contains("at least"), "{measured:?}");
    for what in &measured {
        let index = what.rsplit_once("REINDEX INDEX CONCURRENTLY ").map(|(_, index)| index);
        database.execute(
            &index.map_or("VACUUM FULL queue".to_owned(), |index| format!("REINDEX INDEX CONCURRENTLY {index}")),
        );
    }
    assert_eq!(problems("empty"), Vec::<String>::new());
    database.execute("DROP EXTENSION pgstattuple; ANALYZE");
    assert_eq!(problems("empty"), Vec::<String>::new());
}

/// What nobody has read in a week is told, once statistics are that old. The server says when they began, and here a view says
/// otherwise: what comes before the catalog in the search path is found before it.
#[test]
fn an_index_that_nobody_reads_is_told() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    let name = database.url().rsplit_once('/').unwrap().1;
    // Some 20 MB of an index that is not unique, and as much of one that is.
    database.execute(&format!(
        "ALTER DATABASE {name} SET search_path = public, pg_catalog; \
         INSERT INTO audit (time, who, action, kind, name) SELECT now(), 'me', 'update', 'node', md5(n::text) || repeat('x', 100) \
             FROM generate_series(1, 100000) AS n; \
         CREATE UNIQUE INDEX by_hand ON audit (name); ANALYZE"
    ));
    let began = |ago: &str| {
        database.execute(&format!(
            "CREATE OR REPLACE VIEW public.pg_stat_database AS SELECT datname, now() - interval '{ago}' AS stats_reset \
             FROM pg_catalog.pg_stat_database"
        ));
    };
    let told = || -> Vec<String> {
        let found = findings(&doctor(&database, &["--json", "--no-recount"]));
        found.into_iter().filter(|what| what.contains("nobody read the index")).collect()
    };
    assert_eq!(told(), Vec::<String>::new(), "statistics are young");
    began("6 days 23 hours");
    assert_eq!(told(), Vec::<String>::new());
    began("8 days 1 hour");
    let found = told();
    assert_eq!(found.len(), 1, "small ones, and those that keep names apart, are of use: {found:?}");
    let is_told = found[0].starts_with("note: upkeep: nobody read the index ix_audit_name (");
    assert!(is_told && found[0].ends_with(" MB) in 8 days"), "{found:?}");

    database.execute("SET enable_seqscan = off; SELECT FROM audit WHERE name > 'f' ORDER BY name, time, id LIMIT 1");
    // A session tells what it read when it ends.
    eventually("that it is read is seen", || told().is_empty().then_some(()));
}

#[test]
fn what_cannot_be_looked_at_is_no_problem_of_the_database() {
    let blind = |variables: &[(&str, &str)], sentence: &str| {
        let ended = run(&mut paddles(&["doctor"], variables));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{ended:?}");
    };
    blind(&[("PADDLES_DATABASE_URL", "postgres://lab:secret@127.0.0.1:1/d")], "cannot look: cannot connect to");
    blind(&[("PADDLES_DATABASE_URL", "mysql://x")], "PADDLES_DATABASE_URL");
}
