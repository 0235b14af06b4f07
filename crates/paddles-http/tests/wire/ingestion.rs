//! Reports of jobs that may be there already, and many jobs at once.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::service::Service;

fn a_put_can_create(database: TestDatabase) {
    let service = Service::on(database);
    let path = "/runs/r/jobs/1/";
    let check = |query: &str, body: Value, expected: Value| {
        assert_eq!(service.put(&format!("{path}{query}"), body).json(), expected, "{query}");
    };
    let absent = (404, "attempted to update a non-existent job".to_owned());
    let own = json!({ "name": "r", "status": "queued" });
    assert_eq!(service.put(path, own.clone()).refusal(), absent);
    assert_eq!(service.put(&format!("{path}?upsert=false"), own.clone()).refusal(), absent);
    check("?upsert=true", own, json!({ "created": true }));
    check("?upsert=1", json!({ "status": "running", "job_id": "another" }), json!({ "created": false }));
    // A heartbeat, and a PUT as ever.
    check("?upsert=true", json!({}), json!({ "created": false }));
    check("", json!({ "success": true }), json!({}));
    let job = service.get(path).json();
    assert_eq!((&job["job_id"], &job["status"]), (&json!("1"), &json!("pass")));
    assert_eq!(service.get("/runs/r/?view=full").json()["results"]["total"], 1);
}

fn what_a_post_refuses_a_put_does_not_create(database: TestDatabase) {
    let service = Service::on(database);
    let check = |path: &str, body: Value, status: u16, message: &str| {
        assert_eq!(service.put(&format!("{path}?upsert=true"), body).refusal(), (status, message.to_owned()), "{path}");
    };
    let unknown_run = "the run was not found, and the job's name is not the run's, which would create it";
    check("/runs/r/jobs/1/", json!({}), 404, unknown_run);
    check("/runs/r/jobs/1/", json!({ "name": "s" }), 404, unknown_run);
    let words = "name takes another text than branch, date, machine_type, status, suite, user, sha1, flavors, queued";
    check("/runs/queued/jobs/1/", json!({ "name": "queued" }), 400, words);
    let no_id = "job_id takes text without slashes or NUL characters, other than '.' and '..'";
    check("/runs/r/jobs/a%2Fb/", json!({ "name": "r" }), 400, no_id);
    let no_number = "priority takes a number from -2147483648 to 2147483647 or null";
    check("/runs/r/jobs/1/", json!({ "name": "r", "priority": "high" }), 400, no_number);
    let truth = "upsert takes 1, 0, true, false, t, f, yes, no, on or off";
    let refusal = service.put("/runs/r/jobs/1/?upsert=maybe", json!({ "name": "r" })).refusal();
    assert_eq!(refusal, (400, truth.to_owned()));
    assert!(service.run_names().is_empty());
}

fn many_jobs_come_at_once(database: TestDatabase) {
    let service = Service::on(database);
    let jobs = json!({ "jobs": [
        { "job_id": "1", "name": "r", "status": "queued" },
        { "job_id": 2, "status": "running" },
        { "job_id": "1" },
        { "job_id": "3", "priority": "high" },
        "no object",
        { "description": "nameless" },
        { "queue": "q" },
    ] });
    let results = service.post("/runs/r/jobs/batch/", &jobs).json();
    let picked = results["results"][6]["job_id"].clone();
    assert_eq!(
        results,
        json!({ "results": [
        { "job_id": "1", "created": true, "message": null },
        { "job_id": "2", "created": true, "message": null },
        { "job_id": "1", "created": false, "message": "job with job_id 1 already exists" },
        { "job_id": null, "created": false,
            "message": "priority takes a number from -2147483648 to 2147483647 or null" },
        { "job_id": null, "created": false, "message": "a job takes a JSON object" },
        { "job_id": null, "created": false, "message": "could not find required key: 'job_id'" },
        { "job_id": picked, "created": true, "message": null },
    ] })
    );
    assert_eq!(service.job_ids("r").len(), 3);
    assert_eq!(service.get("/runs/r/").json()["results"]["total"], 3);
    assert_eq!(service.get("/runs/r/jobs/2/").json()["status"], "running");
    // Without the slash as well.
    let again = service.post("/runs/r/jobs/batch", json!({ "jobs": [{ "job_id": 2 }] })).json();
    assert_eq!(again["results"][0]["message"], "job with job_id 2 already exists");
}

fn batches_have_bounds(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let bounds = "jobs takes an array of at most 500 jobs";
    let many = |count: usize| {
        let jobs: Vec<Value> =
            (0..count).map(|id| json!({ "job_id": id, "description": "d".repeat(12_000) })).collect();
        json!({ "jobs": jobs })
    };
    for body in [json!({}), json!({ "jobs": {} }), json!({ "jobs": null }), many(501)] {
        assert_eq!(service.post("/runs/r/jobs/batch/", body).refusal(), (400, bounds.to_owned()));
    }
    assert!(service.run_names().is_empty());
    assert_eq!(service.post("/runs/r/jobs/batch/", json!({ "jobs": [] })).json(), json!({ "results": [] }));
    assert!(service.run_names().is_empty());
    let results = service.post("/runs/r/jobs/batch/", many(500)).json();
    assert!(results["results"].as_array().unwrap().iter().all(|result| result["created"] == true));
    assert_eq!(service.get("/runs/r/").json()["jobs_count"], 500);
}

/// POST alone is new under this path.
fn a_job_may_be_called_batch(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "batch", &json!({ "owner": "me" }));
    let path = "/runs/r/jobs/batch/";
    assert_eq!(service.get(path).json()["owner"], "me");
    assert_eq!(service.get("/runs/r/jobs/batch").header("location"), Some(path));
    assert_eq!(service.head(path).status, 200);
    assert_eq!(service.put(path, json!({ "owner": "you" })).json(), json!({}));
    assert_eq!(service.post(path, json!({ "jobs": [{ "job_id": "batch" }] })).json()["results"][0]["created"], false);
    assert_eq!(service.get(path).json()["owner"], "you");
    assert_eq!(service.delete(path).json(), json!({}));
    assert_eq!(service.get(path).status, 404);
}

/// Half of what single reports cost, and far less.
fn few_statements_are_asked(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let cost = |change: &dyn Fn()| {
        let before = service.statements_run();
        change();
        service.statements_run() - before
    };
    service.post_job("r", "1", &json!({ "status": "running" }));
    let beat = json!({ "name": "r", "job_id": "1" });
    let put = cost(&|| drop(service.put("/runs/r/jobs/1/", &beat)));
    let upsert = cost(&|| drop(service.put("/runs/r/jobs/1/?upsert=true", &beat)));
    assert_eq!(upsert, put, "the POST that would be refused is saved");
    let jobs: Vec<Value> = (0..500)
        .map(|id| json!({ "job_id": format!("job {id}"), "sha1": id % 7, "flavor": "f", "description": id % 90 }))
        .collect();
    let batch = cost(&|| drop(service.post("/runs/r/jobs/batch/", json!({ "jobs": jobs })).json()));
    assert!((1..=14).contains(&batch), "{batch} statements for 500 jobs");
}

on_both!(
    a_put_can_create,
    what_a_post_refuses_a_put_does_not_create,
    many_jobs_come_at_once,
    batches_have_bounds,
    a_job_may_be_called_batch,
    few_statements_are_asked,
);
