//! Databases of our own that somebody filled by COPY, and those that are none.

use paddles_bench::copy_history;
use paddles_diesel::testing::TestDatabase;

use super::lab::{ask, drift, paddles_on, paddles_prints};
use crate::program::run;
use crate::service::Service;

#[test]
fn a_database_of_ours_that_was_filled_by_copy_is_completed() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    // As for a quick load, without what slows it down.
    database.execute("DROP INDEX ix_jobs_run_id_job_id, ix_jobs_sha1, ix_run_sha1s_sha1");
    copy_history(database.url(), 1_000, 7, "2026-03-01T12:00:00".parse().unwrap()).unwrap();
    database.execute(
        "INSERT INTO jobs (run_id, job_id, status) SELECT run_id, job_id, 'fail' FROM jobs WHERE id = 5; \
         ALTER TABLE job_nodes DROP CONSTRAINT job_nodes_pkey; SELECT setval('jobs_id_seq', 1)",
    );
    assert!(!drift(&database).is_empty());
    let check = paddles_prints(&database, &["adopt", "--check"]);
    for announced in
        ["tables made by this paddles", "sequence jobs_id_seq is behind", "index ix_jobs_sha1 on jobs is missing"]
    {
        assert!(check.contains(announced), "{announced}\n{check}");
    }
    paddles_prints(&database, &["adopt"]);
    assert_eq!(drift(&database), Vec::<String>::new());
    assert!(paddles_prints(&database, &["adopt", "--check"]).contains("nothing is to be done"));
    // Nobody else writes here, so nobody is watched.
    assert_eq!(ask(&database, "SELECT count(*) FROM pg_trigger WHERE tgname = 'adoption_note'"), ["0"]);
    let posted =
        Service::start(&database).client().send("POST", "/runs/me-new/jobs/", r#"{"name": "me-new", "job_id": "1"}"#);
    assert_eq!(posted.unwrap().status, 200);
}

#[test]
fn what_is_no_lab_is_left_alone() {
    let refused = |database: &TestDatabase, sentence: &str| {
        let ended = run(&mut paddles_on(database, &["adopt"]));
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{ended:?}");
    };
    refused(&TestDatabase::postgres(), "not the database of a paddles: it has no table runs");
    refused(&TestDatabase::sqlite(), "it has no table runs, since ");
}

#[test]
fn what_needs_a_hand_is_told_before_anything_changes() {
    let database = TestDatabase::postgres();
    database.execute(include_str!("lab.sql"));
    database.execute(
        "ALTER TABLE jobs ALTER COLUMN duration TYPE bigint; \
         INSERT INTO runs (name) VALUES ('twice'), ('twice'); INSERT INTO nodes (name, is_vm, locked) VALUES ('n', false, false)",
    );
    let ended = run(&mut paddles_on(&database, &["adopt"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for reason in
        ["column jobs.duration is bigint, but this service reads integer", "share a name, which must be one: twice (2)"]
    {
        assert!(ended.stderr.contains(reason), "{ended:?}");
    }
    assert_eq!(ask(&database, "SELECT to_regclass('adoption') IS NULL"), ["t"]);
}
