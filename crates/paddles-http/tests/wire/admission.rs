//! Which new jobs are let in, where the documentation of paddles and the servers that labs run differ.

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Admission;
use serde_json::{Value, json};

use crate::client::text;
use crate::service::Service;

/// Posts a job to `r`, which is there or not, and compares the status, the message if any, and whether `r` is there
/// afterwards.
fn check(service: &Service, run_exists: bool, job: &Value, expected: Result<(), (u16, &str)>) {
    if run_exists {
        service.post("/runs/", json!({ "name": "r" })).json();
    }
    let answer = service.post("/runs/r/jobs/", job);
    match expected {
        Ok(()) => {
            let job_id = text(&answer.json()["job_id"]);
            assert_eq!(service.get(&format!("/runs/r/jobs/{job_id}/")).json()["job_id"], job_id.as_str(), "{job}");
            match job["job_id"].as_str() {
                Some(given) => assert_eq!(job_id, given),
                None => assert!(job_id.bytes().all(|byte| byte.is_ascii_digit()), "{job_id}"),
            }
        }
        Err((status, message)) => assert_eq!(answer.refusal(), (status, message.to_owned()), "{job}"),
    }
    let is_there = run_exists || expected.is_ok();
    assert_eq!(service.head("/runs/r/").status, if is_there { 200 } else { 404 }, "{job}");
    if is_there {
        service.delete("/runs/r/").json();
    }
}

const NO_RUN: (u16, &str) = (404, "the run was not found, and the job's name is not the run's, which would create it");
const NO_JOB_ID: (u16, &str) = (400, "could not find required key: 'job_id'");

fn documented_takes_what_says_where_it_belongs(database: TestDatabase) {
    let service = Service::admitting(Admission::Documented, database);
    let check = |run_exists, job: Value, expected| check(&service, run_exists, &job, expected);
    check(true, json!({ "job_id": "1" }), Ok(()));
    check(false, json!({ "job_id": "1" }), Err(NO_RUN));
    check(false, json!({ "job_id": "1", "name": "another" }), Err(NO_RUN));
    check(false, json!({ "job_id": "1", "name": "r" }), Ok(()));
    check(true, json!({ "job_id": "1", "name": "another" }), Ok(()));
    check(true, json!({ "owner": "me" }), Err(NO_JOB_ID));
    check(true, json!({ "queue": "" }), Err(NO_JOB_ID));
    check(true, json!({ "queue": "smithi" }), Ok(()));
    check(false, json!({ "queue": "smithi" }), Err(NO_RUN));
    check(false, json!({ "queue": "smithi", "name": "r" }), Ok(()));
    check(false, json!({ "name": "r" }), Err(NO_JOB_ID));
}

fn deployed_takes_every_job(database: TestDatabase) {
    let service = Service::admitting(Admission::Deployed, database);
    for run_exists in [true, false] {
        for job in [
            json!({ "job_id": "1" }),
            json!({ "job_id": "1", "name": "another" }),
            json!({ "owner": "me" }),
            json!({ "queue": "smithi" }),
        ] {
            check(&service, run_exists, &job, Ok(()));
        }
    }
}

/// A reporter may have taken the next number already.
fn picked_ids_are_free(database: TestDatabase) {
    let service = Service::admitting(Admission::Deployed, database);
    let pick = || text(&service.post("/runs/r/jobs/", json!({ "owner": "me" })).json()["job_id"]);
    let first: u64 = pick().parse().unwrap();
    service.post_job("r", &(first + 1).to_string(), &json!({}));
    pick();
    let mut job_ids = service.job_ids("r");
    job_ids.sort();
    job_ids.dedup();
    assert_eq!(job_ids.len(), 3);
}

on_both!(documented_takes_what_says_where_it_belongs, deployed_takes_every_job, picked_ids_are_free);
