//! What a request costs the database: never a statement for each run or job.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::answer::Answer;
use crate::service::Service;

/// Counts the statements of a request. Of several times the cheapest counts: the pool opens connections when it likes, and
/// that costs statements, too.
fn check(service: &Service, at_most: u64, what: &str, ask: impl Fn() -> Answer, expected_status: u16) {
    let cost = || {
        let before = service.statements_run();
        let answer = ask();
        assert_eq!(answer.status, expected_status, "{what}: {}", answer.body);
        service.statements_run() - before
    };
    let cheapest = (0..5).map(|_| cost()).min().unwrap();
    assert!((1..=at_most).contains(&cheapest), "{what}: {cheapest} statements, at most {at_most} are allowed");
}

fn requests_cost_few_statements(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for number in 0..100 {
        service.post("/runs/", json!({ "name": format!("r{number}") })).json();
    }
    for number in 0..300 {
        service.post_job("r", &number.to_string(), &json!({ "status": "running", "tasks": [number] }));
    }
    let heartbeat = json!({ "name": "r", "job_id": "7" });

    check(&service, 2, "list of runs", || service.get("/runs/?count=100"), 200);
    check(&service, 2, "summary of runs", || service.get("/runs/?count=100&view=summary"), 200);
    check(&service, 3, "run of 300 jobs", || service.get("/runs/r/"), 200);
    check(&service, 3, "summary of a run", || service.get("/runs/r/?view=summary"), 200);
    check(&service, 3, "jobs of a run", || service.get("/runs/r/jobs/"), 200);
    check(&service, 1, "whether a run is there", || service.head("/runs/r/"), 200);
    check(&service, 2, "one job", || service.get("/runs/r/jobs/7/"), 200);
    check(&service, 2, "refused job", || service.post("/runs/r/jobs/", &heartbeat), 400);
    check(&service, 6, "heartbeat", || service.put("/runs/r/jobs/7/", &heartbeat), 200);
}

on_both!(requests_cost_few_statements);
