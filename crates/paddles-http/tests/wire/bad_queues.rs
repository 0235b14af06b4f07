//! Queues that cannot be, and pauses that are refused.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::bad_reports::no_objects;
use crate::service::Service;

const MISSING: &str = "could not find required key: 'queue'";
const SEGMENT: &str = "queue takes text without slashes or NUL characters, other than '.' and '..'";
const ABSENT: &str = "specified queue does not exist";

/// Bodies that name no queue.
fn no_queues() -> Vec<(String, String)> {
    let row = |json: &str, message: &str| (format!("{{\"queue\": {json}}}"), message.to_owned());
    let mut rows = no_objects();
    rows.push(("{}".to_owned(), MISSING.to_owned()));
    rows.extend(["null", "\"\""].map(|json| row(json, MISSING)));
    rows.extend(["5", "true", "[\"q\"]", "{}", "\"\\ud800\""].map(|json| row(json, "queue takes text")));
    rows.extend(["\"a/b\"", "\"..\"", "\"a\\u0000b\""].map(|json| row(json, SEGMENT)));
    rows.push(row(&format!("\"{}\"", "q".repeat(1_025)), "queue takes at most 1024 characters (2600 bytes)"));
    rows
}

fn no_queue_is_refused(database: TestDatabase) {
    let service = Service::on(database);
    for (body, message) in no_queues() {
        for answer in [
            service.post("/queue/", &body),
            service.put("/queue/", &body),
            service.post("/queue/stats/", &body),
            service.post("/queue/queued_jobs/", &body),
            service.send("GET", "/queue/queued_jobs/", body.as_bytes()),
        ] {
            assert_eq!(answer.refusal(), (400, message.clone()), "{body}");
        }
        assert_eq!(service.get("/queue/").json(), json!([]), "{body}");
    }
}

fn pauses_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    service.post("/queue/", json!({ "queue": "known" })).json();
    let before = service.get("/queue/").body;
    let check = |key: &str, json: &str, message: &str| {
        let body = |queue: &str| format!("{{\"queue\": \"{queue}\", \"{key}\": {json}}}");
        for answer in [service.post("/queue/", body("new")), service.put("/queue/", body("known"))] {
            assert_eq!(answer.refusal(), (400, message.to_owned()), "{key} {json}");
        }
        assert_eq!(service.get("/queue/").body, before, "{key} {json}");
    };
    let seconds = "pause_duration takes a number of seconds, at most 2147483647, or null";
    for odd in
        ["\"soon\"", "\"\"", "{}", "[60]", "true", "1e300", "1e400", "-1e300", "\"inf\"", "\"NaN\"", "\"6\\u0000\""]
    {
        check("pause_duration", odd, seconds);
    }
    for key in ["paused_until", "paused_since"] {
        let time = format!("{key} takes a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null");
        for odd in ["\"tomorrow\"", "\"\"", "5", "{}", "[]", "true", "\"2020-02-30 00:00:00\"", "\"2020-01-01\""] {
            check(key, odd, &time);
        }
        check(key, "\"10000-01-01 00:00:00\"", &time);
        check(key, "\"2020-01-01T00:00:00\"", &time);
    }
    let owner = "paused_by takes text of at most 1024 characters or null";
    for odd in ["{}", "[\"me\"]", "\"\\u0000\"", &format!("\"{}\"", "m".repeat(1_025))] {
        check("paused_by", odd, owner);
    }
    for seconds in ["60", "\"60\"", "-1", "1.5"] {
        check("pause_duration", seconds, "Cannot pause without specifying paused_by");
    }
}

fn absent_queues_are_told(database: TestDatabase) {
    let service = Service::on(database);
    let absent = (400, ABSENT.to_owned());
    for queue in ["none", "ü+&;#"] {
        let body = json!({ "queue": queue });
        assert_eq!(service.put("/queue/", &body).refusal(), absent);
        assert_eq!(service.post("/queue/stats/", &body).refusal(), absent);
        assert_eq!(service.post("/queue/queued_jobs/", &body).refusal(), absent);
        assert_eq!(service.send("GET", "/queue/queued_jobs/", body.to_string().as_bytes()).refusal(), absent);
    }
    // The last one is read as a name that no queue has.
    for queue in ["none", "%C3%BC%2B", "%00", "%FF"] {
        assert_eq!(service.get(&format!("/queue/stats/?queue={queue}")).refusal(), absent, "{queue}");
        for method in ["GET", "POST"] {
            let head = service.send(method, &format!("/queue/pop_queue/?queue={queue}"), b"");
            assert_eq!(head.json(), json!(null), "{method} {queue}");
        }
    }
    let long = format!("queue={}", "q".repeat(5_000));
    let check = |query: &str, message: &str| {
        for path in ["stats", "pop_queue"] {
            let answer = service.get(&format!("/queue/{path}/?{query}"));
            assert_eq!(answer.refusal(), (400, message.to_owned()), "{path} {query}");
        }
        assert_eq!(service.post(&format!("/queue/pop_queue/?{query}"), "").status, 400, "{query}");
    };
    check("", MISSING);
    check("queue=", MISSING);
    check("q=known", MISSING);
    check("queue=a/b", SEGMENT);
    check("queue=..", SEGMENT);
    check(&long, "queue takes at most 1024 characters (2600 bytes)");
    assert_eq!(service.get("/queue/").json(), json!([]));
}

fn parameters_of_queued_jobs_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    service.post("/queue/", json!({ "queue": "q" })).json();
    let ask = |query: &str| service.post(&format!("/queue/queued_jobs/?{query}"), json!({ "queue": "q" }));
    assert_eq!(ask("fields=bogus").refusal(), (400, "an invalid field was specified".to_owned()));
    assert_eq!(ask("run_name=a/b").status, 400);
    for query in ["run_name=%00", "user=%00", &format!("user={}", "u".repeat(5_000)), "run_name=&user=", "user=%FF"] {
        assert_eq!(ask(query).json(), json!([]), "{query}");
    }
}

on_both!(no_queue_is_refused, pauses_are_refused, absent_queues_are_told, parameters_of_queued_jobs_are_refused);
