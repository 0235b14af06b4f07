//! Every kind of document that the service sends, whole, as files to read and to review.

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::service::Service;

const RUN: &str = "teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana";

/// Compares what a GET answers with the snapshot of this name.
fn check(service: &Service, snapshot: &str, path: &str) {
    check_answer(snapshot, &format!("GET {path}"), &service.get(path));
}

fn check_answer(snapshot: &str, request: &str, answer: &Answer) {
    let mut document: Value = serde_json::from_str(&answer.body).unwrap();
    redact(&mut document);
    let wire = format!("{request}\n{}\n{document:#}", answer.status);
    insta::assert_snapshot!(snapshot, wire);
}

/// Replaces the times that the service's clock gave, which must have the form of the wire.
fn redact(document: &mut Value) {
    match document {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), &*value) {
                    (
                        "posted" | "started" | "updated" | "locked_since" | "paused_since" | "paused_until",
                        Value::String(text),
                    ) => {
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

fn filtered_lists_look_like_this(database: TestDatabase) {
    let service = Service::on(database);
    service.post(&format!("/runs/{RUN}/jobs/"), WHOLE_JOB).json();
    let fields = "name,href,status,suite,branch,user,machine_type,priority,scheduled";
    check(&service, "filtered_runs_with_fields", &format!("/runs/suite/rados/user/teuthology/?fields={fields}"));
    check(&service, "found_jobs_with_fields", "/jobs/?fields=job_id,href,name,description,status&count=1");
}

fn nodes_look_like_this(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post("/nodes/", json!({ "name": "bare" })).json();
    check(&service, "bare_node", "/nodes/bare/");
    let host = json!({
        "name": "host", "description": "spare", "up": true, "machine_type": "smithi", "os_type": "ubuntu",
        "os_version": 22.04, "arch": "x86_64", "mac_address": "52:54:00:12:34:56", "ssh_pub_key": "ssh-rsa AAAA",
    });
    service.post("/nodes/", host).json();
    let guest = json!({ "name": "guest", "is_vm": true, "vm_host": "host", "machine_type": "vps", "locked": true,
        "locked_by": "me@host" });
    service.post("/nodes/", guest).json();
    check(&service, "guest_with_its_host", "/nodes/guest/");

    let lock = json!({ "name": "host", "locked": true, "locked_by": "me@host", "description": "/archive/r/1" });
    check_answer("lock", "PUT /nodes/host/lock/", &service.put("/nodes/host/lock/", lock));
    service.put("/nodes/host/lock/", json!({ "locked": false, "locked_by": "me@host" })).json();
    let wish =
        json!({ "count": 1, "locked_by": "me@host", "machine_type": "smithi|vps", "description": "/archive/r/2" });
    check_answer("lock_many", "POST /nodes/lock_many/", &service.post("/nodes/lock_many/", wish));
    let names = json!({ "names": ["host", "guest"], "locked_by": "me@host" });
    check_answer("unlock_many", "POST /nodes/unlock_many/", &service.post("/nodes/unlock_many/", names));

    for (job_id, status) in [("1", "pass"), ("2", "pass"), ("3", "running")] {
        service.post_job("r", job_id, &json!({ "status": status, "targets": { "ubuntu@host": "key" } }));
    }
    check(&service, "job_stats_of_node", "/nodes/host/job_stats/");
    check(&service, "job_stats_of_nodes", "/nodes/job_stats/");
}

fn queues_look_like_this(database: TestDatabase) {
    let service = Service::on(database);
    service.post("/queue/", json!({ "queue": "idle" })).json();
    service.post("/queue/", json!({ "queue": "paused", "pause_duration": 1.5e6, "paused_by": "me" })).json();
    check(&service, "queues", "/queue/");
    check(&service, "stats_of_idle_queue", "/queue/stats/?queue=idle");
    check(&service, "stats_of_paused_queue", "/queue/stats/?queue=paused");
}

fn a_whole_job_lacks_nothing(database: TestDatabase) {
    let service = Service::on(database);
    service.post(&format!("/runs/{RUN}/jobs/"), WHOLE_JOB).json();
    let job = service.get(&format!("/runs/{RUN}/jobs/7001/")).json();
    for (key, value) in job.as_object().unwrap() {
        assert!(!value.is_null(), "nothing was told of {key}");
    }
}

on_both!(
    documents_look_like_this,
    filtered_lists_look_like_this,
    nodes_look_like_this,
    queues_look_like_this,
    a_whole_job_lacks_nothing,
);
