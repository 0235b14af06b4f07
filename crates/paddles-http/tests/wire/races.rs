//! Many clients at the same moment.

use std::sync::Barrier;
use std::thread;

use paddles_diesel::testing::TestDatabase;
use paddles_domain::{JobStatus, RunResults};
use serde_json::json;

use crate::client::{Client, text};
use crate::service::Service;

/// Lets so many clients work at once, each on connections and a thread of its own, and collects what they found.
fn at_once<T: Send>(service: &Service, clients: usize, work: impl Fn(&Client, usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(clients);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let (start, work, client) = (&start, &work, service.client());
                scope.spawn(move || {
                    // So that connecting takes no time in the race.
                    client.get("/").json();
                    start.wait();
                    work(&client, number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Compares the counts and the status of a run with its jobs.
fn check_counts(service: &Service, run: &str, jobs: u32) {
    let mut recount = RunResults::default();
    for job in service.get(&format!("/runs/{run}/jobs/?fields=status")).json().as_array().unwrap() {
        recount.add(text(&job["status"]).parse().unwrap());
    }
    assert_eq!(recount.total(), jobs);
    let document = service.get(&format!("/runs/{run}/")).json();
    for status in JobStatus::ALL {
        assert_eq!(document["results"][status.as_str()], recount.count(status), "{status} of {run}");
    }
    assert_eq!(document["status"], recount.run_status().as_str());
    assert_eq!(document["jobs_count"], jobs);
}

fn one_job_is_stored_once(database: TestDatabase) {
    const CLIENTS: usize = 16;
    let service = Service::on(database);
    for round in 0..5 {
        let run = format!("r{round}");
        let answers = at_once(&service, CLIENTS, |client, number| {
            let job = json!({ "name": run, "job_id": "1", "status": "running", "pid": number });
            client.post(&format!("/runs/{run}/jobs/"), job)
        });
        let (stored, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((stored.len(), refused.len()), (1, CLIENTS - 1));
        for answer in refused {
            let (status, message) = answer.refusal();
            assert!(status == 400 && message.ends_with("already exists"), "{status} {message}");
        }
        check_counts(&service, &run, 1);
    }
}

fn one_run_is_created_once(database: TestDatabase) {
    const CLIENTS: usize = 16;
    let service = Service::on(database);
    let answers = at_once(&service, CLIENTS, |client, _| client.post("/runs/", json!({ "name": "r" })).status);
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), CLIENTS - 1, "{answers:?}");
    assert_eq!(service.run_names(), ["r"]);

    at_once(&service, CLIENTS, |client, number| {
        client.post("/runs/s/jobs/", json!({ "name": "s", "job_id": number })).json();
    });
    check_counts(&service, "s", 16);
}

fn jobs_of_a_run_finish_at_once(database: TestDatabase) {
    const CLIENTS: usize = 32;
    const JOBS: usize = 200;
    const ENDS: [&str; 4] = ["pass", "fail", "dead", "pass"];
    let service = Service::admitting_all(database);
    for job_id in 0..JOBS {
        service.post_job("r", &job_id.to_string(), &json!({ "status": "running" }));
    }
    at_once(&service, CLIENTS, |client, number| {
        for job_id in (number..JOBS).step_by(CLIENTS) {
            let report = json!({ "status": ENDS[job_id % ENDS.len()], "duration": 12.5 });
            client.put(&format!("/runs/r/jobs/{job_id}/"), report).json();
            // The supervisor says so of every job in the end; it must not count twice.
            client.put(&format!("/runs/r/jobs/{job_id}/"), json!({ "status": "dead" })).json();
            assert_eq!(client.get("/runs/?count=1").json()[0]["jobs_count"], JOBS);
        }
    });
    check_counts(&service, "r", 200);
    let run = service.get("/runs/r/").json();
    assert_eq!(run["status"], "finished fail");
    assert_eq!([&run["results"]["pass"], &run["results"]["fail"], &run["results"]["dead"]], [100, 50, 50]);
}

/// Rivals for nodes get others, or hear how few there are.
fn nodes_go_to_one_owner_each(database: TestDatabase) {
    const CLIENTS: usize = 16;
    const NODES: usize = 30;
    let service = Service::on(database);
    for number in 0..NODES {
        service.post_node(&format!("n{number}"), &json!({ "machine_type": "smithi", "up": true }));
    }
    let answers = at_once(&service, CLIENTS, |client, number| {
        let wish = json!({ "count": 3, "locked_by": number, "machine_type": "smithi", "description": null });
        client.post("/nodes/lock_many/", wish)
    });
    let (locked, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((locked.len(), refused.len()), (10, 6));
    for answer in refused {
        assert_eq!(answer.refusal(), (503, "only 0 nodes available".to_owned()));
    }
    let answers = locked.iter().flat_map(|answer| answer.json().as_array().unwrap().clone());
    let mut names: Vec<_> = answers.map(|node| text(&node["name"])).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), NODES);
}

fn a_queued_job_goes_to_one_dispatcher(database: TestDatabase) {
    const CLIENTS: usize = 8;
    const JOBS: usize = 40;
    let service = Service::admitting_all(database);
    service.post("/queue/", json!({ "queue": "q" })).json();
    for job_id in 0..JOBS {
        service.post_job("r", &job_id.to_string(), &json!({ "status": "queued", "queue": "q" }));
    }
    let taken = at_once(&service, CLIENTS, |client, _| {
        let take = || client.post("/queue/pop_queue/?queue=q", "").json();
        std::iter::repeat_with(take).take_while(|job| !job.is_null()).map(|job| text(&job["job_id"])).collect()
    });
    let mut taken: Vec<String> = taken.into_iter().flat_map(|jobs: Vec<String>| jobs).collect();
    assert_eq!(taken.len(), JOBS);
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), JOBS);
    assert_eq!(service.get("/runs/r/").json()["results"]["waiting"], JOBS);
}

on_both!(
    one_job_is_stored_once,
    one_run_is_created_once,
    jobs_of_a_run_finish_at_once,
    nodes_go_to_one_owner_each,
    a_queued_job_goes_to_one_dispatcher,
);
