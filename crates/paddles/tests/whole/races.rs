//! Many clients at the same moment, against the running service: nothing is handed out twice, nothing is lost, and nothing
//! fails.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::Client;
use crate::service::Service;

/// How long clients fight for nodes, in seconds; `PADDLES_RACE_SECONDS` makes it longer.
const SECONDS: u64 = 4;

/// Lets `count` clients loose, each with its number, and collects what they answer.
fn at_once<T: Send>(service: &Service, count: usize, work: impl Fn(usize, &Client) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> = (0..count)
            .map(|number| {
                let client = service.client();
                scope.spawn(move || work(number, &client))
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Compares a run's counts with its jobs.
fn check_counts(client: &Client, run: &str, jobs: usize) {
    let shown = client.read(&format!("/runs/{run}/"));
    let statuses: Vec<&str> =
        shown["jobs"].as_array().unwrap().iter().filter_map(|job| job["status"].as_str()).collect();
    assert_eq!(statuses.len(), jobs);
    for status in ["queued", "waiting", "running", "pass", "fail", "dead", "unknown"] {
        let count = statuses.iter().filter(|shown| **shown == status).count();
        assert_eq!(shown["results"][status], count, "{status} in {run}");
    }
    assert_eq!(shown["results"]["total"], jobs);
}

fn nodes_are_never_locked_twice(database: &TestDatabase) {
    const NODES: usize = 40;
    const CLIENTS: usize = 32;
    let service = Service::start(database);
    let client = service.client();
    for number in 0..NODES {
        let node = json!({ "name": format!("n{number:02}"), "machine_type": "smithi", "up": true });
        assert_eq!(client.post("/nodes/", &node).status, 200);
    }
    let longer = std::env::var_os("PADDLES_RACE_SECONDS").and_then(|text| text.to_str()?.parse().ok());
    let until = Instant::now() + Duration::from_secs(longer.unwrap_or(SECONDS));
    let held = Mutex::new(BTreeSet::new());
    let (granted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    at_once(&service, CLIENTS, |number, client| {
        let owner = format!("owner-{number}");
        let wish = json!({ "count": 4, "locked_by": owner, "machine_type": "smithi", "description": owner });
        while Instant::now() < until {
            let answer = client.post("/nodes/lock_many/", &wish);
            if answer.status == 503 {
                let free = answer.json()["message"].as_str().map(str::to_owned).unwrap();
                assert!(
                    ["0", "1", "2", "3"].iter().any(|free_nodes| free == format!("only {free_nodes} nodes available")),
                    "{free}"
                );
                refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text());
            granted.fetch_add(1, Ordering::Relaxed);
            let locked = answer.json();
            let names: Vec<String> =
                locked.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(names.len(), 4);
            for name in &names {
                assert!(held.lock().unwrap().insert(name.clone()), "{name} is locked twice");
            }
            for name in &names {
                held.lock().unwrap().remove(name);
            }
            let unlocked = client.post("/nodes/unlock_many/", &json!({ "names": names, "locked_by": owner }));
            assert_eq!(unlocked.status, 200, "{}", unlocked.text());
        }
    });
    let (granted, refused) = (granted.into_inner(), refused.into_inner());
    eprintln!("{granted} times 4 nodes locked and unlocked, {refused} wishes refused");
    assert!(granted > 0);
    assert_eq!(client.read("/nodes/?locked=0").as_array().unwrap().len(), NODES, "none is lost");
}

fn each_job_is_claimed_once(database: &TestDatabase) {
    const JOBS: usize = 2_000;
    const CLIENTS: usize = 32;
    let service = Service::start(database);
    assert_eq!(service.client().post("/queue/", &json!({ "queue": "smithi" })).status, 200);
    at_once(&service, 8, |number, client| {
        for job in (number..JOBS).step_by(8) {
            let document =
                json!({ "job_id": job.to_string(), "status": "queued", "queue": "smithi", "priority": job % 5 });
            client.post_job(&format!("run-{}", job % 4), &document);
        }
    });
    let claimed = at_once(&service, CLIENTS, |_, client| {
        let mut claimed = Vec::new();
        loop {
            let answer = client.send("POST", "/queue/pop_queue/?queue=smithi", "").expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text());
            match answer.json() {
                Value::Null => return claimed,
                job => {
                    assert_eq!(job["status"], "waiting");
                    claimed.push(job["log_href"].as_str().unwrap().to_owned());
                }
            }
        }
    });
    let claimed: Vec<String> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), JOBS);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), JOBS, "a job was handed out twice");
    for run in 0..4 {
        check_counts(&service.client(), &format!("run-{run}"), JOBS / 4);
    }
}

fn jobs_of_one_run_finish_at_once(database: &TestDatabase) {
    const JOBS: usize = 500;
    const CLIENTS: usize = 64;
    let service = Service::start(database);
    at_once(&service, 8, |number, client| {
        for job in (number..JOBS).step_by(8) {
            client.post_job("run", &json!({ "job_id": job.to_string(), "status": "running" }));
        }
    });
    at_once(&service, CLIENTS, |number, client| {
        for job in (number..JOBS).step_by(CLIENTS) {
            let done = if job % 3 == 0 { json!({ "success": true }) } else { json!({ "status": "dead" }) };
            let answer = client.send("PUT", &format!("/runs/run/jobs/{job}/"), &done.to_string()).expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    });
    check_counts(&service.client(), "run", JOBS);
    assert_eq!(service.client().read("/runs/run/")["status"], "finished fail");
}

fn a_job_posted_by_many_is_there_once(database: &TestDatabase) {
    const CLIENTS: usize = 16;
    let service = Service::start(database);
    let job = json!({ "job_id": "1", "status": "running", "targets": { "ubuntu@new1": null, "ubuntu@new2": null } });
    let answers = at_once(&service, CLIENTS, |_, client| client.post("/runs/run/jobs/", &job));
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    let refused =
        answers.iter().filter(|answer| answer.status == 400 && answer.text().contains("already exists")).count();
    assert_eq!((taken, refused), (1, CLIENTS - 1));
    check_counts(&service.client(), "run", 1);
    assert_eq!(service.client().read("/nodes/").as_array().unwrap().len(), 2);
}

on_both_databases!(
    nodes_are_never_locked_twice,
    each_job_is_claimed_once,
    jobs_of_one_run_finish_at_once,
    a_job_posted_by_many_is_there_once,
);
