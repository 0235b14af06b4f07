//! What reports may say in their own way: a refused report stops a dispatcher.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

/// Members of a report, a key of the job's document, and the value that is expected there.
fn reports() -> Vec<(String, &'static str, Value)> {
    let row = |sent: &str, key, expected| (sent.to_owned(), key, expected);
    let long = "o".repeat(100_000);
    let indexed = "b".repeat(1_024);
    vec![
        // Numbers.
        row(r#""duration": 1234.56"#, "duration", json!(1235)),
        row(r#""duration": 1.5"#, "duration", json!(2)),
        row(r#""duration": 2.5"#, "duration", json!(3)),
        row(r#""duration": -2.5"#, "duration", json!(-3)),
        row(r#""duration": 0.49"#, "duration", json!(0)),
        row(r#""seed": 1e3"#, "seed", json!(1000)),
        row(r#""seed": "77""#, "seed", json!(77)),
        row(r#""seed": " 3.5 ""#, "seed", json!(4)),
        row(r#""seed": -2147483648"#, "seed", json!(i32::MIN)),
        row(r#""seed": 2147483647.4"#, "seed", json!(i32::MAX)),
        row(r#""seed": null"#, "seed", Value::Null),
        // Numbers for text.
        row(r#""pid": 123"#, "pid", json!("123")),
        row(r#""os_version": 22.04"#, "os_version", json!("22.04")),
        row(r#""os_version": 8.0"#, "os_version", json!("8.0")),
        row(r#""failure_reason": 5"#, "failure_reason", json!("5")),
        row(r#""branch": 17"#, "branch", json!("17")),
        // What Python calls numbers.
        row(r#""duration": NaN"#, "duration", Value::Null),
        row(r#""seed": -Infinity"#, "seed", Value::Null),
        row(r#""tasks": Infinity"#, "tasks", Value::Null),
        row(
            r#""tasks": [NaN, {"a": Infinity, "NaN": "NaN"}, -Infinity]"#,
            "tasks",
            json!([null, {"a": null, "NaN": "NaN"}, null]),
        ),
        row(r#""owner": "NaN""#, "owner", json!("NaN")),
        // Truth.
        row(r#""verbose": 1"#, "verbose", json!(true)),
        row(r#""verbose": 0"#, "verbose", json!(false)),
        row(r#""success": 1"#, "success", json!(true)),
        row(r#""last_in_suite": false"#, "last_in_suite", json!(false)),
        // Keys.
        row(r#""nuke-on-error": true"#, "nuke_on_error", json!(true)),
        row(r#""mon.a-kernel-sha1": "a""#, "mon_a_kernel_sha1", json!("a")),
        row(r#""tube": {"a": [1]}, "owner": "me""#, "owner", json!("me")),
        row(r#""": 1, "\u0000": 2, "id": 7, "run_id": 9, "posted": "never", "owner": "me""#, "owner", json!("me")),
        row(r#""owner": "me", "owner": "you""#, "owner", json!("you")),
        row(r#""os-type": "a", "os_type": "b""#, "os_type", json!("b")),
        row(r#""status": "dead", "status": "running""#, "status", json!("running")),
        // Texts and documents of any size and kind.
        row(&format!(r#""owner": "{long}""#), "owner", json!(long)),
        row(&format!(r#""branch": "{indexed}""#), "branch", json!(indexed)),
        row(r#""owner": """#, "owner", json!("")),
        row(r#""owner": "\u00fc\ud83d\ude00\"\\\n""#, "owner", json!("ü😀\"\\\n")),
        row(r#""kernel": "text""#, "kernel", json!("text")),
        row(r#""roles": 5"#, "roles", json!(5)),
        row(r#""overrides": []"#, "overrides", json!([])),
        row(r#""targets": {}"#, "targets", json!({})),
        row(r#""targets": null"#, "targets", Value::Null),
        row(r#""tasks": ["\u0000", "?", "\u2028"]"#, "tasks", json!(["\0", "?", "\u{2028}"])),
        // Times.
        row(r#""timestamp": "2020-02-03_04:05:06""#, "timestamp", json!("2020-02-03 04:05:06")),
        row(r#""timestamp": null"#, "timestamp", Value::Null),
        row(r#""updated": "2020-02-03 04:05:06.7""#, "updated", json!("2020-02-03 04:05:06")),
    ]
}

fn reports_are_read_leniently(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "updated", &json!({}));
    for (place, (sent, key, expected)) in reports().into_iter().enumerate() {
        service.post("/runs/r/jobs/", format!("{{\"job_id\": {place}, {sent}}}")).json();
        let check = |job_id: &str| {
            let shown: String = sent.chars().take(200).collect();
            assert_eq!(service.get(&format!("/runs/r/jobs/{job_id}/")).json()[key], expected, "{job_id}: {shown}");
        };
        check(&place.to_string());
        if key != "status" {
            service.put("/runs/r/jobs/updated/", format!("{{{sent}}}")).json();
            check("updated");
        }
    }
    let list = service.get("/runs/r/jobs/?fields=job_id").json();
    assert_eq!(list.as_array().unwrap().len(), reports().len() + 1);
}

/// As deep as JSON parsers of clients go by default, answers may go one deeper.
fn documents_nest_deep(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    service.post("/runs/r/jobs/", format!("{{\"job_id\": 1, \"tasks\": {deep}}}")).json();
    let job = service.get("/runs/r/jobs/1/");
    assert!(job.body.contains(&format!("\"tasks\":{deep}")), "{}", job.body);
}

/// Documents are sent on as they came, to the blank.
fn documents_are_never_rebuilt(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let document = r#"{ "z": 1.50,  "a": 1e2, "z": 12345678901234567890123, "\u00fc": "\/" }"#;
    service.post("/runs/r/jobs/", format!("{{\"job_id\": 1, \"overrides\": {document}}}")).json();
    let job = service.get("/runs/r/jobs/1/");
    assert!(job.body.contains(&format!("\"overrides\":{document}")), "{}", job.body);
}

fn any_content_type_is_json(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"] {
        let body = format!("{{\"job_id\": \"{}\"}}", content_type.len());
        assert_eq!(
            service.send_as(content_type, "POST", "/runs/r/jobs/", body.as_bytes()).status,
            200,
            "{content_type}"
        );
    }
    let mut connection = RawConnection::to(&service);
    connection.send(last_request("PUT", "/runs/r/jobs/10/", "Content-Length: 15\r\n", "{\"owner\": \"me\"}"));
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(service.get("/runs/r/jobs/10/").json()["owner"], "me");
}

fn an_update_may_say_nothing_and_never_renames(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "owner": "me" }));
    service.post_job("r", "2", &json!({ "owner": "you" }));
    for body in [
        "{}",
        " \r\n\t{ } ",
        "{\"job_id\": \"2\"}",
        "{\"job_id\": 7}",
        "{\"job_id\": null}",
        "{\"job_id\": \"a/b\"}",
        "{\"job-id\": {}}",
        "{\"unheard_of\": []}",
    ] {
        assert_eq!(service.put("/runs/r/jobs/1/", body).json(), json!({}), "{body}");
        assert_eq!(service.job_ids("r"), ["2", "1"], "{body}");
        assert_eq!(service.get("/runs/r/jobs/1/").json()["owner"], "me", "{body}");
    }
}

fn an_id_may_be_a_number(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let check = |sent: &str, job_id: &str| {
        let answer = service.post("/runs/r/jobs/", format!("{{\"job_id\": {sent}}}"));
        assert_eq!(answer.json(), json!({ "job_id": job_id }));
        let again = service.post("/runs/r/jobs/", format!("{{\"job_id\": \"{job_id}\"}}"));
        assert_eq!(again.refusal(), (400, format!("job with job_id {job_id} already exists")));
    };
    check("7", "7");
    check("-7", "-7");
    check("12345678901234567890123", "12345678901234567890123");
    check("\"ü +&%41;#\"", "ü +&%41;#");
}

on_both!(
    reports_are_read_leniently,
    documents_nest_deep,
    documents_are_never_rebuilt,
    any_content_type_is_json,
    an_update_may_say_nothing_and_never_renames,
    an_id_may_be_a_number,
);
