//! Changes that are made once, however often they are asked for.

use paddles_domain::{
    Act, Actor, JobId, JobKey, JobPatch, JobStatus, NodePatch, Once, OnceKey, QueuePatch, Run, TokenName, Value,
};

use super::nodes::{name, wish};
use super::queues::{queue, queued};
use super::races::{THREADS, at_once};
use super::{act, new_job, post, run, status};
use crate::{
    JobCreated, LockedMany, NewJobs, NodeCreated, NodeFilter, QueueCreated, QueueHead, Repository, RepositoryError,
    RunCreated,
};

/// What is done at this second under `key`, of which `request` is told.
fn once_for(second: u32, key: &str, request: &str) -> Act {
    act(second).once(Some(Once { key: OnceKey::new(key).unwrap(), request: request.to_owned() }))
}

fn once(second: u32, key: &str) -> Act {
    once_for(second, key, "the same")
}

fn new_run(name: &str) -> Run {
    Run::new(run(name), paddles_domain::LabZone::default(), super::at(1))
}

fn locked(lab: &dyn Repository) -> usize {
    lab.node_list(&NodeFilter { locked: Some(true), ..NodeFilter::default() }).unwrap().len()
}

pub fn a_repeated_change_is_made_once(lab: &dyn Repository) {
    for second in 1..4 {
        let created = lab.run_create(&new_run("r"), &once(second, "run")).unwrap();
        assert_eq!(created, RunCreated::Created);
        let created = lab.node_create(&name("a"), &NodePatch::default(), &once(second, "node")).unwrap();
        assert_eq!(created, NodeCreated::Created);
        let created = lab.queue_create(&queue("q"), &QueuePatch::default(), &once(second, "queue")).unwrap();
        assert_eq!(created, QueueCreated::Created);
        let created = lab.job_create(&new_job("r", Some("1"), JobPatch::default()), &once(second, "job")).unwrap();
        let expected = match second {
            1 => JobCreated::Created(super::job("1"), JobStatus::Unknown),
            _ => JobCreated::CreatedBefore(super::job("1")),
        };
        assert_eq!(created, expected);
    }
    let nameless = || {
        let mut new = new_job("r", None, status(JobStatus::Queued));
        new.report.patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
        new
    };
    let JobCreated::Created(picked, _) = lab.job_create(&nameless(), &once(1, "picked")).unwrap() else { panic!() };
    assert_eq!(lab.job_create(&nameless(), &once(2, "picked")).unwrap(), JobCreated::CreatedBefore(picked));
    let many = || {
        let reports = [new_job("r", Some("1"), JobPatch::default()).report, nameless().report];
        let new = new_job("r", None, JobPatch::default());
        NewJobs { run: new.run, reports: reports.into(), admission: new.admission, zone: new.zone }
    };
    let first = lab.job_create_many(&many(), &once(3, "many")).unwrap();
    let [JobCreated::AlreadyExists(known), JobCreated::Created(added, JobStatus::Queued)] = &*first else {
        panic!("{first:?}")
    };
    let again = [JobCreated::AlreadyExists(known.clone()), JobCreated::CreatedBefore(added.clone())];
    assert_eq!(lab.job_create_many(&many(), &once(4, "many")).unwrap(), again);
    assert_eq!(lab.run_get(&run("r")).unwrap().unwrap().record.results.total(), 3);

    let head = lab.queue_claim(&queue("q"), &once(5, "claim")).unwrap();
    assert!(matches!(head, QueueHead::Job(_)), "{head:?}");
    // Told as it was then, whatever became of it.
    let QueueHead::Job(claimed) = &head else { return };
    lab.job_update(&run("r"), &claimed.record.job_id, &status(JobStatus::Running), &act(6)).unwrap();
    assert_eq!(lab.queue_claim(&queue("q"), &once(7, "claim")).unwrap(), head);
    assert_eq!(lab.queue_get(&queue("q")).unwrap().unwrap().1, 1, "the other one still waits");
}

pub fn nodes_are_locked_once(lab: &dyn Repository) {
    for node in ["n1", "n2", "n3"] {
        super::nodes::create(lab, node);
    }
    let first = lab.node_lock_many(&wish(1, "me"), &once(1, "k")).unwrap();
    assert!(matches!(&first, LockedMany::Locked(nodes) if nodes.len() == 1), "{first:?}");
    assert_eq!(lab.node_lock_many(&wish(1, "me"), &once(2, "k")).unwrap(), first);
    assert_eq!(locked(lab), 1);
}

pub fn a_refusal_is_not_kept(lab: &dyn Repository) {
    assert_eq!(lab.node_lock_many(&wish(1, "me"), &once(1, "k")).unwrap(), LockedMany::TooFew(0));
    super::nodes::create(lab, "n1");
    assert!(matches!(lab.node_lock_many(&wish(1, "me"), &once(2, "k")).unwrap(), LockedMany::Locked(_)));
    assert_eq!(lab.queue_claim(&queue("q"), &once(1, "c")).unwrap(), QueueHead::Empty);
    super::queues::create(lab, "q");
    post(lab, "r", "1", queued(None), 1);
    assert!(matches!(lab.queue_claim(&queue("q"), &once(2, "c")).unwrap(), QueueHead::Job(_)));
    // Nor is what failed as a whole.
    let again = lab.job_create(&new_job("r", Some("1"), JobPatch::default()), &once(3, "j")).unwrap();
    assert_eq!(again, JobCreated::AlreadyExists(super::job("1")));
    let other = lab.job_create(&new_job("r", Some("2"), JobPatch::default()), &once_for(4, "j", "other")).unwrap();
    assert!(matches!(other, JobCreated::Created(..)));
}

pub fn a_key_is_for_one_request_of_one_caller(lab: &dyn Repository) {
    let create = |name: &str, act: &Act| lab.run_create(&new_run(name), act);
    assert_eq!(create("a", &once_for(1, "k", "a")), Ok(RunCreated::Created));
    assert_eq!(create("b", &once_for(2, "k", "b")), Err(RepositoryError::KeyReused));
    assert_eq!(lab.run_get(&run("b")).unwrap(), None);
    let token = Actor::Token(TokenName::new("dispatcher").unwrap());
    assert_eq!(create("b", &Act { who: token, ..once_for(3, "k", "b") }), Ok(RunCreated::Created));
    assert_eq!(create("c", &once_for(4, "other", "b")), Ok(RunCreated::Created));
}

pub fn keys_are_forgotten_after_a_day(lab: &dyn Repository) {
    let create = |act: &Act| lab.run_create(&new_run("r"), act).unwrap();
    let hours = std::time::Duration::from_hours;
    let first = once(1, "k");
    assert_eq!(create(&first), RunCreated::Created);
    let just_before = Act { when: first.when.later(hours(24)), ..first.clone() };
    assert_eq!(create(&just_before), RunCreated::Created);
    let later = Act { when: first.when.later(hours(25)), ..first };
    assert_eq!(create(&later), RunCreated::AlreadyExists, "it is asked for anew");
}

/// Whoever comes second waits, and is told the same.
pub fn one_key_comes_at_once(lab: &dyn Repository) {
    for node in 0..THREADS {
        super::nodes::create(lab, &format!("n{node}"));
    }
    for round in 0..5 {
        let key = format!("k{round}");
        let outcomes = at_once(|_| lab.node_lock_many(&wish(1, "me"), &once(1, &key)).unwrap());
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
        assert_eq!(locked(lab), round + 1);

        let key = format!("j{round}");
        let outcomes = at_once(|_| lab.job_create(&new_job("r", None, JobPatch::default()), &once(1, &key)).unwrap());
        let is_first = |outcome: &&JobCreated| matches!(outcome, JobCreated::Created(..));
        assert_eq!(outcomes.iter().filter(is_first).count(), 1, "{outcomes:?}");
        let ids: Vec<&JobId> = outcomes
            .iter()
            .map(|outcome| match outcome {
                JobCreated::Created(job_id, _) | JobCreated::CreatedBefore(job_id) => job_id,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(ids.iter().all(|job_id| job_id == &ids[0]), "{ids:?}");
    }
    assert_eq!(lab.run_get(&run("r")).unwrap().unwrap().record.results.total(), 5);
}
