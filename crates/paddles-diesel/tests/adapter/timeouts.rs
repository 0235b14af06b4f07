//! Postgres breaks off what takes too long, and the service goes on.

use std::time::Duration;

use paddles_diesel::testing::TestDatabase;
use paddles_diesel::{DieselRepository, StatementLimits};
use paddles_domain::{Act, JobId, JobPatch, JobReport, JobStatus, LabZone, RunName};
use paddles_repository::{JobRepository, NewJob, QueueRepository, RepositoryError, RunRepository, WatchRepository};

const SHORT: StatementLimits =
    StatementLimits { slow_after: Duration::from_millis(100), timeout: Some(Duration::from_millis(300)) };

fn open(database: &TestDatabase) -> DieselRepository {
    DieselRepository::open_limited(&database.url().parse().unwrap(), 2, SHORT).unwrap()
}

fn is_broken_off<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>, why: &str) {
    match outcome {
        Err(RepositoryError::Unavailable { reason }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("not broken off: {other:?}"),
    }
}

#[test]
fn a_statement_that_takes_too_long_is_broken_off() {
    let database = TestDatabase::postgres();
    let lab = open(&database);
    assert_eq!(lab.queue_list(None, None), Ok(vec![]));
    let held = database.hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    for _ in 0..5 {
        is_broken_off(lab.queue_list(None, None), "timeout");
    }
    drop(held);
    assert_eq!(lab.queue_list(None, None), Ok(vec![]));
    assert!(lab.database_load().slow_statements >= 5, "{:?}", lab.database_load());
}

/// A change that was broken off leaves nothing behind, and its connection is good for the next.
#[test]
fn a_change_that_waits_too_long_is_broken_off_whole() {
    let database = TestDatabase::postgres();
    let lab = open(&database);
    let act = Act::of_nobody("2020-01-02 03:04:05".parse().unwrap());
    let run = RunName::new("r").unwrap();
    let post = |id: &str| {
        let report =
            JobReport { job_id: Some(JobId::new(id).unwrap()), patch: JobPatch::with_status(JobStatus::Running) };
        let new = NewJob {
            run: run.clone(),
            report,
            admission: paddles_domain::Admission::Deployed,
            zone: LabZone::default(),
        };
        lab.job_create(&new, &act)
    };
    post("1").unwrap();
    let held = database.hold("SELECT * FROM runs FOR UPDATE");
    for _ in 0..5 {
        is_broken_off(post("2"), "timeout");
    }
    drop(held);
    post("3").unwrap();
    let results = lab.run_get(&run).unwrap().unwrap().record.results;
    assert_eq!((results.total(), results.count(JobStatus::Running)), (2, 2));
}
