//! Every kind of document that the service sends, whole, as files to read and to review.

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Timestamp;
use serde_json::{Value, json};

use crate::service::Service;

const RUN: &str = "teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana";

/// Compares an answer with the snapshot of this name.
fn check(service: &Service, snapshot: &str, path: &str) {
    let answer = service.get(path);
    let mut document: Value = serde_json::from_str(&answer.body).unwrap();
    redact(&mut document);
    let wire = format!("GET {path}\n{}\n{document:#}", answer.status);
    insta::assert_snapshot!(snapshot, wire);
}

/// Replaces the times that the service's clock gave, which must have the form of the wire.
fn redact(document: &mut Value) {
    match document {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), &*value) {
                    ("posted" | "started" | "updated", Value::String(text)) => {
                        let time: Timestamp = text.parse().unwrap();
                        assert_eq!(time.to_string(), *text);
                        *value = json!("[time]");
                    }
                    _ => redact(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// A report that tells everything that can be told.
const WHOLE_JOB: &str = include_str!("whole_job.json");

fn documents_look_like_this(database: TestDatabase) {
    let service = Service::on(database);
    let jobs = format!("/runs/{RUN}/jobs/");
    service.post("/runs/", json!({ "name": RUN })).json();
    check(&service, "empty_run", &format!("/runs/{RUN}/"));

    service.post(&jobs, json!({ "job_id": "7002" })).json();
    check(&service, "minimal_job", &format!("{jobs}7002/"));
    service.post(&jobs, WHOLE_JOB).json();
    check(&service, "whole_job", &format!("{jobs}7001/"));
    check(&service, "run_with_jobs", &format!("/runs/{RUN}/"));

    check(&service, "list_of_runs", "/runs/");
    check(&service, "list_of_runs_with_fields", "/runs/?fields=name,href,status,priority,scheduled,updated");
    check(&service, "list_of_jobs_with_fields", &format!("{jobs}?fields=job_id,href,log_href,status,tasks,timestamp"));

    service.post(&jobs, json!({ "job_id": "7003", "status": "dead" })).json();
    service.post(&jobs, json!({ "job_id": "7004", "success": true })).json();
    service.post("/runs/", json!({ "name": "another" })).json();
    check(&service, "summary_of_runs", "/runs/?view=summary");
    check(&service, "summary_of_run", &format!("/runs/{RUN}/?view=summary"));

    check(&service, "error", "/runs/?count=some");
}

fn a_whole_job_lacks_nothing(database: TestDatabase) {
    let service = Service::on(database);
    service.post(&format!("/runs/{RUN}/jobs/"), WHOLE_JOB).json();
    let job = service.get(&format!("/runs/{RUN}/jobs/7001/")).json();
    for (key, value) in job.as_object().unwrap() {
        assert!(!value.is_null(), "nothing was told of {key}");
    }
}

on_both!(documents_look_like_this, a_whole_job_lacks_nothing);
