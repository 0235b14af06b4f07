//! The service is killed while jobs come in: what it has acknowledged is there afterwards, and counts are right.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::generated_job::generated_job;
use crate::program::send_signal;
use crate::service::Service;
use crate::waiting::eventually;

const ROUNDS: usize = 3;
const CLIENTS: usize = 4;
/// Guards against a service that is never killed.
const MOST_JOBS: usize = 10_000;
/// Every client reports to all of them, so that runs are fought over.
const RUNS: [&str; 2] = ["crash-a", "crash-b"];
const STATUSES: [&str; 4] = ["queued", "running", "pass", "dead"];

/// Jobs that were acknowledged: their run and id.
type Acknowledged = Mutex<BTreeSet<(&'static str, String)>>;

/// Posts jobs until the service no longer answers.
fn post_until_it_is_gone(service: &Service, first: usize, acknowledged: &Acknowledged) {
    let client = service.client();
    for number in first..first + MOST_JOBS {
        let run = RUNS[number % RUNS.len()];
        let mut job = generated_job(run, number, 2);
        job["status"] = json!(STATUSES[number % STATUSES.len()]);
        let Ok(answer) = client.send("POST", &format!("/runs/{run}/jobs/"), &job.to_string()) else {
            return;
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = job["job_id"].as_str().unwrap().to_owned();
        acknowledged.lock().unwrap().insert((run, id));
    }
}

/// The run shows the jobs that were acknowledged, and counts what it shows.
fn check(service: &Service, name: &'static str, acknowledged: &Acknowledged) {
    let run = service.client().read(&format!("/runs/{name}/"));
    let jobs = run["jobs"].as_array().unwrap();
    let ids: BTreeSet<&str> = jobs.iter().filter_map(|job| job["job_id"].as_str()).collect();
    assert_eq!(ids.len(), jobs.len(), "an id came twice");
    for (_, id) in acknowledged.lock().unwrap().iter().filter(|(run, _)| *run == name) {
        assert!(ids.contains(id.as_str()), "job {id} of {name} was acknowledged and is lost");
    }

    let with_status = |status: &str| jobs.iter().filter(|job| job["status"] == status).count();
    for status in STATUSES {
        assert_eq!(run["results"][status], json!(with_status(status)), "{status} in {name}");
    }
    assert_eq!((&run["results"]["total"], &run["jobs_count"]), (&json!(jobs.len()), &json!(jobs.len())));
    assert_eq!(run["status"] == "running", with_status("running") > 0, "status of {name}");
}

fn acknowledged_jobs_survive_a_kill(database: &TestDatabase) {
    let acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut service = Service::start(database);
        let before = acknowledged.lock().unwrap().len();
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                // Ids of its own for each client in each round.
                let first = (round * CLIENTS + client) * 100_000;
                let (service, acknowledged) = (&service, &acknowledged);
                scope.spawn(move || post_until_it_is_gone(service, first, acknowledged));
            }
            let enough = || (acknowledged.lock().unwrap().len() > before + 60).then_some(());
            eventually("jobs are acknowledged", enough);
            send_signal(service.process_id(), "KILL");
        });
        service.kill();

        let service = Service::start(database);
        for run in RUNS {
            check(&service, run, &acknowledged);
        }
    }
}

on_both_databases!(acknowledged_jobs_survive_a_kill);
