//! Row for row: nothing changes but what is announced.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use paddles_diesel::testing::TestDatabase;

use super::lab::{ask, drift, lab, paddles_on, paddles_prints};
use crate::program::run;
use crate::service::Service;

/// The lab's tables, what names a row, and the columns that the lab had.
struct Rows(BTreeMap<&'static str, (String, BTreeMap<String, String>)>);

const TABLES: [(&str, &str); 6] = [
    ("alembic_version", "version_num"),
    ("job_nodes", "(node_id, job_id)"),
    ("jobs", "id"),
    ("nodes", "id"),
    ("queue", "queue"),
    ("runs", "id"),
];

impl Rows {
    fn of(database: &TestDatabase) -> Self {
        let columns_of = |table: &str| {
            let sql = format!(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute \
                 WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
            );
            ask(database, &sql).concat()
        };
        Self(TABLES.into_iter().map(|(table, _)| (table, rows(database, table, columns_of(table)))).collect())
    }

    /// The same columns of the same tables by now: rows that came, went or changed.
    fn changed(&self, database: &TestDatabase, table: &str) -> BTreeSet<String> {
        let (columns, before) = &self.0[table];
        let after = rows(database, table, columns.clone()).1;
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
    }
}

fn rows(database: &TestDatabase, table: &str, columns: String) -> (String, BTreeMap<String, String>) {
    let key = TABLES.iter().find(|(name, _)| *name == table).unwrap().1;
    let lines = ask(database, &format!("SELECT {key}, md5(ROW({columns})::text) FROM {table}"));
    let rows =
        lines.iter().map(|line| line.rsplit_once('|').unwrap()).map(|(key, hash)| (key.to_owned(), hash.to_owned()));
    (columns, rows.collect())
}

fn set(database: &TestDatabase, sql: &str) -> BTreeSet<String> {
    ask(database, sql).into_iter().collect()
}

/// Jobs as JSON by number, without what is null.
fn jobs_whole(database: &TestDatabase, from: &str, row: &str) -> Vec<String> {
    ask(database, &format!("SELECT jsonb_strip_nulls({row}) FROM {from} ORDER BY id"))
}

#[test]
fn nothing_changes_but_what_is_announced() {
    let database = lab();
    let began = Instant::now();
    let check = paddles_prints(&database, &["adopt", "--check"]);
    eprintln!("{check}\nlooked in {:.1} s", began.elapsed().as_secs_f64());
    for announced in [
        "tables made by another paddles",
        "index ix_jobs_run_id_job_id on jobs is invalid",
        "index unique_by_hand on jobs is invalid, made by hand",
        "index runs_by_posting on runs is the same as ix_runs_posted",
        "column jobs.job_id sorts by a language",
        "columns have a width, and longer text is refused: status (32), archive_path (512)",
        "column jobs.name must not be null",
        "column nodes.mac_address is character varying(17), and stays so, since the view lab_machines shows it",
        "constraint on jobs is missing: FOREIGN KEY (run_id) REFERENCES runs(id) ON DELETE CASCADE",
        "table run_sha1s is missing",
        "6 jobs have several rows, 8 more than they should",
        "2 jobs belong to no run",
        "1 jobs belong to a run that is not there",
        "2 jobs have the status \"aborted\"",
        "documents are the text null",
        "merge duplicates: 6 jobs, 8 rows move to merged_jobs",
        "build ix_jobs_run_id_job_id on jobs",
        "build ix_jobs_queued_run on jobs",
    ] {
        assert!(check.contains(announced), "not announced: {announced}\n{check}");
    }

    // A look changes nothing.
    let before = Rows::of(&database);
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let tables_before = ask(&database, tables);
    paddles_prints(&database, &["adopt", "--check"]);
    assert_eq!(ask(&database, tables), tables_before);
    let doubles = "jobs WHERE (run_id, job_id) IN (SELECT run_id, job_id FROM jobs GROUP BY 1, 2 HAVING count(*) > 1)";
    let doubles_before = jobs_whole(&database, doubles, "to_jsonb(jobs)");
    let nulls_before = set(&database, "SELECT id FROM nodes WHERE is_vm IS NULL");
    let links_before = set(&database, "SELECT (node_id, job_id) FROM job_nodes");

    let began = Instant::now();
    let adopted = run(&mut paddles_on(&database, &["adopt"]));
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    eprintln!("{}{}", adopted.stderr, adopted.stdout);
    eprintln!("adopted in {:.1} s", began.elapsed().as_secs_f64());

    let merged = set(&database, "SELECT DISTINCT id FROM merged_jobs");
    assert_eq!(merged.len(), 14);
    let changed_jobs = before.changed(&database, "jobs");
    // The second row of this one was never updated, and says nothing that the first does not.
    let unchanged: Vec<_> = merged.difference(&changed_jobs).collect();
    assert!(changed_jobs.is_subset(&merged) && unchanged == ["104"], "{changed_jobs:?}");
    assert_eq!(jobs_whole(&database, "merged_jobs", "row"), doubles_before);
    assert_eq!(before.changed(&database, "runs"), set(&database, "SELECT DISTINCT run_id FROM corrected_runs"));
    assert_eq!(before.changed(&database, "nodes"), nulls_before);
    let relinked = set(
        &database,
        "SELECT (node, id) FROM merged_jobs, unnest(nodes) AS node WHERE id <> kept UNION \
         SELECT (node, kept) FROM merged_jobs, unnest(nodes) AS node WHERE id <> kept",
    );
    let changed_links = before.changed(&database, "job_nodes");
    assert!(!changed_links.is_empty() && changed_links.is_subset(&relinked), "{changed_links:?}");
    let lost: Vec<_> =
        links_before.difference(&set(&database, "SELECT (node_id, job_id) FROM job_nodes")).cloned().collect();
    assert!(lost.iter().all(|link| relinked.contains(link)), "{lost:?}");
    for table in ["alembic_version", "queue"] {
        assert_eq!(before.changed(&database, table), BTreeSet::new(), "{table}");
    }

    the_later_values_win(&database);
    assert_eq!(drift(&database), Vec::<String>::new());
    let statuses = ask(&database, "SELECT name, was, became FROM corrected_runs WHERE name LIKE 'of-%' ORDER BY name");
    assert_eq!(statuses, ["of-a-word-of-its-own|aborted|empty", "of-no-status||empty"]);
    structure_is_complete(&database);
    assert!(paddles_prints(&database, &["adopt"]).contains("nothing was to be done"));
    it_serves(&database);
}

fn the_later_values_win(database: &TestDatabase) {
    // Of three rows the one that was updated last says what there is; where it says nothing the others do.
    let job = ask(
        database,
        "SELECT status, flavor, owner IS NOT NULL, left(tasks, 1), started IS NOT NULL, priority IS NOT NULL, \
         posted = (SELECT min((row ->> 'posted')::timestamp) FROM merged_jobs WHERE kept = 101) FROM jobs WHERE id = 101",
    );
    assert_eq!(job, ["dead|crimson|t|[|t|t|t"]);
    // One without a time is older than any.
    let job =
        ask(database, "SELECT jobs.status = row ->> 'status' FROM jobs JOIN merged_jobs USING (id) WHERE id = 104");
    assert_eq!(job, ["t"]);
}

fn structure_is_complete(database: &TestDatabase) {
    let invalid = ask(database, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid");
    assert_eq!(invalid, ["unique_by_hand"]);
    let indexes = set(database, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'");
    for index in ["ix_jobs_run_id_job_id", "ix_jobs_posted", "ix_runs_posted", "ix_jobs_queued", "ix_jobs_description"]
    {
        assert!(indexes.contains(index), "{index}");
    }
    // What the lab had is there, under its name or, where ours took that, with another.
    for index in ["ix_jobs_queued_before", "failed_by_hand", "lower_owner", "ix_jobs_status", "ix_runs_branch_before"] {
        assert!(indexes.contains(index), "{index}");
    }
    for renamed in ["runs_by_posting", "queued_by_hand"] {
        assert!(!indexes.contains(renamed), "{renamed}");
    }
    let order = ask(database, "EXPLAIN SELECT * FROM jobs WHERE run_id = 1 ORDER BY job_id LIMIT 5").join("\n");
    assert!(order.contains("ix_jobs_run_id_job_id") && !order.contains("Sort"), "{order}");
    let unchecked = ask(database, "SELECT conname FROM pg_constraint WHERE NOT convalidated");
    assert_eq!(unchecked, ["jobs_run_id_fkey"], "a job refers to a run that is not there, and stays");
}

fn it_serves(database: &TestDatabase) {
    let service = Service::start(database);
    let name = ask(database, "SELECT name FROM runs WHERE id = 1").concat();
    let run = service.client().read(&format!("/runs/{name}/"));
    let ids: Vec<&str> = run["jobs"].as_array().unwrap().iter().filter_map(|job| job["job_id"].as_str()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.contains(&"A") && ids.contains(&"b"));
    // Two of its jobs have no id.
    assert_eq!(run["jobs_count"], ids.len() + 2);
    let aborted = run["jobs"].as_array().unwrap().iter().filter(|job| job["status"] == "unknown").count();
    assert_eq!(aborted, 3, "words that are no status, and none");
    // The watch over the older service ends with the start.
    assert_eq!(ask(database, "SELECT to_regclass('adoption_noted_runs') IS NULL"), ["t"]);
}
