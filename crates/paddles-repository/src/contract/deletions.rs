//! What was deleted comes back whole, unless its name is taken or its time is over.

use paddles_domain::{JobId, JobKey, JobStatus, RunName, Value};

use super::nodes::{jobs_on, targets};
use super::{act, at, job, page, post, run, status, texts};
use crate::{AuditEntry, AuditFilter, Purged, Repository, Restored, RunCondition, RunIndex};

/// All that is seen of a run and its jobs, and where they are counted.
fn seen(lab: &dyn Repository, name: &str) -> String {
    let found = lab.run_get(&run(name)).unwrap().unwrap();
    let jobs = lab.job_page(found.id, None, 1_000).unwrap();
    let histories: Vec<_> =
        jobs.iter().map(|job| lab.job_history(&run(name), &job.record.job_id).unwrap().unwrap()).collect();
    let sha1s = lab.run_index(RunIndex::Sha1, &[]).unwrap();
    let flavors = lab.run_index(RunIndex::Flavor, &[RunCondition::Sha1Prefix("b".to_owned())]).unwrap();
    let on_nodes = (jobs_on(lab, "n"), lab.job_stats(at(0), None).unwrap());
    format!("{found:#?}\n{jobs:#?}\n{histories:#?}\n{sha1s:?}\n{flavors:?}\n{on_nodes:#?}")
}

fn fill(lab: &dyn Repository, name: &str) {
    for (second, id, state, sha1) in
        [(1, "2", JobStatus::Queued, "a"), (2, "1", JobStatus::Running, "b"), (3, "3", JobStatus::Queued, "b")]
    {
        let mut patch = targets(&["n", &format!("n{id}")]);
        for (key, text) in [(JobKey::Sha1, sha1), (JobKey::Flavor, "default"), (JobKey::Owner, "me")] {
            patch.set(key, Some(Value::Text(text.to_owned())));
        }
        patch.set(JobKey::Priority, Some(Value::Integer(70)));
        post(lab, name, id, patch, second);
        lab.job_update(&run(name), &job(id), &status(state), &act(10)).unwrap();
    }
    lab.job_update(&run(name), &job("2"), &status(JobStatus::Fail), &act(11)).unwrap();
}

pub fn a_deleted_run_comes_back_whole(lab: &dyn Repository) {
    fill(lab, "r");
    let before = seen(lab, "r");
    assert_eq!(run_restored(lab, &run("r"), 20), Restored::NotFound);
    assert!(lab.run_delete(&run("r"), &act(20)).unwrap());
    assert_eq!(lab.run_get(&run("r")).unwrap(), None);
    assert!(
        jobs_on(lab, "n").is_empty() && lab.job_stats(at(0), None).unwrap().iter().all(|(_, jobs)| jobs.total() == 0)
    );

    let kept = lab.deletion_list(page(1, 10)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0].run, &kept[0].job_id, kept[0].jobs, kept[0].time), (&run("r"), &None, 3, at(20)));
    assert_eq!(run_restored(lab, &run("r"), 21), Restored::Restored(3));
    assert_eq!(seen(lab, "r"), before);
    assert!(lab.deletion_list(page(1, 10)).unwrap().is_empty());
    assert_eq!(run_restored(lab, &run("r"), 22), Restored::NotFound);

    let of_runs = AuditFilter { kind: Some("run".to_owned()), ..AuditFilter::default() };
    let told = lab.audit_list(&of_runs, page(1, 9).into()).unwrap();
    let values = |it: &AuditEntry| it.before.clone().or(it.after.clone()).unwrap().as_json().to_owned();
    let told: Vec<_> = told.iter().map(|it| (it.action.as_str(), values(it))).collect();
    let values = r#"{"jobs":3,"status":"running"}"#;
    assert_eq!(told, [("restore", values.to_owned()), ("delete", values.to_owned())]);
}

pub fn a_deleted_job_comes_back_whole(lab: &dyn Repository) {
    fill(lab, "r");
    for id in ["2", "1"] {
        let before = seen(lab, "r");
        assert!(lab.job_delete(&run("r"), &job(id), &act(20)).unwrap());
        assert_ne!(seen(lab, "r"), before);
        assert_eq!(job_restored(lab, &run("r"), &job(id), 21), Restored::Restored(1));
        assert_eq!(seen(lab, "r"), before);
    }
    assert_eq!(job_restored(lab, &run("r"), &job("1"), 22), Restored::NotFound);
}

pub fn a_name_that_is_taken_stays(lab: &dyn Repository) {
    fill(lab, "r");
    assert!(lab.job_delete(&run("r"), &job("1"), &act(20)).unwrap());
    post(lab, "r", "1", texts(&[(JobKey::Owner, "you")]), 21);
    assert_eq!(job_restored(lab, &run("r"), &job("1"), 22), Restored::Taken);
    assert!(lab.run_delete(&run("r"), &act(23)).unwrap());
    assert_eq!(job_restored(lab, &run("r"), &job("1"), 24), Restored::RunGone);
    post(lab, "r", "9", status(JobStatus::Pass), 25);
    assert_eq!(job_restored(lab, &run("r"), &job("1"), 26), Restored::RunGone);
    let before = seen(lab, "r");
    assert_eq!(run_restored(lab, &run("r"), 27), Restored::Taken);
    assert_eq!(seen(lab, "r"), before);
    assert!(lab.run_delete(&run("r"), &act(28)).unwrap());
    // The one that was deleted last.
    assert_eq!(run_restored(lab, &run("r"), 29), Restored::Restored(1));
}

/// Whoever reports of a deleted run makes it anew, and it is deleted again to make room for the old one.
pub fn what_was_deleted_before_comes_back_too(lab: &dyn Repository) {
    fill(lab, "r");
    let before = seen(lab, "r");
    let runs = |deleted, second| lab.run_restore(&run("r"), Some(at(deleted)), Some(&act(second))).unwrap();
    assert!(lab.run_delete(&run("r"), &act(20)).unwrap());
    post(lab, "r", "9", status(JobStatus::Pass), 21);
    assert_eq!(runs(20, 22), Restored::Taken);
    assert!(lab.run_delete(&run("r"), &act(23)).unwrap());
    assert_eq!(runs(22, 24), Restored::NotFound);
    assert_eq!(runs(20, 24), Restored::Restored(3));
    assert_eq!(seen(lab, "r"), before);
    assert_eq!(lab.deletion_list(page(1, 9)).unwrap().len(), 1);

    let first = lab.job_get(&run("r"), &job("1")).unwrap();
    let jobs = |deleted, second| lab.job_restore(&run("r"), &job("1"), Some(at(deleted)), Some(&act(second))).unwrap();
    assert!(lab.job_delete(&run("r"), &job("1"), &act(25)).unwrap());
    post(lab, "r", "1", status(JobStatus::Pass), 26);
    assert!(lab.job_delete(&run("r"), &job("1"), &act(27)).unwrap());
    assert_eq!(jobs(26, 28), Restored::NotFound);
    assert_eq!(jobs(25, 28), Restored::Restored(1));
    assert_eq!(lab.job_get(&run("r"), &job("1")).unwrap(), first);
}

/// Several runs of a name may each have lost the same job.
pub fn a_job_comes_back_to_the_run_that_is_there(lab: &dyn Repository) {
    for (second, owner) in [(1, "first"), (11, "second")] {
        post(lab, "r", "1", texts(&[(JobKey::Owner, owner)]), second);
        post(lab, "r", "2", status(JobStatus::Pass), second);
        assert!(lab.job_delete(&run("r"), &job("1"), &act(second + 1)).unwrap());
        assert!(lab.run_delete(&run("r"), &act(second + 2)).unwrap());
    }
    assert_eq!(lab.run_restore(&run("r"), Some(at(3)), Some(&act(21))).unwrap(), Restored::Restored(1));
    assert_eq!(job_restored(lab, &run("r"), &job("1"), 22), Restored::Restored(1));
    let restored = lab.job_get(&run("r"), &job("1")).unwrap().unwrap();
    assert!(format!("{restored:?}").contains("first"), "{restored:?}");
}

pub fn a_node_that_is_gone_is_not_linked(lab: &dyn Repository) {
    fill(lab, "r");
    assert!(lab.run_delete(&run("r"), &act(20)).unwrap());
    assert!(lab.node_delete(&super::nodes::name("n"), &act(21)).unwrap());
    assert_eq!(run_restored(lab, &run("r"), 22), Restored::Restored(3));
    assert_eq!(jobs_on(lab, "n2"), ["2"]);
    assert_eq!(lab.job_stats(at(0), None).unwrap().len(), 3);
}

pub fn what_is_old_is_forgotten(lab: &dyn Repository) {
    fill(lab, "old");
    fill(lab, "new");
    assert!(lab.run_delete(&run("old"), &act(20)).unwrap());
    assert!(lab.job_delete(&run("new"), &job("1"), &act(21)).unwrap());
    let purge = |second, at_most| lab.deletion_purge(at(second), at_most).unwrap();
    assert_eq!(purge(20, 2), Purged { jobs: 0, may_go_on: false });
    assert_eq!(purge(21, 2), Purged { jobs: 2, may_go_on: true });
    // Half of it is gone, so that nothing of it comes back.
    assert_eq!(run_restored(lab, &run("old"), 22), Restored::NotFound);
    assert_eq!(lab.deletion_list(page(1, 9)).unwrap().len(), 1);
    assert_eq!(purge(21, 2), Purged { jobs: 1, may_go_on: true });
    assert_eq!(purge(21, 2), Purged { jobs: 0, may_go_on: false });
    assert_eq!(job_restored(lab, &run("new"), &job("1"), 23), Restored::Restored(1));
}

/// What came of bringing a run back, which was foretold.
fn run_restored(lab: &dyn Repository, run: &RunName, second: u32) -> Restored {
    let before = lab.deletion_list(page(1, 9)).unwrap();
    let foretold = lab.run_restore(run, None, None).unwrap();
    assert_eq!(lab.deletion_list(page(1, 9)).unwrap(), before);
    let restored = lab.run_restore(run, None, Some(&act(second))).unwrap();
    assert_eq!(restored, foretold);
    restored
}

/// The same of a job.
fn job_restored(lab: &dyn Repository, run: &RunName, job: &JobId, second: u32) -> Restored {
    let before = lab.deletion_list(page(1, 9)).unwrap();
    let foretold = lab.job_restore(run, job, None, None).unwrap();
    assert_eq!(lab.deletion_list(page(1, 9)).unwrap(), before);
    let restored = lab.job_restore(run, job, None, Some(&act(second))).unwrap();
    assert_eq!(restored, foretold);
    restored
}
