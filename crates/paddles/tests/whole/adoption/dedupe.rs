//! Jobs that are several rows are made one without adopting anything, by the rule of an adoption.

use paddles_bench::copy_history;
use paddles_diesel::testing::TestDatabase;
use serde_json::Value;

use super::lab::{ask, copy_of, drift, lab_of, paddles_on, paddles_prints};
use crate::program::run;

const KEPT: &str =
    "SELECT id, run_id, job_id, status, posted, updated, description, owner, flavor FROM jobs ORDER BY id";
const MERGED: &str = "SELECT kept, id, run_id, job_id, nodes FROM merged_jobs ORDER BY kept, id";
const LINKS: &str = "SELECT node_id, job_id FROM job_nodes ORDER BY job_id, node_id";

fn dedupe(database: &TestDatabase, arguments: &[&str]) -> Vec<Value> {
    let printed = paddles_prints(database, &[&["admin", "dedupe", "--json"], arguments].concat());
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn superfluous(jobs: &[Value]) -> i64 {
    jobs.iter().map(|job| job["rows"].as_i64().unwrap() - 1).sum()
}

#[test]
fn the_rows_of_an_older_lab_are_merged_as_by_an_adoption() {
    let database = lab_of("1k");
    let adopted = copy_of(&database);
    paddles_prints(&adopted, &["adopt"]);

    let would = dedupe(&database, &["--dry-run"]);
    assert_eq!((would.len(), superfluous(&would)), (6, 8), "{would:?}");
    assert_eq!(ask(&database, "SELECT to_regclass('merged_jobs') IS NULL"), ["t"], "nothing changes yet");
    let refused = run(&mut paddles_on(&database, &["admin", "dedupe"]));
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");

    assert_eq!(dedupe(&database, &["--yes"]), would);
    for rows in [KEPT, MERGED, LINKS] {
        assert_eq!(ask(&database, rows), ask(&adopted, rows));
    }
    assert!(paddles_prints(&database, &["admin", "dedupe", "--yes"]).starts_with("no job has several rows\n"));
    paddles_prints(&database, &["adopt"]);
    assert_eq!(drift(&database), Vec::<String>::new());
    let ruled_out = paddles_prints(&database, &["admin", "dedupe"]);
    assert_eq!(ruled_out, "no job has several rows: a unique index rules that out\n");
}

#[test]
fn in_a_database_of_ours_counts_and_audit_follow() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    copy_history(database.url(), 1_000, 7, "2026-03-01T12:00:00".parse().unwrap()).unwrap();
    paddles_prints(&database, &["adopt"]);
    database.execute(
        "DROP INDEX ix_jobs_run_id_job_id; \
         INSERT INTO jobs (run_id, job_id, status, posted, sha1) SELECT run_id, job_id, 'fail', '2025-01-01', 'new' \
         FROM jobs WHERE id IN (5, 6); \
         INSERT INTO job_nodes (node_id, job_id) SELECT 1, max(id) FROM jobs",
    );
    assert!(!drift(&database).is_empty());
    let merged = dedupe(&database, &["--yes"]);
    assert_eq!(superfluous(&merged), 2);
    assert_eq!(drift(&database), Vec::<String>::new());
    let audit = paddles_prints(&database, &["audit", "--count", "10"]);
    let told =
        |line: &&str| line.contains("\tcommand line\t-\tcorrect job\t") && line.contains("{\"rows\":2}\t{\"rows\":1}");
    assert_eq!(audit.lines().filter(told).count(), 2, "{audit}");
}

#[test]
fn what_a_lab_made_for_itself_refers_to_the_row_that_stays() {
    let database = lab_of("1k");
    database.execute(
        "CREATE TABLE job_notes (job integer REFERENCES jobs ON DELETE CASCADE, note text); \
         CREATE TABLE job_marks (job integer NOT NULL CONSTRAINT one_mark UNIQUE REFERENCES jobs); \
         INSERT INTO job_notes SELECT id, 'of ' || id FROM jobs WHERE (run_id, job_id) IN \
         (SELECT run_id, job_id FROM jobs GROUP BY run_id, job_id HAVING count(*) > 1); \
         INSERT INTO job_marks SELECT job FROM job_notes; \
         UPDATE jobs SET job_id = 'a/b', status = NULL WHERE id = (SELECT min(id) FROM jobs WHERE id NOT IN (SELECT job FROM job_notes))",
    );
    let notes = ask(&database, "SELECT count(*) FROM job_notes");
    let check = paddles_prints(&database, &["adopt", "--check"]);
    for told in [
        "the table job_notes refers to jobs",
        "the table job_marks refers to jobs",
        "jobs have no job_id, or one with a slash",
        "jobs have no status, which counts as unknown",
    ] {
        assert!(check.contains(told), "{told}: {check}");
    }

    // A job cannot have several marks: that is told, and not taken for a lock.
    let refused = run(&mut paddles_on(&database, &["adopt"]));
    assert!(refused.code == Some(1) && refused.stderr.contains("one_mark"), "{refused:?}");
    assert_eq!(ask(&database, "SELECT count(*) FROM job_marks"), notes);

    database.execute("ALTER TABLE job_marks DROP CONSTRAINT one_mark");
    paddles_prints(&database, &["adopt"]);
    assert_eq!(drift(&database), Vec::<String>::new());
    let kept = "SELECT count(*) FROM job_notes JOIN merged_jobs AS was ON was.kept = job AND note = 'of ' || was.id";
    assert_eq!(ask(&database, kept), notes);
    assert_eq!(ask(&database, "SELECT count(*) FROM job_marks JOIN jobs ON jobs.id = job_marks.job"), notes);
}
