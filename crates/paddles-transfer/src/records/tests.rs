//! Records come back from their lines.

use paddles_domain::{Document, Job, JobId, JobKey, JobStatus, JobValues, NodeName, RunName, Value};
use paddles_repository::PlacedJob;
use serde_json::value::RawValue;

use super::*;

fn members(json: &str) -> Members<'_> {
    Members::of(serde_json::from_str::<&RawValue>(json).unwrap()).unwrap()
}

fn job(tasks: &str) -> PlacedJob {
    let mut values = JobValues::default();
    values.set(JobKey::Tasks, Document::from_stored(tasks).map(Value::Document));
    values.set(JobKey::Owner, Some(Value::Text("mé\n\"x\"".to_owned())));
    values.set(JobKey::Timestamp, Some(Value::Time("2020-01-02 03:04:05".parse().unwrap())));
    let job = Job {
        run: RunName::new("r").unwrap(),
        job_id: JobId::new("7").unwrap(),
        status: JobStatus::Pass,
        posted: Some("2020-01-02 03:04:05.000001".parse().unwrap()),
        started: None,
        updated: None,
        values,
    };
    PlacedJob { job, nodes: vec![NodeName::new("n").unwrap()] }
}

#[test]
fn jobs_come_back_whatever_their_documents_are() {
    for tasks in ["[1.50,  {\"a\": null}]", "{\n  \"a\": 1\n}", "{\"a\": NaN}", "no JSON at all", " [1]", "\"null\""] {
        let kept = job(tasks);
        let line = serde_json::to_string(&JobLine(&kept)).unwrap();
        assert!(!line.contains('\n'), "{line}");
        let read = read_placed_job(&members(&line)).unwrap();
        assert_eq!(read, ReadJob { placed: kept, left_out: Vec::new() }, "{line}");
    }
}

#[test]
fn what_is_no_job_is_refused_by_name() {
    fn check(json: &str, sentence: &str) {
        let run = RunName::new("r").unwrap();
        assert_eq!(read_job(&run, &members(json)).unwrap_err().to_string(), sentence, "{json}");
    }
    check("{}", "could not find required key: 'job_id'");
    check("{\"job_id\": null}", "could not find required key: 'job_id'");
    check("{\"job_id\": \"a/b\"}", "job_id takes text without slashes or NUL characters, other than '.' and '..'");
    check(
        "{\"job_id\": 1, \"status\": \"odd\"}",
        "Job status must be one of: queued, waiting, running, pass, fail, dead, unknown",
    );
    check(
        "{\"job_id\": 1, \"posted\": \"soon\"}",
        "posted takes a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null",
    );
}

#[test]
fn a_job_comes_without_a_value_that_is_refused_and_with_the_targets_that_it_had() {
    let run = RunName::new("r").unwrap();
    let read = read_job(&run, &members(r#"{"job_id": 1, "priority": [], "targets": ["a"], "owner": "me"}"#)).unwrap();
    assert_eq!(
        read.tell().collect::<Vec<_>>(),
        ["r/1 comes without its priority: priority takes a number from -2147483648 to 2147483647 or null"]
    );
    let PlacedJob { job, nodes } = read.placed;
    assert_eq!((job.values.get(JobKey::Priority), nodes), (None, Vec::new()));
    assert_eq!(job.values.get(JobKey::Targets), Document::from_stored(r#"["a"]"#).map(Value::Document).as_ref());
    assert_eq!(job.values.get(JobKey::Owner), Some(&Value::Text("me".to_owned())));
}

#[test]
fn a_server_shows_where_a_job_ran_by_its_targets() {
    let run = RunName::new("r").unwrap();
    let shown = r#"{"job_id": "1", "status": null, "targets": {"ubuntu@b": "k", "a": null}, "timestamp": "2020-01-02 03:04:05", "log_href": "x"}"#;
    let placed = read_job(&run, &members(shown)).unwrap().placed;
    assert_eq!(placed.nodes.iter().map(NodeName::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(placed.job.status, JobStatus::Unknown);
    assert_eq!(placed.job.values.get(JobKey::Timestamp), Some(&Value::Time("2020-01-02 03:04:05".parse().unwrap())));
}

#[test]
fn a_server_shows_the_whole_host_of_a_guest() {
    let node = read_node(&members(r#"{"name": "g", "is_vm": true, "vm_host": {"name": "h", "up": null}}"#)).unwrap();
    assert_eq!(node.vm_host, Some(NodeName::new("h").unwrap()));
    let line = serde_json::to_string(&NodeLine(&node)).unwrap();
    assert_eq!(read_node(&members(&line)).unwrap(), node);
}

#[test]
fn runs_are_read_with_what_is_told_of_their_jobs() {
    let shown = r#"{"name": "r", "href": ["http://x/runs/r/"], "status": "finished pass", "results": {"pass": 2, "total": 2, "sha1": "none"}, "scheduled": null}"#;
    let read = read_run(&members(shown)).unwrap();
    assert_eq!(
        (read.status, read.results.unwrap().count(JobStatus::Pass)),
        (Some(paddles_domain::RunStatus::FinishedPass), 2)
    );
    let line = serde_json::to_string(&RunLine(&read.run)).unwrap();
    assert_eq!(line, r#"{"name":"r"}"#);
    assert_eq!(read_run(&members(&line)).unwrap().run, read.run);
}
