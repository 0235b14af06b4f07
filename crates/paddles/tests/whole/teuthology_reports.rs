//! The real client reports jobs as they go on, reads them, and deletes them: what its commands share.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::optional::given;
use crate::service::Service;
use crate::teuthology_home::Teuthology;

const RUN: &str = "ann-2026-03-01_20:24:03-rados-main-testing-basic-mira";

fn job(job_id: &str, status: &str) -> Value {
    json!({ "name": RUN, "job_id": job_id, "status": status, "priority": 70, "machine_type": "mira" })
}

fn jobs_are_reported_read_and_deleted(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    // As documented: every job of this client may create its run.
    let service = Service::start_with(database, &[("PADDLES_ADMISSION", "documented")]);
    let (teuthology, client) = (Teuthology::of(programs, &service), service.client());
    let [statuses, ids] = ["status,job_id", "job_id"].map(|fields| format!("/runs/{RUN}/jobs/?fields={fields}"));

    for (job_id, status) in [("1", "queued"), ("2", "queued"), ("3", "running"), ("4", "pass")] {
        teuthology.call("try_push_job_info", &json!([job(job_id, status)]));
    }
    // Refused as known, and then put.
    teuthology.call("try_push_job_info", &json!([job("1", "queued"), { "status": "running", "pid": 4711 }]));
    assert_eq!(client.read(&format!("/runs/{RUN}/jobs/1/"))["pid"], "4711");

    let jobs = teuthology.call("get_jobs", &json!([RUN, null, ["status"]]));
    assert_eq!(jobs, client.read(&statuses));
    assert_eq!(jobs.as_array().unwrap().len(), 4);
    let one = teuthology.call("get_jobs", &json!([RUN, "1"]));
    assert_eq!(one, client.read(&format!("/runs/{RUN}/jobs/1/")));
    let run = teuthology.call("get_run", &json!([RUN]));
    assert_eq!(run, client.read(&format!("/runs/{RUN}/")));
    assert_eq!(run["status"], "running");

    // Queued jobs are deleted when a run is killed, and what runs is called dead.
    teuthology.call("try_delete_jobs", &json!([RUN, "2"]));
    assert_eq!(client.get(&format!("/runs/{RUN}/jobs/2/")).status, 404);
    teuthology.call("try_mark_run_dead", &json!([RUN]));
    let run = client.read(&format!("/runs/{RUN}/"));
    let results = &run["results"];
    assert_eq!([&results["dead"], &results["pass"], &results["total"]], [2, 1, 3]);
    assert_eq!(run["status"], "finished fail");

    // All that are left: the client deletes the run.
    let left: Vec<Value> = client.read(&ids).as_array().unwrap().iter().map(|job| job["job_id"].clone()).collect();
    teuthology.call("try_delete_jobs", &json!([RUN, left]));
    assert_eq!(client.head(&format!("/runs/{RUN}/")).status, 404);
}

on_both_databases!(jobs_are_reported_read_and_deleted);
