//! The older service could still run on an adopted database.

use paddles_diesel::testing::TestDatabase;

use super::doctor::{doctor, findings};
use super::lab::{ask, drift, lab_of, paddles_prints, psql};
use crate::service::Service;

/// What it says: rows with its own columns, and reads of its own columns.
const WRITES: &str = "\
    INSERT INTO runs (name, status, \"user\", scheduled, suite, branch, machine_type, posted, started, updated) \
        VALUES ('old-run', 'empty', 'me', now(), 's', 'b', 'smithi', now(), NULL, NULL); \
    INSERT INTO jobs (run_id, job_id, name, status, posted, updated, kernel, tasks, targets, sha1, machine_type, success) \
        SELECT id, '1', name, 'pass', now(), now(), 'null', '[]', 'null', 'abc', 'smithi', true FROM runs WHERE name = 'old-run'; \
    INSERT INTO nodes (name, is_vm, locked) VALUES ('old-node', false, false); \
    INSERT INTO job_nodes (node_id, job_id) SELECT nodes.id, jobs.id FROM nodes, jobs \
        WHERE nodes.name = 'old-node' AND jobs.sha1 = 'abc'; \
    INSERT INTO queue (queue) VALUES ('old-queue'); \
    UPDATE runs SET status = 'finished pass', updated = now() WHERE name = 'old-run'";

#[test]
fn the_older_service_still_runs_and_what_it_leaves_is_mended() {
    let database = lab_of("1k");
    let columns = |table: &str| {
        let sql = format!(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = '{table}'::regclass \
            AND attnum > 0 AND NOT attisdropped"
        );
        format!("SELECT {} FROM {table}", ask(&database, &sql).concat())
    };
    let reads: Vec<String> = ["runs", "jobs", "nodes", "job_nodes", "queue"].map(columns).to_vec();
    paddles_prints(&database, &["adopt"]);
    drop(Service::start(&database));

    // Back to the older service, for a while.
    for sql in reads.iter().map(String::as_str).chain([WRITES]) {
        let ended = psql(&database, sql);
        assert_eq!(ended.code, Some(0), "{sql}: {ended:?}");
    }
    assert!(!drift(&database).is_empty());
    let check = paddles_prints(&database, &["adopt", "--check"]);
    assert!(check.contains("1 runs' counts differ from a recount"), "{check}");

    paddles_prints(&database, &["adopt"]);
    assert_eq!(drift(&database), Vec::<String>::new());
    assert_eq!(
        ask(
            &database,
            "DELETE FROM job_nodes WHERE job_id IN (SELECT id FROM jobs WHERE sha1 = 'abc'); \
        DELETE FROM runs WHERE name = 'old-run' RETURNING jobs_pass"
        ),
        ["1"]
    );
    // This service takes over again, and counts what was written last.
    drop(Service::start(&database));
    assert_eq!(drift(&database), Vec::<String>::new());
    assert_eq!(ask(&database, "SELECT count(*) FROM run_sha1s WHERE sha1 = 'abc'"), ["0"]);
}

/// As it deletes: links, jobs, runs. Nothing is left of three days.
const DELETES: &str = "CREATE TEMPORARY TABLE days AS SELECT day FROM \
        (SELECT DISTINCT posted::date AS day FROM jobs WHERE posted IS NOT NULL) AS days ORDER BY day LIMIT 2; \
    INSERT INTO days SELECT max(posted)::date FROM jobs; \
    DELETE FROM job_nodes WHERE job_id IN (SELECT id FROM jobs WHERE posted::date IN (TABLE days)); \
    DELETE FROM jobs WHERE posted::date IN (TABLE days); \
    DELETE FROM runs WHERE NOT EXISTS (SELECT FROM jobs WHERE run_id = runs.id)";

/// Nobody notes what it deletes, and no job tells of the days any more.
#[test]
fn days_of_which_it_deletes_all_are_counted_no_longer() {
    let database = lab_of("1k");
    paddles_prints(&database, &["adopt"]);
    drop(Service::start(&database));
    database.execute("DROP INDEX unique_by_hand");
    database.execute(DELETES);
    let drifted = |database: &TestDatabase| {
        let found = findings(&doctor(database, &["--json"]));
        found.iter().any(|what| what.contains("counts of nodes' days differ from a recount: `paddles adopt` mends it"))
    };
    assert!(drifted(&database) && !drift(&database).is_empty());
    paddles_prints(&database, &["adopt"]);
    assert!(!drifted(&database));
    assert_eq!(drift(&database), Vec::<String>::new());
}

/// What the newest of its migrations makes of a lab: a job's id is unique in its run, under a name of its own.
const NEWEST: &str = "UPDATE nodes SET up = coalesce(up, false), machine_type = coalesce(machine_type, 'unknown'); \
    ALTER TABLE nodes ALTER up SET NOT NULL, ALTER machine_type SET NOT NULL; ALTER TABLE jobs ALTER job_id SET NOT NULL; \
    ALTER TABLE jobs ADD CONSTRAINT uq_jobs_run_id_job_id UNIQUE (run_id, job_id)";

#[test]
fn a_lab_whose_service_rules_duplicates_out_is_adopted() {
    let database = TestDatabase::postgres();
    database.execute(include_str!("lab.sql"));
    paddles_bench::copy_history(database.url(), 1_000, 42, "2026-03-01T12:00:00".parse().unwrap()).unwrap();
    database.execute(include_str!("lab_indexes.sql"));
    database.execute(NEWEST);
    let ruled_out = "no job has several rows: a unique index rules that out\n";
    assert_eq!(paddles_prints(&database, &["admin", "dedupe"]), ruled_out);
    let check = paddles_prints(&database, &["adopt", "--check"]);
    assert!(check.contains("rename the index uq_jobs_run_id_job_id to ix_jobs_run_id_job_id"), "{check}");
    assert!(!check.contains("build ix_jobs_run_id_job_id") && !check.contains("merge duplicates"), "{check}");
    paddles_prints(&database, &["adopt"]);
    assert_eq!(drift(&database), Vec::<String>::new());
    assert!(paddles_prints(&database, &["adopt", "--check"]).contains("nothing is to be done"));
    let ended = psql(&database, WRITES);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
