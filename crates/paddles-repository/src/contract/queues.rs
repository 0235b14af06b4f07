//! Queues are paused and hand out jobs.

use paddles_domain::{
    Document, JobKey, JobPatch, JobStatus, NodeName, PauseRefused, Queue, QueueName, QueuePatch, RunStatus, Value,
};

use super::races::check_counts;
use super::{act, at, job, post, run, status};
use crate::{JobKeys, QueueCreated, QueueHead, QueueUpdated, Repository};

pub(super) fn queue(text: &str) -> QueueName {
    QueueName::new(text).unwrap()
}

fn pause(seconds: f64) -> QueuePatch {
    QueuePatch { pause_seconds: Some(seconds), paused_by: Some(Some("me".into())), ..QueuePatch::default() }
}

pub(super) fn create(lab: &dyn Repository, text: &str) {
    let created = lab.queue_create(&queue(text), &QueuePatch::default(), &act(0)).unwrap();
    assert_eq!(created, QueueCreated::Created);
}

pub(super) fn queued(priority: Option<i32>) -> JobPatch {
    let mut patch = status(JobStatus::Queued);
    patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
    patch.set(JobKey::Priority, priority.map(Value::Integer));
    patch
}

pub fn a_queue_is_paused(lab: &dyn Repository) {
    let nobody = QueuePatch { paused_by: None, ..pause(60.0) };
    let refused = QueueCreated::Refused(PauseRefused::NoOwner);
    assert_eq!(lab.queue_create(&queue("q"), &nobody, &act(0)).unwrap(), refused);
    assert_eq!(lab.queue_get(&queue("q")).unwrap(), None, "a refusal leaves nothing behind");
    create(lab, "q");
    assert_eq!(lab.queue_create(&queue("q"), &pause(1.0), &act(0)).unwrap(), QueueCreated::AlreadyExists);
    assert_eq!(lab.queue_get(&queue("q")).unwrap(), Some((Queue::new(queue("q")), 0)));

    assert_eq!(lab.queue_update(&queue("none"), &pause(60.0), &act(1)).unwrap(), QueueUpdated::NotFound);
    assert_eq!(lab.queue_update(&queue("q"), &pause(60.0), &act(1)).unwrap(), QueueUpdated::Updated);
    let again = QueueUpdated::Refused(PauseRefused::AlreadyPaused);
    assert_eq!(lab.queue_update(&queue("q"), &pause(1.0), &act(2)).unwrap(), again);
    let (paused, _) = lab.queue_get(&queue("q")).unwrap().unwrap();
    assert_eq!((paused.paused_since, paused.paused_until), (Some(at(1)), Some(at(61))));
    assert_eq!((paused.paused_by.as_deref(), paused.pause_duration), (Some("me"), Some(60)));

    create(lab, "another");
    let names = |name, paused_by| -> Vec<String> {
        let queues = lab.queue_list(name, paused_by).unwrap();
        queues.into_iter().map(|queue| queue.name.to_string()).collect()
    };
    assert_eq!(names(None, None), ["another", "q"]);
    assert_eq!(names(Some("q"), None), ["q"]);
    assert_eq!(names(None, Some("me")), ["q"]);
    assert!(names(Some("another"), Some("me")).is_empty());
}

fn id_of(head: QueueHead) -> String {
    match head {
        QueueHead::Job(job) => job.record.job_id.to_string(),
        other => format!("{other:?}"),
    }
}

pub fn the_head_is_shown(lab: &dyn Repository) {
    assert_eq!(lab.queue_head(&queue("q"), at(1)).unwrap(), QueueHead::Empty);
    create(lab, "q");
    assert_eq!(lab.queue_head(&queue("q"), at(1)).unwrap(), QueueHead::Empty);
    for (id, priority) in [("null", None), ("high", Some(100)), ("low", Some(10)), ("low too", Some(10))] {
        post(lab, "r", id, queued(priority), 1);
    }
    let head = || id_of(lab.queue_head(&queue("q"), at(2)).unwrap());
    assert_eq!((head(), head()), ("low".into(), "low".to_owned()), "showing changes nothing");
    for (id, next) in [("low", "low too"), ("low too", "high"), ("high", "null"), ("null", "Empty")] {
        lab.job_update(&run("r"), &job(id), &status(JobStatus::Running), &act(3)).unwrap();
        assert_eq!(head(), next);
    }
}

pub fn the_head_is_claimed(lab: &dyn Repository) {
    assert_eq!(lab.queue_claim(&queue("q"), &act(1)).unwrap(), QueueHead::Empty);
    create(lab, "q");
    for (id, priority) in [("a", Some(2)), ("b", Some(1)), ("c", None)] {
        post(lab, "r", id, queued(priority), 1);
    }
    let QueueHead::Job(claimed) = lab.queue_claim(&queue("q"), &act(2)).unwrap() else { panic!("no job") };
    assert_eq!((claimed.record.job_id.as_str(), claimed.record.status), ("b", JobStatus::Waiting));
    assert_eq!(claimed.record.updated, Some(at(2)));
    let stored = lab.run_get(&run("r")).unwrap().unwrap().record;
    assert_eq!((stored.status, stored.results.count(JobStatus::Queued)), (RunStatus::Waiting, 2));

    lab.queue_update(&queue("q"), &pause(60.0), &act(3)).unwrap();
    assert_eq!(lab.queue_claim(&queue("q"), &act(4)).unwrap(), QueueHead::Paused);
    assert_eq!(lab.queue_head(&queue("q"), at(4)).unwrap(), QueueHead::Paused);
    let claim = || id_of(lab.queue_claim(&queue("q"), &act(100)).unwrap());
    assert_eq!((claim(), claim(), claim()), ("a".into(), "c".into(), "Empty".to_owned()));
}

pub fn those_who_claim_together_are_served_in_turn(lab: &dyn Repository) {
    let together = |count| {
        let heads = lab.queue_claim_each(&queue("q"), &vec![act(2); count]).unwrap();
        heads.into_iter().map(id_of).collect::<Vec<_>>()
    };
    // Whoever is not served yet asks again.
    let claim = |count| {
        let mut claimed = Vec::new();
        while claimed.len() < count {
            let served = together(count - claimed.len());
            assert!(!served.is_empty());
            claimed.extend(served);
        }
        claimed
    };
    assert_eq!(claim(2), ["Empty", "Empty"]);
    create(lab, "q");
    let on_node = |mut patch: JobPatch| {
        patch.set(JobKey::Targets, Document::from_stored("{\"u@n\": null}".to_owned()).map(Value::Document));
        patch
    };
    for (name, id, patch) in [
        ("r", "a", queued(Some(3))),
        ("r", "b", queued(Some(1))),
        ("s", "c", queued(Some(2))),
        ("r", "on a node", on_node(queued(Some(4)))),
        ("s", "d", queued(Some(5))),
        ("s", "on it too", on_node(queued(Some(6)))),
        ("s", "e", queued(None)),
    ] {
        post(lab, name, id, patch, 1);
    }
    lab.queue_update(&queue("q"), &pause(0.5), &act(1)).unwrap();
    let paused = lab.queue_claim_each(&queue("q"), &[act(1), act(1)]).unwrap();
    assert_eq!(paused, [QueueHead::Paused, QueueHead::Paused]);
    assert!(together(0).is_empty());
    assert_eq!(together(2), ["b", "c"]);
    assert_eq!(claim(4), ["a", "on a node", "d", "on it too"]);
    assert_eq!(claim(3), ["e", "Empty", "Empty"]);
    for (name, id) in [("r", "a"), ("r", "b"), ("s", "c"), ("r", "on a node"), ("s", "e")] {
        let shown = lab.job_get(&run(name), &job(id)).unwrap().unwrap().record;
        assert_eq!((shown.status, shown.updated, shown.started), (JobStatus::Waiting, Some(at(2)), None));
        let history = lab.job_history(&run(name), &job(id)).unwrap().unwrap();
        let last = history.last().map(|change| (change.time, change.before, change.after));
        assert_eq!(last, Some((at(2), Some(JobStatus::Queued), JobStatus::Waiting)));
    }
    for (name, waiting) in [("r", 3), ("s", 4)] {
        check_counts(lab, name);
        assert_eq!(lab.run_get(&run(name)).unwrap().unwrap().record.results.count(JobStatus::Waiting), waiting);
    }
    let on_it = lab.node_job_stats(&NodeName::new("n").unwrap()).unwrap().unwrap();
    assert_eq!((on_it.count(JobStatus::Waiting), on_it.total()), (2, 2));
}

pub fn queued_jobs_are_listed(lab: &dyn Repository) {
    assert_eq!(lab.queue_jobs(&queue("q"), None, None).unwrap(), None);
    create(lab, "q");
    for (name, id, user) in [("r", "1", "ann"), ("r", "2", "bob"), ("other", "3", "ann")] {
        let mut patch = queued(Some(5));
        patch.set(JobKey::User, Some(Value::Text(user.to_owned())));
        post(lab, name, id, patch, 1);
    }
    post(lab, "r", "4", status(JobStatus::Queued), 1);
    lab.job_update(&run("r"), &job("2"), &status(JobStatus::Running), &act(2)).unwrap();
    let listed = |name: Option<&str>, user| -> Vec<String> {
        let rows = lab.queue_jobs(&queue("q"), name.map(run).as_ref(), user).unwrap().unwrap();
        lab.job_rows(&rows, JobKeys::NONE).unwrap().into_iter().map(|job| job.record.job_id.to_string()).collect()
    };
    assert_eq!(listed(None, None), ["1", "3"]);
    assert_eq!(listed(None, Some("ann")), ["1", "3"]);
    assert_eq!(listed(Some("other"), Some("bob")), ["3"]);
    assert!(listed(None, Some("bob")).is_empty());
    assert_eq!(lab.queue_get(&queue("q")).unwrap().unwrap().1, 2);
}
