//! The lab is counted for those who watch it.

use paddles_domain::{JobKey, JobPatch, JobStatus, NodeName, NodePatch, Value};

use super::{act, at, post, status};
use crate::{LabCounts, NodeCount, QueueCount, Readiness, Repository};

pub fn a_new_database_is_ready(lab: &dyn Repository) {
    assert_eq!(lab.readiness().unwrap(), Readiness::Ready);
    let nothing = JobStatus::ALL.into_iter().map(|status| (status, 0)).collect();
    assert_eq!(lab.lab_counts().unwrap(), LabCounts { jobs: nothing, ..LabCounts::default() });
}

fn in_queue(name: &str) -> JobPatch {
    let mut patch = status(JobStatus::Queued);
    patch.set(JobKey::Queue, Some(Value::Text(name.to_owned())));
    patch
}

pub fn jobs_nodes_and_queues_are_counted(lab: &dyn Repository) {
    for (number, status_of_it) in JobStatus::ALL.into_iter().enumerate() {
        for copy in 0..=number {
            post(lab, &format!("r{copy}"), status_of_it.as_str(), status(status_of_it), 9);
        }
    }
    post(lab, "q", "1", in_queue("smithi"), 7);
    post(lab, "q", "2", in_queue("smithi"), 3);
    post(lab, "q", "3", in_queue("mira"), 5);
    for (name, up, locked) in
        [("a", Some(true), false), ("b", Some(true), false), ("c", Some(false), true), ("d", None, false)]
    {
        let patch = NodePatch {
            machine_type: Some(Some("smithi".into())),
            up: Some(up),
            locked: Some(locked),
            locked_by: locked.then(|| Some("me".into())),
            ..NodePatch::default()
        };
        lab.node_create(&NodeName::new(name).unwrap(), &patch, &act(0)).unwrap();
    }

    let counts = lab.lab_counts().unwrap();
    let jobs: Vec<u64> = counts.jobs.iter().map(|(_, jobs)| *jobs).collect();
    assert_eq!(jobs, [1 + 3, 2, 3, 4, 5, 6, 7]);
    let queue = |queue: &str, jobs, oldest| QueueCount { queue: queue.to_owned(), jobs, oldest: Some(at(oldest)) };
    assert_eq!(counts.queues, [queue("smithi", 2, 3), queue("", 1, 9), queue("mira", 1, 5)]);
    let nodes = |up, locked, nodes| NodeCount { machine_type: "smithi".into(), up, locked, nodes };
    let mut counted = counts.nodes;
    counted.sort_by_key(|node| (node.up, node.locked));
    assert_eq!(counted, [nodes(None, false, 1), nodes(Some(false), true, 1), nodes(Some(true), false, 2)]);
}

pub fn the_way_to_the_database_is_told(lab: &dyn Repository) {
    let before = lab.database_load();
    post(lab, "r", "1", status(JobStatus::Running), 0);
    let after = lab.database_load();
    assert!(after.statements > before.statements, "{after:?}");
    assert_eq!((after.in_use, after.waiting), (0, 0), "{after:?}");
    assert!(after.idle >= 1 && after.idle <= after.limit, "{after:?}");
}
