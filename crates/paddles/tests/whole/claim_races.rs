//! Many dispatchers take jobs from one queue: each job goes to one of them.

use std::collections::BTreeSet;

use paddles_diesel::testing::TestDatabase;
use paddles_domain::JobStatus;
use serde_json::{Value, json};

use crate::at_once::{at_once, recounted};
use crate::client::Client;
use crate::service::Service;

const DISPATCHERS: usize = 32;
const REPORTERS: usize = 8;
const JOBS: usize = 2_000;
const RUNS: usize = 4;

/// Takes the head of the queue: its run and id.
fn claim(client: &Client) -> Option<(String, String)> {
    let answer = client.send("POST", "/queue/pop_queue/?queue=q", "").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = answer.json();
    if job.is_null() {
        return None;
    }
    assert_eq!(job["status"], "waiting");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((text(&job["name"]), text(&job["job_id"])))
}

fn create_queue(client: &Client) {
    assert_eq!(client.post("/queue/", &json!({ "queue": "q" })).status, 200);
}

fn post_queued_job(client: &Client, run: &str, job_id: usize) {
    let (job_id, priority) = (job_id.to_string(), job_id % 7);
    let job = json!({ "name": run, "job_id": job_id, "status": "queued", "queue": "q", "priority": priority });
    client.post_job(run, &job);
}

fn each_job_is_claimed_once(service: &Service) {
    create_queue(&service.client());
    at_once(service, REPORTERS, |client, number| {
        for job_id in (number..JOBS).step_by(REPORTERS) {
            post_queued_job(client, &format!("claimed-{}", job_id % RUNS), job_id);
        }
    });

    let claimed: Vec<_> = at_once(service, DISPATCHERS, |client, _| {
        let claimed: Vec<_> = std::iter::from_fn(|| claim(client)).collect();
        assert_eq!(claim(client), None, "an empty queue fills by itself");
        claimed
    });
    let claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), JOBS);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), JOBS, "a job was claimed twice");
    for run in 0..RUNS {
        let results = recounted(&service.client(), &format!("claimed-{run}"));
        assert_eq!((results.count(JobStatus::Waiting) as usize, results.total() as usize), (JOBS / RUNS, JOBS / RUNS));
    }
}

on_every_service!(each_job_is_claimed_once);

/// As a dispatcher would, that has died in the middle of its claim and left its transaction open.
#[test]
fn a_job_that_somebody_holds_is_passed_over() {
    let database = TestDatabase::postgres();
    let service = Service::start(&database);
    let client = service.client();
    create_queue(&client);
    for job_id in 1..=3 {
        post_queued_job(&client, "held", job_id);
    }
    let job = |job_id: &str| Some(("held".to_owned(), job_id.to_owned()));

    let held = database.hold("SELECT id FROM jobs WHERE job_id = '1' FOR UPDATE");
    assert_eq!(claim(&client), job("2"));
    assert_eq!(claim(&client), job("3"));
    assert_eq!(claim(&client), None);
    drop(held);
    assert_eq!(claim(&client), job("1"));
}
