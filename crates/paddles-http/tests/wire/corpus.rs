//! What the fuzzer found worth keeping (`fuzz/corpus`) is said again: to what reads requests, with the same checks, and through
//! sockets, where nothing may be a failure of the service and what is taken must be shown.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use paddles_diesel::testing::TestDatabase;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::service::Service;

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a crate of its own where the fuzzer runs")]
mod checks;

type Check = fn(&[u8]);

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(inputs.len() > 20, "{target} has {} inputs", inputs.len());
    inputs
}

#[test]
fn every_input_keeps_the_rules() {
    let targets: [(&str, Check); 4] = [
        ("job_patches", checks::job_patches::check),
        ("query_strings", checks::query_strings::check),
        ("run_names", checks::run_names::check),
        ("timestamps", checks::timestamps::check),
    ];
    for (target, check) in targets {
        for input in corpus(target) {
            let outcome = catch_unwind(|| check(&input));
            assert!(outcome.is_ok(), "{target}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}

/// The bytes as one segment of a path, or one value of a query.
fn escape(input: &[u8]) -> String {
    percent_encode(input, NON_ALPHANUMERIC).to_string()
}

/// The bytes with what no URL can hold escaped, and what parts it as it is.
fn escape_rest(input: &[u8]) -> String {
    const URL: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'%').remove(b'&').remove(b'=').remove(b'/').remove(b'+').remove(b'-').remove(b'_');
    percent_encode(input, URL).to_string()
}

/// It is an answer: the service has not failed.
fn is_answered(answer: &Answer, input: &[u8]) -> bool {
    let status = answer.status;
    assert!(matches!(status, 200 | 302 | 400 | 403 | 404 | 405), "{status} to {:?}", String::from_utf8_lossy(input));
    status == 200
}

fn bodies_are_stored_or_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("patched", "1", &json!({}));
    let mut taken = 0;
    for input in corpus("job_patches") {
        let posted = service.send("POST", "/runs/r/jobs/", &input);
        if is_answered(&posted, &input) {
            taken += 1;
            let id = posted.json()["job_id"].as_str().unwrap().to_owned();
            // Parsed by bytes: numbers of a document may be larger than any that Rust has.
            let job = service.get(&format!("/runs/r/jobs/{}/", escape(id.as_bytes())));
            assert!(job.status == 200 && job.body.starts_with('{'), "{id}: {}", job.body);
        }
        is_answered(&service.send("PUT", "/runs/patched/jobs/1/", &input), &input);
        is_answered(&service.send("POST", "/nodes/", &input), &input);
        is_answered(&service.send("POST", "/queue/", &input), &input);
    }
    assert!(taken > 5, "{taken} reports were taken");
    assert_eq!(service.job_ids("r").len(), taken);
    assert_eq!(service.get("/nodes/").status, 200);
    assert_eq!(service.get("/queue/").status, 200);
}

fn names_are_stored_or_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let mut taken = 0;
    for input in corpus("run_names") {
        let Ok(name) = str::from_utf8(&input) else { continue };
        let created = service.post("/runs/", json!({ "name": name }));
        if is_answered(&created, &input) {
            taken += 1;
            let run = service.get(&format!("/runs/{}/", escape(&input))).json();
            assert_eq!(run["name"], name);
        }
        if is_answered(&service.post("/nodes/", json!({ "name": name })), &input) {
            assert_eq!(service.get(&format!("/nodes/{}/", escape(&input))).json()["name"], name);
        }
    }
    assert!(taken > 5, "{taken} runs were taken");
    assert_eq!(service.each("name", "/runs/?fields=name&count=10000").len(), taken);
}

fn times_are_stored_or_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for input in corpus("timestamps") {
        let Ok(text) = str::from_utf8(&input) else { continue };
        let posted = service.post("/runs/r/jobs/", json!({ "updated": text }));
        if is_answered(&posted, &input) {
            let id = posted.json()["job_id"].as_str().unwrap().to_owned();
            let updated = service.get(&format!("/runs/r/jobs/{id}/")).json()["updated"].clone();
            let again = service.put(&format!("/runs/r/jobs/{id}/"), json!({ "updated": updated }));
            assert_eq!(again.status, 200, "{updated}");
            assert_ne!(updated, Value::Null);
        }
        let text = escape(&input);
        for path in [
            format!("/runs/?before={text}"),
            format!("/jobs/?posted_after={text}&before={text}"),
            format!("/runs/date/{text}/"),
            format!("/runs/date/from/{text}/to/{text}/"),
        ] {
            is_answered(&service.get(&path), &input);
        }
    }
}

fn queries_are_answered_or_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "branch": "main", "sha1": "ab" }));
    for input in corpus("query_strings") {
        let text = escape_rest(&input);
        for path in ["/runs/", "/jobs/", "/nodes/", "/runs/r/jobs/", "/queue/"] {
            is_answered(&service.get(&format!("{path}?{text}")), &input);
        }
        is_answered(&service.get(&format!("/runs/{text}/")), &input);
    }
}

on_both!(
    bodies_are_stored_or_refused,
    names_are_stored_or_refused,
    times_are_stored_or_refused,
    queries_are_answered_or_refused,
);
