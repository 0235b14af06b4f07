//! What reports leave in runs and nodes.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

/// The form with a time tells parts of a run; what looks like it, but is none, is a name of no form.
fn names_with_impossible_times_are_taken(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for name in [
        "me-2020-02-30_00:00:00-rados-main-testing-basic-mira",
        "me-2020-01-01_25:00:00-rados-main-testing-basic-mira",
        "me-20-01-01_00:00:00-rados-main-testing-basic-mira",
        "me-0000-00-00_00:00:00-rados-main-testing-basic-mira",
        "me-0000-01-01_00:00:00-rados-main-testing-basic-mira",
        "me-9999-12-31_23:59:59-rados-main-testing-basic-mira",
        &format!("{}-2020-01-01_00:00:00-rados-main-testing-basic-mira", "u".repeat(100)),
    ] {
        service.post_job(name, "1", &json!({ "queue": "q".repeat(100), "user": "u".repeat(100) }));
        assert_eq!(service.get(&format!("/runs/{name}/")).json()["jobs_count"], 1, "{name}");
        assert_eq!(service.job_ids(name), ["1"]);
    }
}

fn started_is_stamped_once(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "status": "queued" }));
    let started = || service.get("/runs/r/jobs/1/").json()["started"].clone();
    assert_eq!(started(), json!(null));
    service.put("/runs/r/jobs/1/", json!({ "status": "running" })).json();
    let first = started();
    assert!(first.is_string());
    for status in ["queued", "running", "waiting", "running", "queued", "running"] {
        service.put("/runs/r/jobs/1/", json!({ "status": status })).json();
        assert_eq!(started(), first, "{status}");
    }
}

fn nodes_follow_targets(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "targets": { "ubuntu@a": "k" }, "machine_type": "smithi" }));
    let check = |keys: serde_json::Value, nodes: &[&str]| {
        service.put("/runs/r/jobs/1/", &keys).json();
        for node in service.each("name", "/nodes/") {
            let jobs = service.each("job_id", &format!("/nodes/{node}/jobs/?fields=job_id"));
            assert_eq!(!jobs.is_empty(), nodes.contains(&&*node), "{node} after {keys}");
        }
    };
    check(json!({}), &["a"]);
    check(json!({ "targets": { "ubuntu@b": "k" } }), &["b"]);
    check(json!({ "targets": { "b": "k", "c": "k" } }), &["b", "c"]);
    check(json!({ "targets": { "a": "k" } }), &["a"]);
    check(json!({ "targets": {} }), &["a"]);
    check(json!({ "targets": null }), &["a"]);
    check(json!({ "status": "dead" }), &["a"]);
    assert_eq!(service.each("machine_type", "/nodes/?machine_type=smithi"), ["smithi"]);
}

fn refused_reports_create_no_node(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({}));
    let bad = json!({ "job_id": "2", "targets": { "ubuntu@a": "k" }, "status": "gone" });
    assert_eq!(service.post("/runs/r/jobs/", &bad).status, 400);
    assert_eq!(service.put("/runs/r/jobs/1/", &bad).status, 400);
    let taken = json!({ "job_id": "1", "targets": { "ubuntu@a": "k" } });
    assert_eq!(service.post("/runs/r/jobs/", taken).status, 400);
    assert_eq!(service.put("/runs/r/jobs/none/", json!({ "targets": { "a": "k" } })).status, 404);
    assert_eq!(service.get("/nodes/").json(), json!([]));
}

/// Targets are documents that nobody checks: what is no name is no node, and no reason to lose a report.
fn targets_that_name_no_node_are_kept(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let long = "n".repeat(2_000);
    let targets = json!({ "": 1, "a/b": 2, "..": 3, "x@": 4, "a\0b": 5, &*long: 6, "me@n": { "k": [] } });
    service.post_job("r", "1", &json!({ "targets": targets }));
    assert_eq!(service.get("/runs/r/jobs/1/").json()["targets"], targets);
    assert_eq!(service.each("name", "/nodes/"), ["n"]);
}

on_both!(
    names_with_impossible_times_are_taken,
    started_is_stamped_once,
    nodes_follow_targets,
    refused_reports_create_no_node,
    targets_that_name_no_node_are_kept,
);
