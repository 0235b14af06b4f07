//! Jobs expire.

use std::thread;
use std::time::Duration;

use paddles_domain::{Document, ExpiryRule, JobKey, JobPatch, JobStatus, NodeName, RunStatus, Value};

use super::{act, at, job, post, run, status};
use crate::{DueJob, ExpiryRound, JobUpdated, Repository};

/// Jobs may be silent for ten seconds, and queued for a hundred.
const RULE: ExpiryRule = ExpiryRule { running: Duration::from_secs(10), queued: Duration::from_secs(100) };

/// More than any test has.
const ALL: u32 = 1_000;

fn ids(jobs: &[DueJob]) -> Vec<&str> {
    jobs.iter().map(|job| job.job_id.as_str()).collect()
}

fn expire(lab: &dyn Repository, limit: u32, second: u32) -> (Vec<DueJob>, bool) {
    match lab.job_expire(&RULE, limit, &act(second)).unwrap() {
        ExpiryRound::Expired { jobs, may_go_on } => (jobs, may_go_on),
        ExpiryRound::Elsewhere => panic!("nobody else is there"),
    }
}

fn status_of(lab: &dyn Repository, name: &str, id: &str) -> JobStatus {
    lab.job_get(&run(name), &job(id)).unwrap().unwrap().record.status
}

pub fn silent_jobs_are_due(lab: &dyn Repository) {
    post(lab, "r", "silent", status(JobStatus::Running), 0);
    post(lab, "r", "heard", status(JobStatus::Running), 0);
    post(lab, "s", "queued", status(JobStatus::Queued), 1);
    post(lab, "s", "queued-later", status(JobStatus::Queued), 50);
    for (id, state) in
        [("w", JobStatus::Waiting), ("p", JobStatus::Pass), ("f", JobStatus::Fail), ("d", JobStatus::Dead)]
    {
        post(lab, "r", id, status(state), 0);
    }
    lab.job_update(&run("r"), &job("heard"), &JobPatch::default(), &act(95)).unwrap();
    // A report keeps no queued job from getting old.
    lab.job_update(&run("s"), &job("queued"), &JobPatch::default(), &act(95)).unwrap();

    let due = |second| lab.job_due(&RULE, ALL, at(second)).unwrap();
    assert_eq!(due(10), []);
    assert_eq!(ids(&due(11)), ["silent"]);
    assert_eq!(ids(&due(105)), ["silent", "queued"]);
    assert_eq!(ids(&due(106)), ["silent", "heard", "queued"]);
    assert_eq!(ids(&lab.job_due(&RULE, 2, at(106)).unwrap()), ["silent", "heard"]);
    let expected =
        DueJob { run: run("s"), job_id: job("queued"), status: JobStatus::Queued, counted_from: Some(at(1)) };
    assert_eq!(due(105)[1], expected);
    assert_eq!(status_of(lab, "r", "silent"), JobStatus::Running, "looking changes nothing");
}

pub fn due_jobs_die(lab: &dyn Repository) {
    let mut on_node = status(JobStatus::Running);
    let targets = Document::from_stored(r#"{"ubuntu@node.example": "key"}"#.to_owned());
    on_node.set(JobKey::Targets, targets.map(Value::Document));
    on_node.set(JobKey::Owner, Some(Value::Text("me".to_owned())));
    post(lab, "r", "1", on_node, 0);
    post(lab, "r", "2", status(JobStatus::Pass), 0);
    post(lab, "q", "3", status(JobStatus::Queued), 0);
    let node = NodeName::new("node.example").unwrap();
    assert_eq!(lab.node_job_stats(&node).unwrap().unwrap().count(JobStatus::Running), 1);

    let (jobs, may_go_on) = expire(lab, ALL, 200);
    assert_eq!((ids(&jobs), may_go_on), (vec!["1", "3"], false));
    assert_eq!(jobs.iter().map(|job| job.status).collect::<Vec<_>>(), [JobStatus::Running, JobStatus::Queued]);

    let dead = lab.job_get(&run("r"), &job("1")).unwrap().unwrap().record;
    assert_eq!((dead.status, dead.updated, dead.started), (JobStatus::Dead, Some(at(200)), Some(at(0))));
    assert_eq!(dead.values.get(JobKey::Owner), Some(&Value::Text("me".to_owned())));
    let r = lab.run_get(&run("r")).unwrap().unwrap().record;
    assert_eq!((r.status, r.updated), (RunStatus::FinishedFail, Some(at(200))));
    assert_eq!((r.results.count(JobStatus::Dead), r.results.count(JobStatus::Running), r.results.total()), (1, 0, 2));
    assert_eq!(lab.run_get(&run("q")).unwrap().unwrap().record.status, RunStatus::FinishedDead);
    let stats = lab.node_job_stats(&node).unwrap().unwrap();
    assert_eq!((stats.count(JobStatus::Dead), stats.count(JobStatus::Running)), (1, 0));

    assert_eq!(expire(lab, ALL, 200), (vec![], false));
    // It was not dead after all.
    let passed = lab.job_update(&run("r"), &job("1"), &status(JobStatus::Pass), &act(201)).unwrap();
    assert_eq!(passed, JobUpdated::Updated { before: JobStatus::Dead, after: JobStatus::Pass });
}

pub fn jobs_expire_batch_by_batch(lab: &dyn Repository) {
    for id in 0..7 {
        post(lab, &format!("r{}", id % 3), &id.to_string(), status(JobStatus::Running), id);
    }
    let mut sizes = Vec::new();
    loop {
        let (jobs, may_go_on) = expire(lab, 3, 60);
        sizes.push(jobs.len());
        if !may_go_on {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    for id in 0..7 {
        assert_eq!(status_of(lab, &format!("r{}", id % 3), &id.to_string()), JobStatus::Dead);
    }
}

/// Several servers at once, while reporters go on: each job dies once, and none that was heard of.
pub fn jobs_expire_once(lab: &dyn Repository) {
    const JOBS: u32 = 60;
    for id in 0..JOBS {
        post(lab, &format!("r{}", id % 5), &id.to_string(), status(JobStatus::Running), 0);
    }
    let mut died: Vec<String> = thread::scope(|scope| {
        let servers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(move || {
                    let mut died = Vec::new();
                    loop {
                        match lab.job_expire(&RULE, 4, &act(60)).unwrap() {
                            ExpiryRound::Expired { jobs, .. } if jobs.is_empty() => return died,
                            ExpiryRound::Expired { jobs, .. } => {
                                died.extend(jobs.iter().map(|job| job.job_id.to_string()));
                            }
                            ExpiryRound::Elsewhere => thread::yield_now(),
                        }
                    }
                })
            })
            .collect();
        // Reporters of every second job, from the last on.
        for id in (0..JOBS).rev().step_by(2) {
            lab.job_update(&run(&format!("r{}", id % 5)), &job(&id.to_string()), &JobPatch::default(), &act(60))
                .unwrap();
        }
        servers.into_iter().flat_map(|server| server.join().unwrap()).collect()
    });
    died.sort();
    let dead: Vec<String> = {
        let is_dead = |id: &u32| status_of(lab, &format!("r{}", id % 5), &id.to_string()) == JobStatus::Dead;
        let mut dead: Vec<String> = (0..JOBS).filter(is_dead).map(|id| id.to_string()).collect();
        dead.sort();
        dead
    };
    assert_eq!(died, dead, "each job that is dead was made so once");
    assert!(died.len() >= JOBS as usize / 2, "every job that nobody reported is dead: {died:?}");
    let counted: u32 = (0..5)
        .map(|number| lab.run_get(&run(&format!("r{number}"))).unwrap().unwrap().record.results.count(JobStatus::Dead))
        .sum();
    assert_eq!(counted as usize, dead.len());
}
