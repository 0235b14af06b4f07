//! Answers that a client knows already.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

const NAME: &str = "ann-2020-01-02_03:04:05-rados-main-testing-basic-mira";

fn filled(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    let job = json!({ "status": "queued", "queue": "q", "sha1": "abc", "targets": { "me@n": "k" } });
    service.post_job(NAME, "1", &job);
    service.post("/queue/", json!({ "queue": "q" })).json();
    service
}

/// The tag of an answer.
fn tag(service: &Service, path: &str) -> String {
    let answer = service.get(path);
    answer.json();
    assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    let tag = answer.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    tag
}

fn what_is_known_is_not_sent(database: TestDatabase) {
    let service = filled(database);
    let of_run = ["", "?view=summary", "jobs/", "jobs/?fields=job_id", "jobs/1/", "1/"];
    let mut paths: Vec<String> = of_run.map(|path| format!("/runs/{NAME}/{path}")).into();
    paths.extend(
        [
            "/",
            "/runs/",
            "/runs/?fields=name",
            "/runs/queued/",
            "/runs/branch/",
            "/runs/branch/main/",
            "/jobs/",
            "/nodes/",
            "/nodes/n/",
            "/nodes/n/jobs/",
            "/nodes/job_stats/",
            "/queue/",
            "/queue/stats/?queue=q",
        ]
        .map(str::to_owned),
    );
    for path in &paths {
        let tag = tag(&service, path);
        for method in ["GET", "HEAD"] {
            let answer = service.ask_with(&[("If-None-Match", &tag), ("Accept-Encoding", "zstd")], method, path);
            if method == "HEAD" && answer.header("etag").is_none() {
                // Nothing was read for it, so nothing is known of it.
                assert_eq!((answer.status, path.contains(NAME)), (200, true), "{path}");
                continue;
            }
            assert_eq!((answer.status, &*answer.body), (304, ""), "{method} {path}");
            let header = |name| answer.header(name);
            assert_eq!((header("etag"), header("cache-control")), (Some(&*tag), Some("no-cache")), "{path}");
            assert_eq!((header("vary"), header("access-control-allow-origin")), (Some("Accept-Encoding"), Some("*")));
            assert_eq!(
                (header("content-type"), header("content-encoding"), header("content-length")),
                (None, None, None)
            );
        }
    }
}

fn a_304_has_no_body_on_the_wire(database: TestDatabase) {
    let service = filled(database);
    let mut connection = RawConnection::to(&service);
    let known = format!("If-None-Match: {}\r\n", tag(&service, "/runs/"));
    connection.send(last_request("GET", "/runs/", &known, ""));
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1, "{answer}");
    assert!(!answer.to_lowercase().contains("transfer-encoding"), "{answer}");
}

fn tags_are_compared_weakly(database: TestDatabase) {
    let service = filled(database);
    let tag = tag(&service, "/runs/");
    let strong = tag.trim_start_matches("W/");
    let check = |known: &str, status: u16| {
        assert_eq!(service.ask_with(&[("If-None-Match", known)], "GET", "/runs/").status, status, "{known}");
    };
    check(&tag, 304);
    check(strong, 304);
    check("*", 304);
    check(&format!("\"other\", {tag}"), 304);
    check(&format!("W/\"other\",{strong} , \"third\""), 304);
    check("\"other\"", 200);
    check("\"\"", 200);
    check("", 200);
    check(strong.trim_matches('"'), 200);
    check(&tag.to_uppercase().replace("W/", ""), 200);
    check("nonsense, \"", 200);
    let both = [("If-None-Match", "\"other\""), ("If-None-Match", tag.as_str())];
    assert_eq!(service.ask_with(&both, "GET", "/runs/").status, 304);
}

fn a_change_changes_the_tag(database: TestDatabase) {
    let service = filled(database);
    let job = format!("/runs/{NAME}/jobs/1/");
    let paths = ["/runs/".to_owned(), format!("/runs/{NAME}/"), format!("/runs/{NAME}/jobs/"), job.clone()];
    let tags = || paths.each_ref().map(|path| tag(&service, path));
    let before = tags();
    assert_eq!(tags(), before);
    service.put(&job, json!({ "status": "running" })).json();
    let after = tags();
    for (place, path) in paths.iter().enumerate() {
        assert_ne!(before[place], after[place], "{path}");
        let answer = service.ask_with(&[("If-None-Match", &before[place])], "GET", path);
        assert_eq!(answer.status, 200, "{path}");
        answer.json();
    }
    assert_ne!(tag(&service, "/runs/"), tag(&service, "/runs/?fields=name"));
}

/// Why a run's page has no tag that is made of its row.
fn a_run_does_not_tell_of_every_change(database: TestDatabase) {
    let service = filled(database);
    let (run, job) = (format!("/runs/{NAME}/"), format!("/runs/{NAME}/jobs/1/"));
    let at_a_time = |comment: &str| json!({ "updated": "2020-01-02 03:04:05", "comment": comment });
    service.put(&job, at_a_time("first")).json();
    let (row, page) = (tag(&service, "/runs/"), tag(&service, &run));
    service.put(&job, at_a_time("second")).json();
    assert_eq!(tag(&service, "/runs/"), row);
    assert_ne!(tag(&service, &run), page);
}

fn only_whole_reads_that_succeed_have_tags(database: TestDatabase) {
    let service = filled(database);
    let any = [("If-None-Match", "*")];
    let check = |method: &str, path: &str, status: u16| {
        let answer = service.ask_with(&any, method, path);
        let header = |name| answer.header(name);
        assert_eq!((answer.status, header("etag"), header("cache-control")), (status, None, None), "{method} {path}");
    };
    check("GET", "/runs/none/", 404);
    check("GET", "/runs/?count=x", 400);
    check("GET", "/errors/unavailable/", 503);
    check("GET", "/runs", 302);
    check("POST", "/queue/stats/?queue=q", 200);
    check("POST", "/queue/pop_queue/?queue=q", 200);
    check("OPTIONS", "/runs/", 200);
    for number in 100..165 {
        service.post_job(NAME, &number.to_string(), &json!({}));
    }
    check("GET", &format!("/runs/{NAME}/"), 200);
    check("GET", &format!("/runs/{NAME}/jobs/"), 200);
    check("HEAD", &format!("/runs/{NAME}/"), 200);
}

on_both!(
    what_is_known_is_not_sent,
    a_304_has_no_body_on_the_wire,
    tags_are_compared_weakly,
    a_change_changes_the_tag,
    a_run_does_not_tell_of_every_change,
    only_whole_reads_that_succeed_have_tags,
);
