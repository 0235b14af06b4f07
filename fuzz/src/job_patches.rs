//! Bodies: reports of jobs, and changes of nodes and queues.

use paddles_domain::{
    INDEXED_TEXT_BYTES, INDEXED_TEXT_CHARS, JobFacts, JobKey, JobPatch, JobReport, JobStatus, Kind, LabZone, Node,
    NodeName, NodePatch, Queue, QueueName, QueuePatch, Value,
};
use serde_json::json;
use serde_json::value::RawValue;

use super::{can_be_stored, now, zones};

type Members = Vec<(String, Box<RawValue>)>;

/// Reads `input` as each of them.
pub fn check(input: &[u8]) {
    let Ok(members) = paddles_http::fuzzing::members(input) else { return };
    for zone in zones() {
        if let Ok(report) = JobReport::read(fields(&members), zone) {
            check_report(&report);
        }
    }
    if let Ok(patch) = NodePatch::read(fields(&members)) {
        check_node(patch);
    }
    if let Ok(patch) = QueuePatch::read(fields(&members)) {
        check_queue(&patch);
    }
}

fn fields(members: &[(String, Box<RawValue>)]) -> impl Iterator<Item = (&str, &RawValue)> + Clone {
    members.iter().map(|(key, json)| (key.as_str(), &**json))
}

fn check_report(report: &JobReport) {
    let patch = &report.patch;
    for key in JobKey::all() {
        if let Some(Some(value)) = patch.get(key) {
            check_value(key, value);
        }
    }
    let created = patch.clone().create(now());
    can_be_stored(created.updated);
    assert_eq!(created.after.started, (created.after.status == JobStatus::Running).then_some(now()));
    for status in JobStatus::ALL {
        check_update(patch, status);
    }

    // What was read says the same when it is written and read again.
    let again: Members = serde_json::from_str::<std::collections::BTreeMap<String, Box<RawValue>>>(&written(report))
        .expect("JSON")
        .into_iter()
        .collect();
    let read = JobReport::read(fields(&again), LabZone::default()).expect("what was written can be read");
    assert_eq!(read.job_id, report.job_id);
    for key in JobKey::all() {
        assert_eq!(read.patch.get(key), patch.get(key), "{key:?}");
    }
    let read = read.patch.create(now());
    assert_eq!((read.after, read.updated), (created.after, created.updated));
}

/// A verdict stays unless `success` changes it, a start is stamped once, and a priority moves while a job is queued.
fn check_update(patch: &JobPatch, status: JobStatus) {
    let before = JobFacts { status, priority: Some(7), ..JobFacts::default() };
    let change = patch.clone().update(&before, now());
    if status.is_verdict() && patch.get(JobKey::Success).is_none() {
        assert_eq!(change.after.status, status);
    }
    let starts = status == JobStatus::Queued && change.after.status == JobStatus::Running;
    assert_eq!(change.after.started, starts.then_some(now()));
    if status != JobStatus::Queued {
        assert_eq!(change.after.priority, Some(7));
        assert!(change.values.iter().all(|(key, _)| *key != JobKey::Priority));
    }
    let once_more = JobFacts { started: Some(now().days_before(1)), ..before };
    assert_eq!(patch.clone().update(&once_more, now()).after.started, once_more.started);
}

fn check_value(key: JobKey, value: &Value) {
    match (key.kind(), value) {
        (Kind::Text, Value::Text(text)) => assert!(!text.contains('\0')),
        (Kind::IndexedText, Value::Text(text)) => check_indexed(text),
        (Kind::Integer, Value::Integer(_)) | (Kind::Boolean, Value::Boolean(_)) => {}
        (Kind::NameTime, Value::Time(time)) => can_be_stored(*time),
        (Kind::Document | Kind::Targets, Value::Document(document)) => {
            let json = document.as_json();
            assert_ne!(json, "null");
            assert!(!json.contains('\0'));
            serde_json::from_str::<&RawValue>(json).expect("a document is JSON");
            assert!(key.kind() == Kind::Document || json.starts_with('{'));
        }
        (kind, value) => panic!("{key:?}, of {kind:?}, is {value:?}"),
    }
}

fn check_indexed(text: &str) {
    assert!(text.len() <= INDEXED_TEXT_BYTES && text.chars().count() <= INDEXED_TEXT_CHARS && !text.contains('\0'));
}

/// The report as another reporter would send it.
fn written(report: &JobReport) -> String {
    let change = report.patch.clone().create(now());
    let mut members =
        vec![format!("\"status\":\"{}\"", change.after.status.as_str()), format!("\"updated\":\"{}\"", change.updated)];
    members.extend(report.job_id.as_ref().map(|id| format!("\"job_id\":{}", json!(id.as_str()))));
    for key in JobKey::all() {
        let Some(value) = report.patch.get(key) else { continue };
        let json = match value {
            None => "null".to_owned(),
            Some(Value::Text(text)) => json!(text).to_string(),
            Some(Value::Integer(number)) => number.to_string(),
            Some(Value::Boolean(truth)) => truth.to_string(),
            Some(Value::Document(document)) => document.as_json().to_owned(),
            Some(Value::Time(time)) => json!(time.to_string().replace(' ', "_")).to_string(),
        };
        members.push(format!("\"{}\":{json}", key.name()));
    }
    format!("{{{}}}", members.join(","))
}

fn check_node(patch: NodePatch) {
    let free = Node::new(NodeName::new("node").expect("a name"));
    let locked = NodePatch::lock("me", None).update(&free, now()).expect("a free node");
    for before in [&free, &locked] {
        if let Ok(after) = patch.clone().update(before, now()) {
            after.locked_since.into_iter().for_each(can_be_stored);
            for text in [&after.machine_type, &after.locked_by].into_iter().flatten() {
                check_indexed(text);
            }
            for text in [&after.description, &after.os_type, &after.os_version, &after.arch, &after.mac_address] {
                assert!(text.as_ref().is_none_or(|text| !text.contains('\0')));
            }
            // Nobody takes what another holds.
            let owner = |node: &Node| node.locked_by.clone();
            let takes_over = before.locked && after.locked && owner(before) != owner(&after);
            let is_owned = before.locked_by.as_deref().is_some_and(|owner| !owner.is_empty());
            assert!(!takes_over || !is_owned, "{patch:?}");
        }
    }
    if let Ok(created) = patch.create(NodeName::new("node").expect("a name"), now()) {
        created.locked_since.into_iter().for_each(can_be_stored);
        assert!(!created.locked || created.locked_by.is_some());
    }
}

fn check_queue(patch: &QueuePatch) {
    let queue = Queue::new(QueueName::new("queue").expect("a name"));
    if let Ok(after) = patch.update(&queue, now()) {
        for time in [after.paused_since, after.paused_until].into_iter().flatten() {
            can_be_stored(time);
        }
        if let Some(owner) = &after.paused_by {
            check_indexed(owner);
        }
        let _ = after.is_paused(now());
    }
}
