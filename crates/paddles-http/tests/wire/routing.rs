//! Which path and method leads where, and what surrounds every answer.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::answer::Answer;
use crate::raw::{RawConnection, last_request};
use crate::service::Service;

fn with_job(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "owner": "me" }));
    service
}

fn reads_without_slash_are_redirected(database: TestDatabase) {
    let service = with_job(database);
    let check = |path: &str, expected: &str| {
        for answer in [service.get(path), service.head(path)] {
            assert_eq!((answer.status, answer.header("location")), (302, Some(expected)), "{path}");
        }
    };
    check("/runs", "/runs/");
    check("/runs?count=1&fields=name,%20x", "/runs/?count=1&fields=name,%20x");
    check("/runs/r", "/runs/r/");
    check("/runs/r?fields=name", "/runs/r/?fields=name");
    check("/runs/r/jobs", "/runs/r/jobs/");
    check("/runs/r/jobs?status=dead", "/runs/r/jobs/?status=dead");
    check("/runs/r/jobs/1", "/runs/r/jobs/1/");
    check("/runs/r/1", "/runs/r/1/");
    check("/runs/a%20b%2Fc%25?x=%3F", "/runs/a%20b%2Fc%25/?x=%3F");
    for path in [
        "/runs/queued",
        "/runs/user",
        "/runs/user/ann",
        "/runs/user/ann/date/2020-01-01",
        "/jobs",
        "/nodes",
        "/nodes/n",
        "/queue",
    ] {
        check(path, &format!("{path}/"));
        check(&format!("{path}?count=1&since=%20"), &format!("{path}/?count=1&since=%20"));
    }
    // Not to another host, whatever the path looks like.
    check("//runs//r", "/runs/r/");
}

fn writes_without_slash_are_served(database: TestDatabase) {
    let service = Service::admitting_all(database);
    assert_eq!(service.post("/runs", json!({ "name": "r" })).json(), json!({}));
    assert_eq!(service.post("/runs/r/jobs", json!({ "job_id": "1" })).json(), json!({ "job_id": "1" }));
    assert_eq!(service.put("/runs/r/jobs/1", json!({ "owner": "me" })).json(), json!({}));
    assert_eq!(service.get("/runs/r/jobs/1/").json()["owner"], "me");
    assert_eq!(service.delete("/runs/r/jobs/1").json(), json!({}));
    assert!(service.job_ids("r").is_empty());
    assert_eq!(service.delete("/runs/r").json(), json!({}));
    assert_eq!(service.post("/nodes", json!({ "name": "n" })).json(), json!({}));
    assert_eq!(service.put("/nodes/n", json!({ "up": true })).json(), json!({}));
    assert_eq!(service.get("/nodes/n/").json()["up"], true);
    assert_eq!(service.delete("/nodes/n").json(), json!({}));
    assert_eq!(service.get("/nodes/").json(), json!([]));
    assert_eq!(service.post("/queue", json!({ "queue": "q" })).json(), json!({}));
    assert_eq!(service.put("/queue", json!({ "queue": "q", "paused_by": "me" })).json(), json!({}));
    assert_eq!(service.get("/queue/").json()[0]["paused_by"], "me");
    assert!(service.run_names().is_empty());
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];

fn other_methods_are_not_allowed(database: TestDatabase) {
    let service = with_job(database);
    let before = service.get("/runs/r/").body;
    let check = |path: &str, allow: &str| {
        for path in [path, path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path)] {
            let options = service.ask("OPTIONS", path);
            assert_eq!(
                (options.status, options.header("allow"), options.body.as_str()),
                (200, Some(allow), ""),
                "{path}"
            );
            for method in METHODS.into_iter().filter(|method| !allow.split(", ").any(|allowed| allowed == *method)) {
                let answer = service.send(method, path, b"{\"job_id\": \"2\", \"name\": \"s\"}");
                let message = format!("{method} is not allowed here; these are: {allow}");
                assert_eq!(answer.refusal(), (405, message), "{path}");
                assert_eq!(answer.header("allow"), Some(allow), "{path}");
            }
        }
    };
    check("/", "OPTIONS, GET, HEAD");
    check("/runs/", "OPTIONS, GET, HEAD, POST");
    check("/runs/r/", "OPTIONS, GET, HEAD, DELETE");
    check("/runs/r/jobs/", "OPTIONS, GET, HEAD, POST");
    check("/runs/r/jobs/1/", "OPTIONS, GET, HEAD, PUT, DELETE");
    check("/runs/r/1/", "OPTIONS, GET, HEAD");
    for path in [
        "/runs/queued/",
        "/runs/user/",
        "/runs/user/ann/",
        "/runs/date/from/2020-01-01/to/2020-01-02/",
        "/jobs/",
        "/errors/invalid/",
        "/nodes/machine_types/",
        "/nodes/job_stats/",
        "/nodes/n/jobs/",
        "/nodes/n/job_stats/",
    ] {
        check(path, "OPTIONS, GET, HEAD");
    }
    check("/nodes/", "OPTIONS, GET, HEAD, POST");
    check("/nodes/n/", "OPTIONS, GET, HEAD, PUT, DELETE");
    check("/queue/", "OPTIONS, GET, HEAD, POST, PUT");
    check("/queue/pop_queue/", "OPTIONS, GET, HEAD, POST");
    check("/queue/stats/", "OPTIONS, GET, HEAD, POST");
    check("/queue/queued_jobs/", "OPTIONS, GET, HEAD, POST");
    assert_eq!(service.get("/nodes/").json(), json!([]));
    assert_eq!(service.get("/runs/r/").body, before);
}

/// Their sentences are those that lock tools know.
fn other_methods_cannot_lock(database: TestDatabase) {
    let service = with_job(database);
    service.post_node("n", &json!({ "up": true, "machine_type": "mira" }));
    let before = service.get("/nodes/").body;
    let body = b"{\"locked\": true, \"locked_by\": \"me\"}";
    for slash in ["", "/"] {
        for path in ["/nodes/lock_many", "/nodes/unlock_many"] {
            let path = format!("{path}{slash}");
            for method in ["GET", "PUT", "DELETE", "PATCH"] {
                let refusal = (400, "this URI only supports POST requests".to_owned());
                assert_eq!(service.send(method, &path, body).refusal(), refusal, "{method} {path}");
            }
            let options = service.ask("OPTIONS", &path);
            assert_eq!((options.status, options.header("allow")), (200, Some("OPTIONS, POST")), "{path}");
        }
        let path = format!("/nodes/n/lock{slash}");
        for method in ["GET", "DELETE", "PATCH"] {
            let refusal = format!("this URI only supports PUT and POST requests but {method} was attempted");
            assert_eq!(service.send(method, &path, body).refusal(), (400, refusal), "{path}");
        }
        let options = service.ask("OPTIONS", &path);
        assert_eq!((options.status, options.header("allow")), (200, Some("OPTIONS, PUT, POST")), "{path}");
    }
    assert_eq!(service.get("/nodes/").body, before);
}

fn repeated_slashes_count_as_one(database: TestDatabase) {
    let service = with_job(database);
    assert_eq!(service.get("//runs/r//jobs/1/").json()["job_id"], "1");
    assert_eq!(service.get("///runs///r/").json()["name"], "r");
    assert_eq!(service.get("//runs//?fields=name&x=//").json(), json!([{ "name": "r" }]));
    assert_eq!(service.put("//runs/r/jobs//1//", json!({ "owner": "you" })).json(), json!({}));
    assert_eq!(service.get("/runs/r/jobs/1/").json()["owner"], "you");
    service.post("//nodes//", json!({ "name": "n", "machine_type": "mira", "up": true })).json();
    assert_eq!(service.get("//nodes///n//").json()["name"], "n");
    assert_eq!(service.get("/nodes//machine_types").json(), json!(["mira"]));
    assert_eq!(service.put("/nodes//n//lock", json!({ "locked": true, "locked_by": "me" })).json()["locked"], true);
    assert_eq!(service.get("//runs//status//unknown//?fields=name").json(), json!([{ "name": "r" }]));
    assert_eq!(service.get("//runs//date/from//2020-01-01/to//2020-01-02").json(), json!([]));
    assert_eq!(service.get("//queue//pop_queue?queue=q").json(), json!(null));
    assert_eq!(service.get("/jobs//?fields=job_id").json(), json!([{ "job_id": "1" }]));
}

fn both_paths_of_a_job_answer_it(database: TestDatabase) {
    let service = with_job(database);
    assert_eq!(service.get("/runs/r/1/").body, service.get("/runs/r/jobs/1/").body);
    // Of a job that is called like the list only one path is left.
    service.post_job("r", "jobs", &json!({}));
    assert_eq!(service.get("/runs/r/jobs/jobs/").json()["job_id"], "jobs");
    assert!(service.get("/runs/r/jobs/").json().is_array());
}

fn nothing_else_is_there(database: TestDatabase) {
    let service = with_job(database);
    for path in
        ["/nothing", "/run/", "/runs/r/jobs/1/x/", "/runs/r/1/2/", "/favicon.ico", "/index.html", "/../etc/passwd"]
    {
        for method in METHODS.into_iter().filter(|method| *method != "HEAD") {
            let answer = service.send(method, path, b"");
            assert_eq!(answer.refusal(), (404, "resource was not found".to_owned()), "{method} {path}");
        }
        assert_eq!(service.head(path).status, 404);
    }
}

fn head_has_no_body(database: TestDatabase) {
    let service = with_job(database);
    let paths = ["/", "/runs/", "/runs/r/", "/runs/r/?view=summary", "/runs/r/jobs/", "/runs/r/jobs/1/", "/runs/r/1/"];
    let check = |path: &str, status: &str| {
        let mut connection = RawConnection::to(&service);
        connection.send(last_request("HEAD", path, "", ""));
        let answer = connection.read_to_end();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1, "{path}: {answer}");
    };
    for path in paths {
        check(path, "200");
    }
    check("/runs/unknown/", "404");
    check("/nothing", "404");
}

/// A dashboard on another origin can read every answer.
fn every_answer_is_for_every_origin(database: TestDatabase) {
    let service = with_job(database);
    let check = |answer: Answer, status: u16| {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{status}");
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, OPTIONS"), "{status}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("origin, authorization, accept"), "{status}");
    };
    check(service.get("/"), 200);
    check(service.get("/runs/r/"), 200);
    check(service.get("/runs/r/jobs/"), 200);
    check(service.head("/runs/r/"), 200);
    check(service.put("/runs/r/jobs/1/", "{}"), 200);
    check(service.get("/runs"), 302);
    check(service.get("/runs/?count=x"), 400);
    check(service.post("/runs/", "{"), 400);
    check(service.get("/runs/unknown/"), 404);
    check(service.get("/nothing"), 404);
    check(service.get("/runs/%FF/"), 404);
    check(service.put("/runs/", "{}"), 405);
    check(service.ask("OPTIONS", "/runs/"), 200);
    check(service.ask("OPTIONS", "/runs/r/jobs/1"), 200);
}

on_both!(
    reads_without_slash_are_redirected,
    writes_without_slash_are_served,
    other_methods_are_not_allowed,
    other_methods_cannot_lock,
    repeated_slashes_count_as_one,
    both_paths_of_a_job_answer_it,
    nothing_else_is_there,
    head_has_no_body,
    every_answer_is_for_every_origin,
);
