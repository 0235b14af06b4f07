//! The log has one line for each request, if that is wanted.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::program::send_signal;
use crate::service::Service;

const EVERY_REQUEST: (&str, &str) = ("PADDLES_ACCESS_LOG", "all");

/// What every test here asks.
fn ask(service: &Service) {
    let client = service.client();
    client.post_job("logged", &json!({ "job_id": "1" }));
    client.get("/runs/logged/jobs/1/");
    client.head("/runs/absent/");
    client.get("/nowhere/%0a%1b[31m");
    // A name that would begin a line of its own.
    client.get("/runs/a%0Ab/");
}

const ROUTES: [(&str, &str, u16, &str); 5] = [
    ("POST", "/runs/{name}/jobs/", 200, "logged"),
    ("GET", "/runs/{name}/jobs/{job_id}/", 200, "logged"),
    ("HEAD", "/runs/{name}/", 404, "absent"),
    ("GET", "-", 404, "-"),
    ("GET", "/runs/{name}/", 404, "a\nb"),
];

/// The lines about requests, once there are as many as were asked.
fn request_lines(service: &mut Service) -> Vec<String> {
    service.eventually("every request is logged", |log| {
        let lines: Vec<String> = log.lines().filter(|line| line.contains("route")).map(str::to_owned).collect();
        (lines.len() >= ROUTES.len()).then_some(lines)
    })
}

#[test]
fn as_text() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[EVERY_REQUEST]);
    ask(&service);
    let lines = request_lines(&mut service);
    assert_eq!(lines.len(), ROUTES.len(), "{lines:?}");
    for (line, (method, route, status, run)) in lines.iter().zip(ROUTES) {
        let fields = format!("method={method:?} route={route:?} status={status} ms=");
        assert!(line.contains(&fields) && line.ends_with(&format!(" run={run:?}")), "{line}\n{fields}");
    }
    // A pipe is no terminal.
    assert!(!service.log().contains('\x1b'), "colours in a file");
}

#[test]
fn as_json() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[EVERY_REQUEST, ("PADDLES_LOG_FORMAT", "json")]);
    ask(&service);
    let lines = request_lines(&mut service);
    for (line, (method, route, status, run)) in lines.iter().zip(ROUTES) {
        let line: Value = serde_json::from_str(line).unwrap();
        let expected = json!([method, route, status, run, "INFO"]);
        assert_eq!(json!([line["method"], line["route"], line["status"], line["run"], line["level"]]), expected);
        assert!(line["ms"].is_f64() && line["timestamp"].is_string(), "{line}");
    }
    for line in service.log().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn what_is_logged_can_be_chosen() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[("PADDLES_LOG", "warn,paddles::commands=info")]);
    ask(&service);
    service.begin_to_stop("TERM");
    assert!(!service.log().contains("route"), "{}", service.log());
}

#[test]
fn only_errors_or_nothing_may_be_logged() {
    for (choice, lines) in [("errors", 1), ("off", 0)] {
        let database = TestDatabase::sqlite();
        let mut service = Service::start_with(&database, &[("PADDLES_ACCESS_LOG", choice)]);
        ask(&service);
        assert_eq!(service.client().get("/errors/unavailable/").status, 503);
        service.begin_to_stop("TERM");
        let logged = service.log().lines().filter(|line| line.contains("route")).count();
        assert_eq!(logged, lines, "{choice}: {}", service.log());
    }
}

#[test]
fn watchers_are_not_logged() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[EVERY_REQUEST]);
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(service.client().get(path).status, 200);
    }
    service.begin_to_stop("TERM");
    assert!(!service.log().contains("route"), "{}", service.log());
}

/// Also the lines of the thread that asks the database.
fn every_line_of_a_request_has_its_id(database: &TestDatabase) {
    for format in ["text", "json"] {
        // Every statement is slow, and levels below are left out: ids are not.
        let settings = [
            EVERY_REQUEST,
            ("PADDLES_SLOW_STATEMENT", "1ns"),
            ("PADDLES_LOG_FORMAT", format),
            ("PADDLES_LOG", "warn,paddles_http=info,paddles::commands=info"),
        ];
        let mut service = Service::start_with(database, &settings);
        let client = service.client();
        let id = format!("{format}-7f9c2ba4");
        let answer = client.send_with("PUT", "/runs/none/jobs/1/", "{}", &[("X-Request-Id", &id)]);
        assert_eq!((answer.status, &answer.headers["x-request-id"]), (404, &id.parse().unwrap()));
        let lines = service.eventually("the request is logged", |log| {
            let lines: Vec<String> = log.lines().filter(|line| line.contains(&id)).map(str::to_owned).collect();
            lines.iter().any(|line| line.contains("route")).then_some(lines)
        });
        let slow = lines.iter().filter(|line| line.contains("slow statement") && line.contains("job_update"));
        assert!(slow.count() >= 2, "{lines:?}");
        for line in &lines {
            let is_named = match format {
                "json" => serde_json::from_str::<Value>(line).unwrap()["span"]["request_id"] == id,
                _ => line.contains(&format!("request{{request_id=\"{id}\"}}: ")),
            };
            assert!(is_named, "{line}");
        }
    }
}

on_both_databases!(every_line_of_a_request_has_its_id);

#[test]
fn the_service_outlives_its_log() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start(&database);
    service.stop_reading_log();
    for _ in 0..20 {
        assert_eq!(service.client().get("/runs/").status, 200);
    }
    send_signal(service.process_id(), "TERM");
    assert_eq!(service.ended().code(), Some(0));
}
