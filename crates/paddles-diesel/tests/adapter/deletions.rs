//! How long the deletion of a large run takes, and for how long it keeps others waiting.

use std::thread;
use std::time::{Duration, Instant};

use paddles_domain::{
    Act, Admission, Document, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, RunName, Value,
};
use paddles_repository::{DeletionRepository, JobRepository, JobUpdated, NewJob, Restored, RunRepository};

use crate::Lab;

const JOBS: u32 = 2_500;

fn act() -> Act {
    Act::of_nobody("2020-01-02 03:04:05".parse().unwrap())
}

/// A job as large as real ones, on two of a hundred nodes.
fn post(lab: &Lab, run: &RunName, id: u32) {
    let mut patch = JobPatch::with_status(JobStatus::Running);
    let text = format!("{{\"text\": \"{}\"}}", format!("{id} of many ").repeat(500));
    patch.set(JobKey::Tasks, Document::from_stored(text).map(Value::Document));
    let targets = format!("{{\"u@n{}\": null, \"u@n{}\": null}}", id % 100, (id + 1) % 100);
    patch.set(JobKey::Targets, Document::from_stored(targets).map(Value::Document));
    let report = JobReport { job_id: Some(JobId::new(id.to_string()).unwrap()), patch };
    let new = NewJob { run: run.clone(), report, admission: Admission::Deployed, zone: LabZone::default() };
    lab.repository.job_create(&new, &act()).unwrap();
}

/// While a run is deleted and brought back, a job of another run, on the same nodes, goes on changing its status.
fn a_large_run_is_deleted(lab: &Lab, jobs: u32) {
    let [large, other] = ["large", "other"].map(|name| RunName::new(name).unwrap());
    (0..jobs).for_each(|id| post(lab, &large, id));
    post(lab, &other, 1);
    let longest = |action: &(dyn Fn() + Sync)| {
        thread::scope(|scope| {
            let acting = scope.spawn(|| {
                let began = Instant::now();
                action();
                began.elapsed()
            });
            let mut longest = Duration::ZERO;
            for turn in 0.. {
                let status = if turn % 2 == 0 { JobStatus::Waiting } else { JobStatus::Running };
                let began = Instant::now();
                let patch = JobPatch::with_status(status);
                let updated = lab.repository.job_update(&other, &JobId::new("1").unwrap(), &patch, &act()).unwrap();
                assert!(matches!(updated, JobUpdated::Updated { .. }));
                longest = longest.max(began.elapsed());
                if acting.is_finished() {
                    break;
                }
            }
            (acting.join().unwrap(), longest)
        })
    };
    let (deleted, waited) = longest(&|| assert!(lab.repository.run_delete(&large, &act()).unwrap()));
    println!("{jobs} jobs deleted in {deleted:?}; another run waited for {waited:?} at the most");
    let (restored, waited) = longest(&|| {
        assert_eq!(lab.repository.run_restore(&large, None, Some(&act())).unwrap(), Restored::Restored(jobs));
    });
    println!("{jobs} jobs restored in {restored:?}; another run waited for {waited:?} at the most");
}

#[test]
fn a_large_run_is_deleted_on_sqlite() {
    a_large_run_is_deleted(&Lab::sqlite(), 60);
}

#[test]
fn a_large_run_is_deleted_on_postgres() {
    a_large_run_is_deleted(&Lab::postgres(), 60);
}

#[test]
#[ignore = "takes a minute; prints what docs/SECURITY.md says"]
fn a_very_large_run_is_deleted() {
    for lab in [Lab::sqlite(), Lab::postgres()] {
        a_large_run_is_deleted(&lab, JOBS);
    }
}
