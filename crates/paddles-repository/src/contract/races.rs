//! Many reporters at the same moment, on real threads.

use std::sync::Barrier;
use std::thread;

use paddles_domain::{Document, JobKey, JobPatch, JobStatus, NodeName, NodePatch, RunResults, Value};

use super::{act, job, new_job, post, run, status};
use crate::{JobCreated, JobKeys, JobUpdated, LockedMany, NodeFilter, QueueHead, Repository, UnlockedMany};

pub(super) const THREADS: usize = 8;

/// Runs `work` on every thread at once, and collects what each answers.
pub(super) fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Compares the stored counts and status of a run with its jobs.
pub(super) fn check_counts(lab: &dyn Repository, name: &str) {
    let stored = lab.run_get(&run(name)).unwrap().unwrap().record;
    let rows = lab.job_index(&run(name), None).unwrap().unwrap();
    let mut recount = RunResults::default();
    let mut first = None;
    for job in lab.job_rows(&rows, JobKeys::NONE).unwrap() {
        recount.add(job.record.status);
        first = Some(first.map_or(job.record.job_id.clone(), |first| job.record.job_id.clone().min(first)));
    }
    assert_eq!(stored.results, recount);
    assert_eq!(stored.status, recount.run_status());
    assert_eq!(stored.first_job.map(|first| first.job_id), first);
}

pub fn jobs_of_one_run_finish_at_once(lab: &dyn Repository) {
    for number in 0..THREADS {
        post(lab, "r", &number.to_string(), status(JobStatus::Running), 1);
    }
    for round in 0..10 {
        let states = [JobStatus::Pass, JobStatus::Fail, JobStatus::Dead, JobStatus::Running, JobStatus::Waiting];
        at_once(|number| {
            let patch = status(states[(number + round) % states.len()]);
            let updated = lab.job_update(&run("r"), &job(&number.to_string()), &patch, &act(2)).unwrap();
            assert_ne!(updated, JobUpdated::NotFound);
        });
        check_counts(lab, "r");
    }
}

pub fn one_job_is_posted_at_once(lab: &dyn Repository) {
    for round in 0..10 {
        let name = format!("r{round}");
        let outcomes = at_once(|_| lab.job_create(&new_job(&name, Some("1"), JobPatch::default()), &act(1)).unwrap());
        let created = outcomes.iter().filter(|outcome| matches!(outcome, JobCreated::Created(..))).count();
        let refused = outcomes.iter().filter(|outcome| **outcome == JobCreated::AlreadyExists(job("1"))).count();
        assert_eq!((created, refused), (1, THREADS - 1));
        check_counts(lab, &name);
    }
}

pub fn one_run_is_created_at_once(lab: &dyn Repository) {
    for round in 0..10 {
        let name = format!("r{round}");
        at_once(|number| post(lab, &name, &number.to_string(), status(JobStatus::Queued), 1));
        assert_eq!(lab.run_get(&run(&name)).unwrap().unwrap().record.results.total() as usize, THREADS);
        check_counts(lab, &name);
    }
}

pub fn jobs_come_and_go_at_once(lab: &dyn Repository) {
    post(lab, "r", "stays", status(JobStatus::Pass), 1);
    at_once(|number| {
        for round in 0..10 {
            let id = format!("{}", (number + round) % THREADS);
            let state = JobStatus::ALL[(number * round) % JobStatus::ALL.len()];
            lab.job_create(&new_job("r", Some(&id), status(state)), &act(1)).unwrap();
            lab.job_update(&run("r"), &job(&id), &status(state), &act(2)).unwrap();
            lab.job_create(&new_job("r", None, status(state)), &act(2)).unwrap();
            lab.job_delete(&run("r"), &job(&id), &act(99)).unwrap();
        }
    });
    check_counts(lab, "r");
}

pub fn nodes_are_locked_at_once(lab: &dyn Repository) {
    const NODES: usize = 10;
    for number in 0..NODES {
        super::nodes::create(lab, &format!("n{number}"));
    }
    let held = std::sync::Mutex::new(std::collections::BTreeSet::new());
    at_once(|number| {
        let owner = format!("owner {number}");
        for _ in 0..20 {
            match lab.node_lock_many(&super::nodes::wish(3, &owner), &act(2)).unwrap() {
                LockedMany::Locked(nodes) => {
                    assert_eq!(nodes.len(), 3);
                    let names: Vec<NodeName> = nodes.into_iter().map(|node| node.node.name).collect();
                    for name in &names {
                        assert!(held.lock().unwrap().insert(name.clone()), "{name} is locked twice");
                    }
                    for name in &names {
                        held.lock().unwrap().remove(name);
                    }
                    let unlocked = lab.node_unlock_many(&names, Some(&owner), &act(3)).unwrap();
                    assert!(matches!(unlocked, UnlockedMany::Unlocked(_)), "{unlocked:?}");
                }
                LockedMany::TooFew(free) => assert!(free < 3),
                LockedMany::Refused(refused) => panic!("{refused}"),
            }
        }
    });
    let free = NodeFilter { locked: Some(false), ..NodeFilter::default() };
    assert_eq!(lab.node_list(&free).unwrap().len(), NODES, "none is lost");
}

pub fn jobs_are_claimed_at_once(lab: &dyn Repository) {
    const JOBS: usize = 160;
    super::queues::create(lab, "q");
    for number in 0..JOBS {
        let priority = i32::try_from(number % 7).ok();
        post(lab, &format!("r{}", number % 3), &number.to_string(), super::queues::queued(priority), 1);
    }
    let claimed = at_once(|number| {
        let mut claimed = Vec::new();
        loop {
            // Reporters change jobs of the same runs meanwhile.
            let stranger = new_job(&format!("r{}", number % 3), None, status(JobStatus::Running));
            lab.job_create(&stranger, &act(2)).unwrap();
            // Some claim alone, and some for several callers.
            let queue = super::queues::queue("q");
            let heads = match number % 2 {
                0 => vec![lab.queue_claim(&queue, &act(2)).unwrap()],
                _ => lab.queue_claim_each(&queue, &vec![act(2); number]).unwrap(),
            };
            for head in heads {
                match head {
                    QueueHead::Job(job) => claimed.push((job.record.run.clone(), job.record.job_id.clone())),
                    QueueHead::Empty => return claimed,
                    QueueHead::Paused => panic!("nobody paused it"),
                }
            }
        }
    });
    let mut claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), JOBS);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), JOBS, "a job was handed out twice");
    for number in 0..3 {
        check_counts(lab, &format!("r{number}"));
    }
}

pub fn jobs_share_targets_at_once(lab: &dyn Repository) {
    at_once(|number| {
        for round in 0..10 {
            let hosts: Vec<String> =
                (0..4).map(|host| format!("\"u@n{}\": null", (number + host + round) % 5)).collect();
            let mut patch = status(JobStatus::Running);
            let targets = Document::from_stored(format!("{{{}}}", hosts.join(",")));
            patch.set(JobKey::Targets, targets.map(Value::Document));
            post(lab, &format!("r{number}"), &round.to_string(), patch, 1);
            lab.node_lock_many(&super::nodes::wish(1, "me"), &act(2)).unwrap();
        }
    });
    assert_eq!(lab.node_list(&NodeFilter::default()).unwrap().len(), 5);
}

pub fn nodes_come_and_go_at_once(lab: &dyn Repository) {
    let name = |number: usize| super::nodes::name(&format!("n{}", number % 3));
    at_once(|number| {
        for round in 0..20 {
            match number % 4 {
                0 => drop(lab.node_delete(&name(round), &act(99)).unwrap()),
                1 => {
                    let guest = NodePatch { vm_host: Some(Some(name(round))), ..NodePatch::default() };
                    lab.node_create(&super::nodes::name(&format!("guest {number} {round}")), &guest, &act(1)).unwrap();
                }
                2 => drop(lab.node_lock_many(&super::nodes::wish(2, "me"), &act(1)).unwrap()),
                _ => {
                    let mut patch = status(JobStatus::Running);
                    let targets = Document::from_stored("{\"n0\": null, \"n1\": null, \"n2\": null}");
                    patch.set(JobKey::Targets, targets.map(Value::Document));
                    post(lab, &format!("r{number}"), &round.to_string(), patch, 1);
                }
            }
        }
    });
    for number in [3, 7] {
        assert_eq!(lab.run_get(&run(&format!("r{number}"))).unwrap().unwrap().record.results.total(), 20);
    }
}
