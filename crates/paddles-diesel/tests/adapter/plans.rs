//! No question reads a big table from end to end on SQLite either: each statement that it runs is explained.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use paddles_diesel::testing::TestDatabase;
use paddles_diesel::{DieselRepository, StatementLimits, recount};
use paddles_repository::Repository;
use serde_json::Value;

use crate::scans::{BIG_TABLES, QUESTIONS};

/// 60 runs of 10 jobs each on 20 nodes: what SQLite plans depends on its indexes alone.
const HISTORY: &str = "
    CREATE TEMPORARY TABLE numbers AS
        WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 60) SELECT n FROM count;
    INSERT INTO nodes (name, machine_type, up, is_vm, locked)
        SELECT 'n' || n, 'smithi', 1, 0, 0 FROM numbers WHERE n <= 20;
    INSERT INTO queue (queue) VALUES ('smithi');
    INSERT INTO runs (name, status, \"user\", suite, branch, machine_type, posted, scheduled, updated)
        SELECT 'r' || n, CASE n % 3 WHEN 0 THEN 'finished fail' ELSE 'finished pass' END, 'user' || (n % 7), 'suite' || (n % 5),
            'branch' || (n % 11), 'smithi', t, t, t
        FROM (SELECT n, datetime('2026-01-01', (n * 450) || ' minutes') AS t FROM numbers);
    INSERT INTO jobs (run_id, name, job_id, status, sha1, flavor, branch, \"user\", description, machine_type, queue, priority,
            posted, updated)
        SELECT runs.id, runs.name, CAST(n AS text), CASE WHEN runs.id > 50 AND n = 1 THEN 'queued' WHEN n % 4 = 0 THEN 'fail'
            ELSE 'pass' END, CASE runs.id WHEN 1 THEN 'c4ca4238a0b9' ELSE printf('%040x', runs.id) END, 'default', branch, \"user\",
            'rados/basic/' || n || '-' || (95 + runs.id % 2), 'smithi', 'smithi', 50, posted, posted
        FROM runs, numbers WHERE n <= 10 ORDER BY runs.id, n;
    INSERT INTO job_nodes (node_id, job_id) SELECT 1 + (jobs.id * 7 + n) % 20, jobs.id FROM jobs, numbers WHERE n <= 2;";

/// What it allows, so that each statement is told of.
const TELL_ALL: StatementLimits = StatementLimits { slow_after: Duration::ZERO, timeout: None };

/// A database with history.
fn database() -> TestDatabase {
    let database = TestDatabase::sqlite();
    drop(DieselRepository::open(&database.url().parse().unwrap(), 1).unwrap());
    database.execute(HISTORY);
    recount(&database.url().parse().unwrap()).unwrap();
    database
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The statements that a question runs.
fn statements_of(lab: &DieselRepository, ask: impl FnOnce(&dyn Repository)) -> Vec<String> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || ask(lab));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line["fields"]["sql"].as_str().map(str::to_owned)).collect()
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps of a statement that read a big table without looking for anything in it.
fn scans(look: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(look).unwrap();
    let is_scan = |step: &String| {
        let table = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        // In an index' order, the first rows of it are read, and no more than were asked for.
        table.is_some_and(|table| BIG_TABLES.contains(&table)) && !step.contains(" USING INDEX ")
    };
    let (mut scans, others): (Vec<String>, Vec<String>) = steps.into_iter().map(|step| step.detail).partition(is_scan);
    // What was selected from a table may be called as the table, and is scanned once.
    for selected in
        others.iter().filter_map(|step| step.strip_prefix("CO-ROUTINE ").or(step.strip_prefix("MATERIALIZE ")))
    {
        if let Some(place) = scans.iter().position(|scan| *scan == format!("SCAN {selected}")) {
            scans.remove(place);
        }
    }
    scans
}

#[test]
fn no_statement_scans_a_big_table_on_sqlite() {
    let database = database();
    let url = database.url().parse().unwrap();
    let lab = DieselRepository::open_limited(&url, 1, TELL_ALL).unwrap();
    let mut look = SqliteConnection::establish(database.url().trim_start_matches("sqlite://")).unwrap();
    let mut found = Vec::new();
    for (name, ask) in QUESTIONS {
        let statements = statements_of(&lab, ask);
        assert!(!statements.is_empty(), "{name} runs no statement");
        for statement in
            statements.iter().filter(|sql| !["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| sql.starts_with(word)))
        {
            found.extend(scans(&mut look, statement).into_iter().map(|scan| (*name, scan, statement.clone())));
        }
    }
    assert_eq!(found, [], "statements that scan big tables");
}

#[test]
fn a_scan_is_seen_in_its_plan() {
    let mut look = SqliteConnection::establish(":memory:").unwrap();
    look.batch_execute("CREATE TABLE jobs (id integer PRIMARY KEY, owner text)").unwrap();
    assert_eq!(scans(&mut look, "SELECT count(*) FROM jobs WHERE owner = ?"), ["SCAN jobs"]);
    assert_eq!(scans(&mut look, "SELECT owner FROM jobs WHERE id = ?"), [""; 0]);
}
