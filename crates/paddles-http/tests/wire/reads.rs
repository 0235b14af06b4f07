//! Reads: they change nothing, and HEAD tells of them without a body.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

const NAME: &str = "ann-2020-01-02_03:04:05-rados-main-testing-basic-mira";

/// Something of every kind.
fn filled(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    let job = json!({ "status": "queued", "queue": "q", "priority": 5, "sha1": "abc", "flavor": "default",
        "targets": { "me@n": "k" }, "description": "rados/basic", "user": "ann" });
    service.post_job(NAME, "1", &job);
    service.post_job(NAME, "2", &json!({ "status": "pass", "targets": { "me@n": "k" } }));
    service.post("/queue/", json!({ "queue": "q" })).json();
    service
}

/// Every path that GET serves.
fn paths() -> Vec<String> {
    let of_run = ["", "?view=summary", "jobs/", "jobs/?fields=job_id", "jobs/1/", "1/"];
    let filters = ["branch", "date", "machine_type", "status", "suite", "user", "sha1", "flavors"];
    let filtered = [
        "branch/main/",
        "date/2020-01-02/",
        "date/today/",
        "machine_type/mira/",
        "status/running/",
        "suite/rados/",
        "user/ann/",
        "sha1/ab/",
        "flavors/default/",
        "user/ann/flavor/",
        "date/from/2020-01-01/to/2020-01-02",
    ];
    let others = [
        "/",
        "/runs/",
        "/runs/?view=summary",
        "/runs/queued/",
        "/jobs/",
        "/jobs/?description=rados",
        "/nodes/",
        "/nodes/machine_types/",
        "/nodes/job_stats/",
        "/nodes/n/",
        "/nodes/n/jobs/",
        "/nodes/n/job_stats/",
        "/queue/",
        "/queue/stats/?queue=q",
        "/queue/pop_queue/?queue=q",
    ];
    let mut paths: Vec<String> = others.map(str::to_owned).into();
    paths.extend(of_run.map(|path| format!("/runs/{NAME}/{path}")));
    paths.extend(filters.map(|word| format!("/runs/{word}/")));
    paths.extend(filtered.map(|path| format!("/runs/{path}")));
    paths
}

fn reads_change_nothing(database: TestDatabase) {
    let service = filled(database);
    let read_all = || -> Vec<(String, String)> {
        paths().into_iter().map(|path| (service.get(&path).json().to_string(), path)).collect()
    };
    let first = read_all();
    for path in paths() {
        assert_eq!(service.head(&path).status, 200, "{path}");
    }
    for path in ["/nodes/n/lock/", "/nodes/lock_many/", "/nodes/unlock_many/", "/errors/invalid/", "/nothing/"] {
        assert!(service.get(path).status >= 400, "{path}");
    }
    assert_eq!(read_all(), first);
}

fn head_never_has_a_body(database: TestDatabase) {
    let service = filled(database);
    let check = |path: &str, status: u16| {
        let mut connection = RawConnection::to(&service);
        connection.send(last_request("HEAD", path, "", ""));
        let answer = connection.read_to_end();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1, "{path}: {answer}");
    };
    for path in paths() {
        check(&path, 200);
    }
    check("/errors/invalid/", 400);
    check("/errors/forbidden/", 403);
    check("/errors/not_found/", 404);
    check("/errors/unavailable/", 503);
    check("/queue/queued_jobs/", 400);
    check("/nodes/none/", 404);
    check("/nodes/none/jobs/", 404);
    check("/nodes/n/lock/", 400);
    check("/nodes/lock_many/", 400);
    check("/runs/date/from/", 404);
    check("/runs/date/bad/", 400);
    check("/runs/user/ann", 302);
}

fn actions_answer_with_and_without_slash(database: TestDatabase) {
    let service = filled(database);
    let get = |path: &str| {
        let answer = service.get(path);
        (answer.status, answer.body)
    };
    for path in [
        "/errors/invalid/",
        "/errors/forbidden/",
        "/errors/not_found/",
        "/errors/unavailable/?error_message=x/",
        "/nodes/lock_many/",
        "/nodes/unlock_many/",
        "/nodes/machine_types/",
        "/nodes/job_stats/",
        "/nodes/job_stats/?since_days=0",
        "/nodes/n/lock/",
        "/nodes/n/jobs/?count=1",
        "/nodes/n/job_stats/",
        "/queue/pop_queue/?queue=q",
        "/queue/stats/?queue=q",
        "/queue/queued_jobs/",
        "/runs/date/from/2020-01-01/to/2020-01-02/?count=1",
        "/runs/user/ann/date/from/2020-01-01/to/2020-01-02/",
    ] {
        let without = path.replacen("/?", "?", 1);
        let without = without.strip_suffix('/').filter(|_| !without.contains('?')).unwrap_or(&without);
        assert_ne!(get(path).0, 302, "{path}");
        assert_eq!(get(without), get(path), "{without}");
    }
}

on_both!(reads_change_nothing, head_never_has_a_body, actions_answer_with_and_without_slash);
