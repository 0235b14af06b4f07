//! A large database of our own comes to a newer version while others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_bench::{JobCount, copy_history};
use paddles_diesel::testing::TestDatabase;

use super::lab::{ask, asked_for, paddles_prints};

/// As the version before left it; of the index that comes now a build broke off.
const BEFORE: &str = "DELETE FROM __diesel_schema_migrations WHERE version = '20261124000008'; \
    CREATE INDEX ix_runs_queued ON runs (scheduled, id) WHERE jobs_queued > 0; \
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_jobs_queued_run'::regclass";

const WRITERS: u32 = 4;

/// Changes jobs of its own until told to stop: how many, and the longest that one took.
fn write(url: &str, number: u32, is_done: &AtomicBool) -> (u32, Duration) {
    let mut connection = PgConnection::establish(url).unwrap();
    let (mut count, mut slowest) = (0, Duration::ZERO);
    while !is_done.load(Ordering::Relaxed) {
        let status = ["queued", "running"][count as usize % 2];
        let began = Instant::now();
        let change = format!(
            "UPDATE jobs SET status = '{status}', updated = now() WHERE id = {}",
            1 + (count * WRITERS + number) % 2_000
        );
        connection.batch_execute(&change).unwrap();
        (count, slowest) = (count + 1, slowest.max(began.elapsed()));
        thread::sleep(Duration::from_millis(1));
    }
    (count, slowest)
}

#[test]
fn an_index_of_a_large_table_is_built_beside_those_who_write() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    let jobs: JobCount = asked_for("PADDLES_ADOPT_JOBS", "3k").parse().unwrap();
    let jobs = copy_history(database.url(), jobs.get(), 7, "2026-03-01T12:00:00".parse().unwrap()).unwrap();
    database.execute(BEFORE);

    let is_done = AtomicBool::new(false);
    let (took, seen) = thread::scope(|scope| {
        let (url, is_done) = (database.url(), &is_done);
        let writers: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || write(url, number, is_done))).collect();
        thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let migrated = paddles_prints(&database, &["migrate"]);
        let took = began.elapsed();
        assert!(migrated.contains("ran 20261124000008"), "{migrated}");
        is_done.store(true, Ordering::Relaxed);
        (took, writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>())
    });
    let (count, slowest) =
        seen.iter().fold((0, Duration::ZERO), |(count, slowest), seen| (count + seen.0, slowest.max(seen.1)));
    eprintln!("{jobs} jobs: migrated in {took:.1?}; of {count} changes meanwhile the longest took {slowest:.2?}");
    assert!(count > 0);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_jobs_queued_run')";
    assert_eq!(ask(&database, valid), ["t"]);
    assert_eq!(ask(&database, "SELECT to_regclass('ix_runs_queued') IS NULL"), ["t"]);
    let check = paddles_prints(&database, &["adopt", "--check"]);
    assert!(!check.contains("ix_"), "{check}");
}
