//! A database that goes away and comes back.

use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use paddles_http::HttpSettings;
use serde_json::json;

use crate::answer::Answer;
use crate::raw::{RawConnection, last_request, unchunked};
use crate::service::Service;
use crate::streaming_slowly::{JOBS, post_large_jobs};

/// Within this time a database that is back is found; a guard against a service that never finds it.
const FOUND_AGAIN: Duration = Duration::from_secs(5);

fn wait_until_found(service: &Service) {
    let back = Instant::now();
    while service.get("/runs/").status != 200 {
        assert!(back.elapsed() < FOUND_AGAIN, "the database is back, but not found");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_database_that_is_away_is_said_to_be_and_found_again() {
    let cluster = PostgresCluster::start().unwrap();
    let service = Service::admitting_all(TestDatabase::on(&cluster));
    service.post_job("r", "1", &json!({ "status": "running" }));

    cluster.stop().unwrap();
    let check = |what: &str, answer: Answer| {
        assert_eq!(answer.refusal(), (503, "the database is unavailable; try again".to_owned()), "{what}");
        assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{what}");
    };
    for _ in 0..2 {
        check("list", service.get("/runs/"));
        check("run", service.get("/runs/r/"));
        check("job", service.get("/runs/r/jobs/1/"));
        check("jobs", service.get("/runs/r/jobs/"));
        check("new run", service.post("/runs/", json!({ "name": "meanwhile" })));
        check("new job", service.post("/runs/meanwhile/jobs/", json!({ "job_id": "1" })));
        check("update", service.put("/runs/r/jobs/1/", json!({ "status": "dead" })));
        check("deletion", service.delete("/runs/r/"));
        // What needs no database does not miss it.
        assert_eq!(service.get("/").json(), json!({}));
        assert_eq!(service.post("/runs/", "{").status, 400);
    }

    cluster.restart().unwrap();
    wait_until_found(&service);
    assert_eq!(service.run_names(), ["r"]);
    assert_eq!(service.get("/runs/r/jobs/1/").json()["status"], "running");
    service.post_job("r", "2", &json!({}));
}

#[test]
fn an_answer_without_its_end_is_seen_to_be_broken_off() {
    let cluster = PostgresCluster::start().unwrap();
    let service = Service::admitting_all(TestDatabase::on(&cluster));
    post_large_jobs(&service);
    let mut connection = RawConnection::to(&service);
    connection.send(last_request("GET", "/runs/r/", "", ""));
    let begin = connection.read(1_000);
    cluster.stop().unwrap();
    let (_, is_whole) = unchunked(&(begin + &connection.read_to_end()));
    assert!(!is_whole, "half a run was passed off as a whole one");

    cluster.restart().unwrap();
    wait_until_found(&service);
    assert_eq!(service.get("/runs/r/").json()["jobs"].as_array().unwrap().len(), JOBS);
}

/// More than the queue takes are told so; those who wait are answered, too.
#[test]
fn a_queue_that_is_full_refuses_at_once() {
    let cluster = PostgresCluster::start().unwrap();
    let settings = HttpSettings { askers: 1, ..HttpSettings::default() };
    let service = Service::with(settings, TestDatabase::on(&cluster));
    cluster.stop().unwrap();
    let mut waiting: Vec<RawConnection> = (0..400).map(|_| RawConnection::to(&service)).collect();
    for connection in &mut waiting {
        connection.send(last_request("GET", "/runs/", "", ""));
    }
    let answers: Vec<String> = waiting.into_iter().map(RawConnection::read_to_end).collect();
    let count = |message: &str| answers.iter().filter(|answer| answer.contains(message)).count();
    let busy = count("{\"message\":\"too many requests are waiting; try again\"}");
    let away = count("{\"message\":\"the database is unavailable; try again\"}");
    assert_eq!((busy + away, count("HTTP/1.1 503 "), count("retry-after: 1\r\n")), (400, 400, 400), "{busy} {away}");
    assert!(busy > 0 && away > 0, "{busy} {away}");

    cluster.restart().unwrap();
    wait_until_found(&service);
}
