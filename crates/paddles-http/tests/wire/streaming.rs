//! Runs that are sent in several pages: no job is lost or doubled where pages meet.

use std::ops::Range;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::text;
use crate::service::Service;

fn post_jobs(service: &Service, job_ids: Range<usize>) {
    for job_id in job_ids {
        service.post_job("r", &job_id.to_string(), &json!({ "tasks": [job_id] }));
    }
}

fn ids(jobs: &Value) -> Vec<String> {
    let jobs = jobs.as_array().expect("a list of jobs");
    assert!(jobs.iter().all(|job| job["tasks"] == json!([text(&job["job_id"]).parse::<u64>().unwrap()])));
    jobs.iter().map(|job| text(&job["job_id"])).collect()
}

/// The first page holds 64 jobs, the next ones 256.
fn runs_of_any_size_are_complete(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post("/runs/", json!({ "name": "r" })).json();
    let mut posted = 0;
    for size in [0, 1, 63, 64, 65, 320, 321, 700] {
        post_jobs(&service, posted..size);
        posted = size;
        let mut newest_first: Vec<String> = (0..size).rev().map(|job_id| job_id.to_string()).collect();
        assert_eq!(ids(&service.get("/runs/r/jobs/").json()), newest_first);
        assert_eq!(ids(&service.get("/runs/r/jobs/?fields=job_id,tasks").json()), newest_first);
        assert_eq!(ids(&service.get("/runs/r/jobs/?status=unknown").json()), newest_first);

        newest_first.sort();
        let run = service.get("/runs/r/").json();
        assert_eq!(ids(&run["jobs"]), newest_first);
        assert_eq!((&run["jobs_count"], &run["results"]["total"]), (&json!(size), &json!(size)));
        let summary = service.get("/runs/r/?view=summary").json();
        assert_eq!(summary.as_object().unwrap().keys().collect::<Vec<_>>(), newest_first.iter().collect::<Vec<_>>());
    }
}

on_both!(runs_of_any_size_are_complete);
