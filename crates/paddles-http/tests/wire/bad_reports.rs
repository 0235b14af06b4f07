//! Bodies that are refused, and leave nothing behind.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

const NO_JSON: &str = "could not decode JSON body";
const NO_OBJECT: &str = "the body takes a JSON object";
const TOO_DEEP: &str = "JSON may nest at most 128 deep";
const STATUS: &str = "Job status must be one of: queued, waiting, running, pass, fail, dead, unknown";
const INTEGER: &str = "takes a number from -2147483648 to 2147483647 or null";
const TEXT: &str = "takes text without NUL characters, a number or null";
const INDEXED: &str = "takes text of at most 1024 characters without NUL characters, a number or null";
const SEGMENT: &str = "takes text without slashes or NUL characters, other than '.' and '..'";

/// Arrays in arrays.
fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// Bodies that no write takes.
pub(crate) fn no_objects() -> Vec<(String, String)> {
    let row = |body: &str, message: &str| (body.to_owned(), message.to_owned());
    vec![
        row("", NO_JSON),
        row("{", NO_JSON),
        row("{\"job_id\": 1,}", NO_JSON),
        row("{'job_id': 1}", NO_JSON),
        row("{\"job_id\": 1} {}", NO_JSON),
        row("job_id=1", NO_JSON),
        row("{\"owner\": \"a\nb\"}", NO_JSON),
        row("[]", NO_JSON),
        row("null", NO_JSON),
        row("NaN", NO_JSON),
        row("0", NO_JSON),
        row("[{\"job_id\": 1}]", NO_OBJECT),
        row("\"job_id\"", NO_OBJECT),
        row("5", NO_OBJECT),
        row("true", NO_OBJECT),
        row(&nested(129), TOO_DEEP),
        row(&"[".repeat(1_000_000), TOO_DEEP),
        row(&"{\"a\":".repeat(129), TOO_DEEP),
    ]
}

/// Keys with values that neither a new job nor an update takes.
fn bad_keys() -> Vec<(String, String)> {
    let row = |key: &str, json: &str, message: &str| {
        (format!("{{\"job_id\": \"1\", \"{key}\": {json}}}"), message.to_owned())
    };
    let takes = |key: &str, json: &str, takes: &str| row(key, json, &format!("{key} {takes}"));
    let truth = "takes true, false, 0, 1 or null";
    let name_time = "takes a time of the form YYYY-MM-DD_HH:MM:SS or null";
    let time = "takes a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null";
    vec![
        row("tasks", &nested(128), TOO_DEEP),
        row("unheard_of", &nested(128), TOO_DEEP),
        takes("owner", "\"a\\u0000b\"", TEXT),
        takes("owner", "\"\\ud800\"", TEXT),
        takes("owner", "{}", TEXT),
        takes("failure_reason", "[\"a\"]", TEXT),
        takes("branch", &format!("\"{}\"", "b".repeat(2_000)), INDEXED),
        takes("branch", &format!("\"{}\"", "€".repeat(1_000)), INDEXED),
        takes("sha1", "\"\\u0000\"", INDEXED),
        takes("machine_type", "{\"a\": 1}", INDEXED),
        row("status", "\"finished\"", STATUS),
        row("status", "\"Pass\"", STATUS),
        row("status", "\"\"", STATUS),
        row("status", "null", STATUS),
        row("status", "1", STATUS),
        row("status", "[\"pass\"]", STATUS),
        takes("timestamp", "\"yesterday\"", name_time),
        takes("timestamp", "\"2020-02-30_00:00:00\"", name_time),
        takes("timestamp", "\"2020-02-03 04:05:06\"", name_time),
        takes("timestamp", "5", name_time),
        takes("updated", "\"yesterday\"", time),
        takes("updated", "\"2020-02-03T04:05:06\"", time),
        takes("updated", "{}", time),
        takes("priority", "\"soon\"", INTEGER),
        takes("priority", "\"\"", INTEGER),
        takes("priority", "8589934592", INTEGER),
        takes("priority", "-2147483649", INTEGER),
        takes("seed", "1e400", INTEGER),
        takes("seed", "\"NaN\"", INTEGER),
        takes("seed", "\"inf\"", INTEGER),
        takes("duration", "true", INTEGER),
        takes("duration", "[1]", INTEGER),
        takes("success", "\"yes\"", truth),
        takes("success", "2", truth),
        takes("verbose", "{}", truth),
        takes("targets", "[\"host\"]", "takes an object of at most 1000 hosts or null"),
        takes("targets", "\"host\"", "takes an object of at most 1000 hosts or null"),
    ]
}

/// Ids with which no job can be made; an update does not look at them.
fn bad_ids() -> Vec<(String, String)> {
    let row = |json: &str, message: &str| (format!("{{\"job_id\": {json}, \"queue\": \"q\"}}"), message.to_owned());
    let missing = "could not find required key: 'job_id'";
    let no_segment = format!("job_id {SEGMENT}");
    let no_id = "job_id takes text or a number";
    vec![
        row("null", missing),
        row("\"\"", missing),
        row("\"a/b\"", &no_segment),
        row("\"..\"", &no_segment),
        row("\".\"", &no_segment),
        row("\"a\\u0000\"", no_id),
        row("{}", no_id),
        row("[1]", no_id),
        row("true", no_id),
        row(&format!("\"{}\"", "1".repeat(1_025)), "job_id takes at most 1024 characters (2600 bytes)"),
    ]
}

fn new_jobs_are_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post("/runs/", json!({ "name": "known" })).json();
    let empty = ("{}".to_owned(), NO_JSON.to_owned());
    for (body, message) in [no_objects(), bad_keys(), bad_ids(), vec![empty]].into_iter().flatten() {
        for run in ["known", "unknown"] {
            let answer = service.post(&format!("/runs/{run}/jobs/"), &body);
            assert_eq!(answer.refusal(), (400, message.clone()), "{body}");
        }
        assert_eq!(service.run_names(), ["known"], "{body}");
        assert!(service.job_ids("known").is_empty(), "{body}");
    }
}

fn updates_are_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "status": "running", "branch": "b", "tasks": [1], "priority": 5 }));
    let read = || (service.get("/runs/r/").body, service.get("/runs/").body);
    let before = read();
    for (body, message) in [no_objects(), bad_keys()].into_iter().flatten() {
        assert_eq!(service.put("/runs/r/jobs/1/", &body).refusal(), (400, message), "{body}");
        assert_eq!(read(), before, "{body}");
    }
}

fn new_runs_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    let missing = "could not find required key: 'name'";
    let rows = [
        ("{}", missing),
        ("{\"name\": null}", missing),
        ("{\"name\": \"\"}", missing),
        ("{\"user\": \"me\"}", missing),
        ("{\"name\": 5}", "name takes text"),
        ("{\"name\": [\"r\"]}", "name takes text"),
        ("{\"name\": {}}", "name takes text"),
        ("{\"name\": true}", "name takes text"),
        ("{\"name\": \"\\ud800\"}", "name takes text"),
        ("{\"name\": \"a/b\"}", &format!("name {SEGMENT}")),
        ("{\"name\": \"a\\u0000b\"}", &format!("name {SEGMENT}")),
        ("{\"name\": \"..\"}", &format!("name {SEGMENT}")),
        (&format!("{{\"name\": \"{}\"}}", "n".repeat(1_025)), "name takes at most 1024 characters (2600 bytes)"),
    ];
    let words = ["branch", "date", "machine_type", "status", "suite", "user", "sha1", "flavors", "queued"];
    let word = format!("name takes another text than {}", words.join(", "));
    let words = words.map(|name| (format!("{{\"name\": \"{name}\"}}"), word.clone()));
    let rows = rows.into_iter().map(|(body, message)| (body.to_owned(), message.to_owned())).chain(words);
    for (body, message) in no_objects().into_iter().chain(rows) {
        assert_eq!(service.post("/runs/", &body).refusal(), (400, message), "{body}");
        assert!(service.run_names().is_empty(), "{body}");
    }
    // Nor does a job create such a run: the other words are filters there, which take no job.
    let job = json!({ "job_id": "1", "name": "queued" });
    assert_eq!(service.post("/runs/queued/jobs/", &job).refusal(), (400, word));
    assert_eq!(service.post("/runs/branch/jobs/", &job).status, 405);
    assert!(service.run_names().is_empty());
}

/// A refused request must not spoil the next one on its connection or thread.
fn the_next_report_is_taken(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for round in 0..20 {
        service.post("/runs/r/jobs/", "{\"job_id\": 1, \"owner\": \"\\u0000\"}").refusal();
        service.post_job("r", &round.to_string(), &json!({ "owner": "me" }));
    }
    assert_eq!(service.job_ids("r").len(), 20);
}

on_both!(new_jobs_are_refused, updates_are_refused, new_runs_are_refused, the_next_report_is_taken);
