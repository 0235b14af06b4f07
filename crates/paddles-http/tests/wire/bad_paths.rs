//! Paths that name nothing, or nothing that can be.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

const NO_NAME: &str = "name takes text without slashes or NUL characters, other than '.' and '..'";
const NO_RUN: &str = "run was not found";
const NO_RUN_OF_JOBS: &str = "associated run was not found";
const NO_JOB: &str = "job was not found";

fn what_is_not_there_is_not_found(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "owner": "me" }));
    let before = service.get("/runs/r/").body;
    let check = |method: &str, path: &str, message: &str| {
        let body = if method == "PUT" { "{\"owner\": \"you\"}" } else { "" };
        assert_eq!(service.send(method, path, body.as_bytes()).refusal(), (404, message.to_owned()), "{method} {path}");
    };
    let no_job_to_update = "attempted to update a non-existent job";
    let no_job_to_delete = "attempted to delete a non-existent job";
    // The last ones cannot be names at all.
    let long = "n".repeat(1_025);
    for run in ["unknown", "R", "r%20", "%", "a%00b", "a%2Fb", "..", &long] {
        check("GET", &format!("/runs/{run}/"), NO_RUN);
        check("GET", &format!("/runs/{run}/?view=summary"), NO_RUN);
        check("DELETE", &format!("/runs/{run}/"), "attempted to delete a non-existent run");
        check("GET", &format!("/runs/{run}/jobs/"), NO_RUN_OF_JOBS);
        check("GET", &format!("/runs/{run}/jobs/1/"), NO_JOB);
        check("GET", &format!("/runs/{run}/1/"), NO_JOB);
        check("PUT", &format!("/runs/{run}/jobs/1/"), no_job_to_update);
        check("DELETE", &format!("/runs/{run}/jobs/1/"), no_job_to_delete);
        for path in ["", "jobs/", "jobs/1/", "1/"] {
            let answer = service.head(&format!("/runs/{run}/{path}"));
            assert_eq!((answer.status, answer.body.as_str()), (404, ""), "HEAD {run} {path}");
        }
    }
    for job_id in ["2", "01", "1%20", "a%00b", "a%2Fb", "..", ".", &long] {
        check("GET", &format!("/runs/r/jobs/{job_id}/"), NO_JOB);
        check("GET", &format!("/runs/r/{job_id}/"), NO_JOB);
        check("PUT", &format!("/runs/r/jobs/{job_id}/"), no_job_to_update);
        check("DELETE", &format!("/runs/r/jobs/{job_id}/"), no_job_to_delete);
    }
    assert_eq!(service.get("/runs/r/").body, before);
}

fn no_run_is_created_under_a_bad_name(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let check = |run: &str, message: &str| {
        let answer = service.post(&format!("/runs/{run}/jobs/"), json!({ "job_id": "1" }));
        assert_eq!(answer.refusal(), (400, message.to_owned()), "{run}");
        assert!(service.run_names().is_empty(), "{run}");
    };
    check("a%00b", NO_NAME);
    check("a%2Fb", NO_NAME);
    check("..", NO_NAME);
    check("%2E%2E", NO_NAME);
    check(&"n".repeat(1_025), "name takes at most 1024 characters (2600 bytes)");
    check(&"%C3%BC".repeat(1_301), "name takes at most 1024 characters (2600 bytes)");
}

/// No name holds such bytes, and reading them as something else would mix up names.
fn paths_outside_utf8_name_nothing(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("%EF%BF%BD", "\u{fffd}", &json!({ "owner": "me" }));
    let before = service.get("/runs/").body;
    let paths = ["/runs/%FF/", "/runs/%FF/jobs/", "/runs/%FF/jobs/1/", "/runs/r/jobs/%FF/", "/runs/%C3/", "/%FF"];
    for path in paths {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = service.send(method, path, b"{\"job_id\": \"1\"}");
            assert_eq!(answer.refusal(), (404, "resource was not found".to_owned()), "{method} {path}");
        }
    }
    assert_eq!(service.get("/runs/").body, before);
}

on_both!(what_is_not_there_is_not_found, no_run_is_created_under_a_bad_name, paths_outside_utf8_name_nothing);
