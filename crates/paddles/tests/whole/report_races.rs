//! Many clients report at once: counts stay right, and whatever several of them bring is stored once.

use std::collections::BTreeSet;

use paddles_domain::JobStatus;
use serde_json::{Map, Value, json};

use crate::at_once::{at_once, recounted};
use crate::service::Service;

/// As many as finish at once when the nodes of a whole rack lose their power.
const FINISHING: usize = 64;
const JOBS: usize = 500;
const ENDS: [&str; 5] = ["pass", "fail", "dead", "pass", "pass"];

const RIVALS: usize = 16;
const ROUNDS: usize = 5;

fn jobs_of_a_run_finish_at_once(service: &Service) {
    at_once(service, 8, |client, number| {
        for job_id in (number..JOBS).step_by(8) {
            client.post_job("finishing", &json!({ "job_id": job_id.to_string(), "status": "running" }));
        }
    });
    at_once(service, FINISHING, |client, number| {
        for job_id in (number..JOBS).step_by(FINISHING) {
            let path = format!("/runs/finishing/jobs/{job_id}/");
            // The supervisor says in the end of every job that it is dead, which changes no verdict.
            for status in [ENDS[job_id % ENDS.len()], "dead"] {
                let answer = client.put(&path, &json!({ "status": status, "duration": 12.5 }));
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        }
    });
    let results = recounted(&service.client(), "finishing");
    let counts = [JobStatus::Pass, JobStatus::Fail, JobStatus::Dead].map(|status| results.count(status));
    assert_eq!((counts, results.run_status().as_str()), ([300, 100, 100], "finished fail"));
}

fn one_job_is_stored_once(service: &Service) {
    for round in 0..ROUNDS {
        // The first of them brings the run as well.
        let run = format!("contested-{round}");
        let answers = at_once(service, RIVALS, |client, number| {
            client.post(&format!("/runs/{run}/jobs/"), &json!({ "job_id": "1", "pid": number }))
        });
        let (stored, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((stored.len(), refused.len()), (1, RIVALS - 1));
        for answer in refused {
            let refusal = json!({ "message": "job with job_id 1 already exists" });
            assert_eq!((answer.status, answer.json()), (400, refusal));
        }
        assert_eq!(recounted(&service.client(), &run).total(), 1);
    }
    assert_eq!(service.client().read("/runs/").as_array().unwrap().len(), ROUNDS);
}

/// The targets of a job: the same hosts for all rivals, though each begins with another one.
fn targets(round: usize, first: usize) -> Map<String, Value> {
    let host = |number: usize| format!("ubuntu@new{round}-{}.front.example.com", number % 6);
    (0..6).map(|number| (host(first + number), json!(format!("ssh-rsa {number}")))).collect()
}

fn new_nodes_are_stored_once(service: &Service) {
    for round in 0..ROUNDS {
        at_once(service, RIVALS, |client, number| {
            // Some share a run, and so wait for each other, and some do not.
            let run = format!("targets-{}", number % 5);
            let job_id = format!("{round}{number:02}");
            let targets = targets(round, number);
            client.post_job(&run, &json!({ "job_id": job_id, "machine_type": "new", "targets": targets }));
        });
    }
    let client = service.client();
    let nodes = client.read("/nodes/");
    let names: BTreeSet<&str> = nodes.as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
    assert_eq!((nodes.as_array().unwrap().len(), names.len()), (6 * ROUNDS, 6 * ROUNDS));
    for name in names {
        let jobs = client.read(&format!("/nodes/{name}/jobs/?fields=job_id"));
        assert_eq!(jobs.as_array().unwrap().len(), RIVALS, "jobs of {name}");
    }
}

on_every_service!(jobs_of_a_run_finish_at_once, one_job_is_stored_once, new_nodes_are_stored_once);
