//! A large database of our own comes to a newer version while others write.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_bench::{JobCount, copy_history};
use paddles_diesel::testing::TestDatabase;

use super::lab::{ask, asked_for, paddles_on, paddles_prints};
use crate::waiting::eventually;

/// As the version before left it; of the index that comes now a build broke off.
const BEFORE: &str = "DELETE FROM __diesel_schema_migrations WHERE version = '20261124000008'; \
    CREATE INDEX ix_runs_queued ON runs (scheduled, id) WHERE jobs_queued > 0; \
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_jobs_queued_run'::regclass";

/// What the build here does now: the view tells of those in other tests' databases too.
const PHASE: &str = "SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database()";

const WRITERS: u32 = 4;

/// How many changes each writer makes while the build waits.
const CHANGES: u32 = 25;

/// Changes jobs of its own until told to stop: how many so far is told to `count`; gives the longest that one took.
fn write(url: &str, number: u32, count: &AtomicU32, is_done: &AtomicBool) -> Duration {
    let mut connection = PgConnection::establish(url).unwrap();
    let mut slowest = Duration::ZERO;
    while !is_done.load(Ordering::Relaxed) {
        let changed = count.load(Ordering::Relaxed);
        let status = ["queued", "running"][changed as usize % 2];
        let began = Instant::now();
        let change = format!(
            "UPDATE jobs SET status = '{status}', updated = now() WHERE id = {}",
            1 + (changed * WRITERS + number) % 2_000
        );
        connection.batch_execute(&change).unwrap();
        slowest = slowest.max(began.elapsed());
        count.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(1));
    }
    slowest
}

/// Who has looked at the database before keeps a build waiting that goes on beside everybody, and no other: it is seen to wait, and
/// everybody writes meanwhile.
#[test]
fn an_index_of_a_large_table_is_built_beside_those_who_write() {
    let database = TestDatabase::postgres();
    paddles_prints(&database, &["migrate"]);
    let jobs: JobCount = asked_for("PADDLES_ADOPT_JOBS", "3k").parse().unwrap();
    let jobs = copy_history(database.url(), jobs.get(), 7, "2026-03-01T12:00:00".parse().unwrap()).unwrap();
    database.execute(BEFORE);

    let old_snapshot = database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    let (is_done, counts) = (AtomicBool::new(false), [const { AtomicU32::new(0) }; WRITERS as usize]);
    let made = || counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    let (took, slowest) = thread::scope(|scope| {
        let (url, is_done) = (database.url(), &is_done);
        let writers: Vec<_> =
            (0..).zip(&counts).map(|(number, count)| scope.spawn(move || write(url, number, count, is_done))).collect();
        let began = Instant::now();
        let mut migration = paddles_on(&database, &["migrate"]).stdout(Stdio::piped()).spawn().unwrap();
        // An assertion that failed here would wait for the writers.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut waits = || {
                assert!(migration.try_wait().unwrap().is_none(), "it ended, and waited for nobody");
                ask(&database, PHASE) == ["waiting for old snapshots"]
            };
            eventually("it waits for who looked before", || waits().then_some(()));
            let before = made();
            let all_go_on = || made().iter().zip(before).all(|(now, before)| *now >= before + CHANGES);
            eventually("all writers go on", || all_go_on().then_some(()));
            assert!(waits(), "it waits still");
        }));
        drop(old_snapshot);
        let migrated = migration.wait_with_output().unwrap();
        let took = began.elapsed();
        is_done.store(true, Ordering::Relaxed);
        let slowest = writers.into_iter().map(|writer| writer.join().unwrap()).max().unwrap();
        if let Err(failed) = outcome {
            resume_unwind(failed);
        }
        assert!(String::from_utf8_lossy(&migrated.stdout).contains("ran 20261124000008"), "{migrated:?}");
        (took, slowest)
    });
    let count: u32 = made().iter().sum();
    eprintln!("{jobs} jobs: migrated in {took:.1?}; of {count} changes meanwhile the longest took {slowest:.2?}");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_jobs_queued_run')";
    assert_eq!(ask(&database, valid), ["t"]);
    assert_eq!(ask(&database, "SELECT to_regclass('ix_runs_queued') IS NULL"), ["t"]);
    let check = paddles_prints(&database, &["adopt", "--check"]);
    assert!(!check.contains("ix_"), "{check}");
}
