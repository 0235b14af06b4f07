//! Queues that pause, and hand out jobs.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::service::Service;

/// Two runs with jobs in the queue `q`, and one in another queue.
fn with_jobs(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    service.post("/queue/", json!({ "queue": "q" })).json();
    for (run, job_id, queue, priority) in [
        ("r", "1", "q", json!(null)),
        ("r", "2", "q", json!(9)),
        ("s", "3", "q", json!(5)),
        ("r", "4", "other", json!(1)),
    ] {
        let job = json!({ "status": "queued", "queue": queue, "priority": priority, "user": run });
        service.post_job(run, job_id, &job);
    }
    service
}

fn reading_the_head_takes_nothing(database: TestDatabase) {
    let service = with_jobs(database);
    let head = || service.get("/queue/pop_queue/?queue=q").json();
    assert_eq!(head()["job_id"], "3");
    assert_eq!(head(), head());
    assert_eq!(service.head("/queue/pop_queue?queue=q").status, 200);
    assert_eq!(head(), service.get("/runs/s/jobs/3/").json());
    assert_eq!(service.get("/queue/stats/?queue=q").json()["queued_jobs"], 3);
}

fn posting_takes_the_head(database: TestDatabase) {
    let service = with_jobs(database);
    let take = || service.post("/queue/pop_queue/?queue=q", "").json();
    let taken = take();
    assert_eq!((&taken["job_id"], &taken["status"]), (&json!("3"), &json!("waiting")));
    assert_eq!(service.get("/runs/s/jobs/3/").json(), taken);
    assert_eq!(service.get("/runs/s/").json()["status"], "waiting");
    assert_eq!((take()["job_id"].clone(), take()["job_id"].clone()), (json!("2"), json!("1")));
    assert_eq!((take(), service.get("/queue/pop_queue/?queue=q").json()), (json!(null), json!(null)));
    assert_eq!(service.get("/runs/r/jobs/4/").json()["status"], "queued");
}

fn queued_jobs_are_those_of_the_queue(database: TestDatabase) {
    let service = with_jobs(database);
    let check = |query: &str, expected: &[&str]| {
        for method in ["GET", "POST"] {
            let path = format!("/queue/queued_jobs/?fields=job_id{query}");
            let jobs = service.send(method, &path, b"{\"queue\": \"q\"}").json();
            let ids: Vec<&str> = jobs.as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap()).collect();
            assert_eq!(ids, expected, "{query}");
        }
    };
    check("", &["3", "2", "1"]);
    // Not job 4, which waits in another queue.
    check("&run_name=r", &["2", "1"]);
    check("&run_name=s&user=r", &["3"]);
    check("&user=r", &["2", "1"]);
    check("&run_name=none", &[]);
    service.put("/runs/r/jobs/2/", json!({ "status": "running" })).json();
    check("&run_name=r", &["1"]);
}

fn a_refused_pause_creates_nothing(database: TestDatabase) {
    let service = Service::on(database);
    let refusal = (400, "Cannot pause without specifying paused_by".to_owned());
    for owner in [json!(null), json!("")] {
        let body = json!({ "queue": "q", "pause_duration": 60, "paused_by": owner });
        assert_eq!(service.post("/queue/", body).refusal(), refusal);
    }
    assert_eq!(service.post("/queue/", json!({ "queue": "q", "pause_duration": 60 })).refusal(), refusal);
    assert_eq!(service.get("/queue/").json(), json!([]));
    service.post("/queue/", json!({ "queue": "q" })).json();
}

fn pauses_begin_and_end(database: TestDatabase) {
    let service = with_jobs(database);
    let paused = |body: Value| {
        service.put("/queue/", body).json();
        let is_paused = service.get("/queue/stats/?queue=q").json()["paused"] == true;
        let answers = [service.get("/queue/pop_queue/?queue=q"), service.post("/queue/pop_queue/?queue=none", "")];
        assert_eq!(answers[0].status, if is_paused { 503 } else { 200 });
        assert_eq!(answers[1].json(), json!(null));
        is_paused
    };
    assert!(paused(json!({ "queue": "q", "pause_duration": "60.5", "paused_by": "me" })));
    let taken = service.post("/queue/pop_queue/?queue=q", "");
    assert_eq!(taken.refusal(), (503, "queue is paused, cannot retrieve job".to_owned()));
    let again = service.put("/queue/", json!({ "queue": "q", "pause_duration": 1, "paused_by": "you" }));
    assert_eq!(again.refusal(), (403, "Cannot pause an already-paused queue".to_owned()));
    assert_eq!(service.get("/queue/?paused_by=me").json().as_array().unwrap().len(), 1);
    assert!(!paused(json!({ "queue": "q", "paused_until": null })));
    assert!(paused(json!({ "queue": "q", "paused_until": "9999-12-31 23:59:59.999999" })));
    assert!(!paused(json!({ "queue": "q", "paused_until": "0001-01-01 00:00:00" })));
    assert!(!paused(json!({ "queue": "q", "pause_duration": -5, "paused_by": "me" })));
    assert!(!paused(json!({ "queue": "q", "pause_duration": null })));
    assert!(paused(json!({ "queue": "q", "pause_duration": 2_147_483_647, "paused_by": "me" })));
}

/// The parameter is called like the machines, and names the queue of several types, too.
fn queues_are_listed_by_name(database: TestDatabase) {
    let service = Service::on(database);
    let long = "q".repeat(1_024);
    for name in ["smithi", "multi", "Mira", &long] {
        service.post("/queue/", json!({ "queue": name })).json();
    }
    assert_eq!(service.each("queue", "/queue/"), ["Mira", "multi", &*long, "smithi"]);
    assert_eq!(service.each("queue", "/queue/?machine_type=smithi"), ["smithi"]);
    assert_eq!(service.each("queue", "/queue/?machine_type=smithi%7Cmira"), ["multi"]);
    assert_eq!(service.each("queue", "/queue/?machine_type=mira"), [""; 0]);
}

on_both!(
    reading_the_head_takes_nothing,
    posting_takes_the_head,
    queued_jobs_are_those_of_the_queue,
    a_refused_pause_creates_nothing,
    pauses_begin_and_end,
    queues_are_listed_by_name,
);
