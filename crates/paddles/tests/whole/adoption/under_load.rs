//! While a lab is adopted its service goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};

use super::lab::{ask, drift, lab, paddles_prints};
use crate::service::Service;

/// The issue is a second; a machine that does other things too gets more.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client of the older service has seen.
#[derive(Debug, Default)]
struct Seen {
    statements: u32,
    slowest: Duration,
    slowest_was: String,
    refused: Vec<String>,
}

impl Seen {
    fn run(&mut self, connection: &mut PgConnection, sql: &str) {
        let began = Instant::now();
        let outcome = connection.batch_execute(sql);
        let took = began.elapsed();
        self.statements += 1;
        if took > self.slowest {
            (self.slowest, self.slowest_was) = (took, sql.to_owned());
        }
        if let Err(error) = outcome {
            connection.batch_execute("ROLLBACK").ok();
            self.refused.push(error.to_string());
        }
    }
}

/// Asks `statement` for its next one until told to stop.
fn client(url: &str, is_done: &AtomicBool, statement: impl Fn(u32) -> String) -> Seen {
    let mut connection = PgConnection::establish(url).unwrap();
    let mut seen = Seen::default();
    while !is_done.load(Ordering::Relaxed) {
        let sql = statement(seen.statements);
        seen.run(&mut connection, &sql);
        thread::sleep(Duration::from_millis(2));
    }
    seen
}

/// A job of the older service comes, changes, and sometimes goes, with its links; its run follows.
fn write(number: u32) -> String {
    let (run, id) = (1 + number % 20, format!("new-{number}"));
    let status = ["queued", "running", "pass", "fail", "dead"][number as usize % 5];
    let job = format!("(SELECT id FROM jobs WHERE run_id = {run} AND job_id = '{id}')");
    let change = match number % 4 {
        0 => format!("DELETE FROM job_nodes WHERE job_id = {job}; DELETE FROM jobs WHERE id = {job}"),
        1 => format!("UPDATE jobs SET sha1 = 'of-{number}', updated = now() WHERE id = {job}"),
        _ => format!("UPDATE jobs SET status = '{status}', updated = now() WHERE id = {job}"),
    };
    format!(
        "BEGIN ISOLATION LEVEL SERIALIZABLE; \
         INSERT INTO jobs (run_id, job_id, name, status, posted, updated, description, machine_type) \
         VALUES ({run}, '{id}', 'n', 'queued', '2026-03-0{day}', now(), 'test {number}', 'smithi'); \
         INSERT INTO job_nodes (node_id, job_id) SELECT {node}, id FROM jobs WHERE run_id = {run} AND job_id = '{id}'; \
         {change}; UPDATE runs SET updated = now() WHERE id = {run}; COMMIT",
        day = 1 + number % 9,
        node = 1 + number % 50,
    )
}

fn read(number: u32) -> String {
    let run = 1 + number % 24;
    match number % 3 {
        0 => format!("SELECT * FROM jobs WHERE run_id = {run} AND job_id = '{}'", 8_000_000 + number),
        1 => "SELECT * FROM runs ORDER BY posted DESC LIMIT 25".to_owned(),
        _ => format!("SELECT status, count(*) FROM jobs WHERE run_id = {run} GROUP BY status"),
    }
}

/// The locks that others cannot write beside, and for how long the transaction of the adoption that holds one has lasted; and how
/// long others have waited for the adoption by now. What `pg_locks` and `pg_stat_activity` say of this database, in milliseconds.
const LOCKS: &str = "SELECT \
    (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)) * 1000, 0)::bigint \
     FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation \
     WHERE l.granted AND a.application_name = 'paddles adopt' AND a.datname = current_database() \
     AND c.relname IN ('runs', 'jobs', 'nodes', 'job_nodes', 'queue') \
     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) AS held, \
    (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)) * 1000, 0)::bigint FROM pg_locks l \
     WHERE NOT l.granted AND EXISTS (SELECT FROM pg_stat_activity a \
         WHERE a.application_name = 'paddles adopt' AND a.datname = current_database() \
         AND a.pid = ANY (pg_blocking_pids(l.pid)))) AS waited";

/// The longest that was seen of each.
#[derive(Debug, Default, Clone, Copy)]
struct Locks {
    samples: u32,
    held: i64,
    waited: i64,
}

#[derive(diesel::QueryableByName)]
struct LocksRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    held: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    waited: i64,
}

/// Watches the locks until told to stop.
fn watch_locks(url: &str, is_done: &AtomicBool) -> Locks {
    let mut connection = PgConnection::establish(url).unwrap();
    let mut seen = Locks::default();
    while !is_done.load(Ordering::Relaxed) {
        let now: LocksRow = diesel::sql_query(LOCKS).get_result(&mut connection).unwrap();
        seen = Locks { samples: seen.samples + 1, held: seen.held.max(now.held), waited: seen.waited.max(now.waited) };
        thread::sleep(Duration::from_millis(5));
    }
    seen
}

#[test]
fn the_older_service_goes_on_while_its_database_is_adopted() {
    let database = lab();
    let is_done = AtomicBool::new(false);
    let url = database.url();
    let (written, seen, locks) = thread::scope(|scope| {
        let is_done = &is_done;
        let writer = scope.spawn(move || client(url, is_done, write));
        let reader = scope.spawn(move || client(url, is_done, read));
        let locks = scope.spawn(move || watch_locks(url, is_done));
        thread::sleep(Duration::from_millis(200));
        eprintln!("{}", paddles_prints(&database, &["adopt"]));
        // It goes on for a while after the adoption, too.
        thread::sleep(Duration::from_millis(300));
        is_done.store(true, Ordering::Relaxed);
        (writer.join().unwrap(), reader.join().unwrap(), locks.join().unwrap())
    });
    eprintln!(
        "{} looks at pg_locks: the longest hold of a lock that stops writers {} ms, the longest wait for the adoption {} ms",
        locks.samples, locks.held, locks.waited
    );
    assert!(locks.samples > 20 && locks.held.max(locks.waited) < 5_000, "{locks:?}");
    for (who, client) in [("the writer", &written), ("the reader", &seen)] {
        eprintln!(
            "{who}: {} statements, slowest {:.0} ms ({}), {} refused: {:?}",
            client.statements,
            client.slowest.as_secs_f64() * 1000.0,
            client.slowest_was.split_whitespace().take(14).collect::<Vec<_>>().join(" "),
            client.refused.len(),
            client.refused.first(),
        );
        assert!(client.slowest < PATIENCE, "{client:?}");
        assert!(client.statements > 20, "{client:?}");
    }
    // Serializable transactions are refused now and then, and the older service tries again; nothing else may happen.
    let other: Vec<&String> = written.refused.iter().filter(|why| !why.contains("could not serialize")).collect();
    assert!(other.is_empty() && seen.refused.is_empty(), "{other:?} {:?}", seen.refused);

    // What it wrote after the adoption is noted, and counted when this service starts.
    assert!(ask(&database, "SELECT count(*) FROM adoption_noted_runs") != ["0"]);
    drop(Service::start(&database));
    assert_eq!(drift(&database), Vec::<String>::new());
}
