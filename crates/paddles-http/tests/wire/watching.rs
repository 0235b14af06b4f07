//! The service is watched: health, readiness, figures, and ids of requests.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use paddles_http::HttpSettings;
use serde_json::json;

use crate::answer::Answer;
use crate::raw::{RawConnection, last_request};
use crate::service::Service;

/// What is served and counted, by the description that dashboards rely on.
const DESCRIPTION: &str = include_str!("../../../../docs/METRICS.md");

fn watchers_are_answered_with_and_without_slash(database: TestDatabase) {
    let service = Service::on(database);
    for path in ["/healthz", "/healthz/", "/readyz", "/readyz/", "//readyz"] {
        assert_eq!(service.get(path).json(), json!({}), "{path}");
        assert_eq!(service.head(path).status, 200, "{path}");
        assert_eq!(service.post(path, "{}").status, 405, "{path}");
    }
    for path in ["/metrics", "/metrics/"] {
        let told = service.get(path);
        assert_eq!((told.status, told.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    }
}

/// Names of figures with their kind, as they are served.
fn served(text: &str) -> BTreeSet<(String, String)> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

/// The same as they are described: rows of a table, `name` and kind first.
fn described() -> BTreeSet<(String, String)> {
    let rows = DESCRIPTION.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let kinds = rows.map(|(name, rest)| {
        let kind = rest.split([' ', ',']).next().unwrap();
        (name.to_owned(), kind.to_owned())
    });
    kinds.collect()
}

fn every_figure_is_described(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "status": "queued", "queue": "smithi" }));
    service.post_node("n", &json!({ "machine_type": "smithi", "up": true }));
    let text = service.get("/metrics").body;
    let (served, described) = (served(&text), described());
    let differ: Vec<_> = served.symmetric_difference(&described).collect();
    assert!(differ.is_empty() && described.len() > 25, "{differ:?}\n{text}");
}

fn the_lab_is_counted(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "status": "queued", "queue": "smithi" }));
    service.post_job("r", "2", &json!({ "status": "running" }));
    service.post_job("r", "3", &json!({ "status": "dead" }));
    service.post_node("n", &json!({ "machine_type": "smithi", "up": true, "locked": true, "locked_by": "me" }));
    service.get("/runs/r/jobs/4/");
    service.get("/runs/branch/x/user/y/");
    service.ask("BREW", "/runs/");
    let text = service.get("/metrics").body;
    for line in [
        "paddles_jobs{status=\"queued\"} 1",
        "paddles_jobs{status=\"running\"} 1",
        "paddles_jobs{status=\"dead\"} 1",
        "paddles_jobs{status=\"pass\"} 0",
        "paddles_nodes{machine_type=\"smithi\",up=\"true\",locked=\"true\"} 1",
        "paddles_queue_jobs{queue=\"smithi\"} 1",
        "paddles_queue_oldest_job_age_seconds{queue=\"smithi\"} 0",
        "paddles_http_requests_total{method=\"POST\",route=\"/runs/{name}/jobs/\",status=\"200\"} 3",
        "paddles_http_requests_total{method=\"GET\",route=\"/runs/{name}/jobs/{job_id}/\",status=\"404\"} 1",
        "paddles_http_requests_total{method=\"GET\",route=\"/runs/branch/.../\",status=\"200\"} 1",
        "paddles_http_requests_total{method=\"other\",route=\"/runs/\",status=\"405\"} 1",
        "paddles_http_request_duration_seconds_count{method=\"POST\",route=\"/runs/{name}/jobs/\"} 3",
        "paddles_http_requests_in_flight 1",
        "paddles_database_up 1",
        "paddles_bridge_questions_limit{lane=\"change\"} 1024",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    // Asked again at once, nothing is asked of the database.
    let before = service.statements_run();
    let again = service.get("/metrics").body;
    assert_eq!(service.statements_run(), before);
    assert!(again.contains("paddles_jobs{status=\"running\"} 1"), "{again}");
}

fn ids_of_requests_come_back(database: TestDatabase) {
    let service = Service::on(database);
    let id_of = |given: &[(&str, &str)], path: &str| {
        service.ask_with(given, "GET", path).header("x-request-id").map(str::to_owned).unwrap()
    };
    assert_eq!(id_of(&[("X-Request-Id", "from-a-proxy_1")], "/runs/"), "from-a-proxy_1");
    assert_eq!(id_of(&[("X-Request-Id", "from-a-proxy_2")], "/nowhere"), "from-a-proxy_2");
    let (first, second) = (id_of(&[("X-Request-Id", "a \"b\"")], "/"), id_of(&[], "/runs"));
    assert!(first.len() == 16 && second.len() == 16 && first != second, "{first} {second}");
}

on_both!(
    watchers_are_answered_with_and_without_slash,
    every_figure_is_described,
    the_lab_is_counted,
    ids_of_requests_come_back,
);

fn is_not_ready(answer: &Answer, why: &str) {
    let (status, message) = answer.refusal();
    assert_eq!((status, answer.header("retry-after")), (503, Some("1")), "{message}");
    assert!(message.contains(why), "{message}");
}

#[test]
fn readiness_follows_the_database() {
    let cluster = PostgresCluster::start().unwrap();
    let service = Service::on(TestDatabase::on(&cluster));
    assert_eq!(service.get("/readyz").status, 200);

    cluster.stop().unwrap();
    thread::sleep(Duration::from_millis(1_100));
    is_not_ready(&service.get("/readyz"), "the database is unavailable");
    assert_eq!(service.get("/healthz").status, 200);
    let text = service.get("/metrics").body;
    assert!(text.contains("paddles_database_up 0\n"), "{text}");

    cluster.restart().unwrap();
    for attempt in 0.. {
        if service.get("/readyz").status == 200 {
            break;
        }
        assert!(attempt < 50, "the database is back, but the service is not ready");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_database_without_its_migrations_is_not_ready() {
    let service = Service::on(TestDatabase::postgres());
    service.database().execute("DELETE FROM __diesel_schema_migrations WHERE version LIKE '%000002'");
    is_not_ready(&service.get("/readyz"), "the database lacks migrations: 20261123000002");
}

/// Those who want to know wait for one question together, and not for long.
#[test]
fn a_database_that_hangs_is_not_ready() {
    let service = Service::on(TestDatabase::postgres());
    let held = service.database().hold("LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE");
    let mut waiting: Vec<RawConnection> = (0..50).map(|_| RawConnection::to(&service)).collect();
    for connection in &mut waiting {
        connection.send(last_request("GET", "/readyz", "", ""));
    }
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/runs/").status, 200);
    for answer in waiting.into_iter().map(RawConnection::read_to_end) {
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("did not answer within 3 seconds"), "{answer}");
    }
    drop(held);
}

/// However many read what is slow to find, a lab goes on reporting.
#[test]
fn reports_do_not_wait_for_reads() {
    let settings = HttpSettings { admission: paddles_domain::Admission::Deployed, ..HttpSettings::default() };
    let service = Service::with(settings, TestDatabase::postgres());
    service.post_job("r", "1", &json!({ "status": "running" }));
    let held = service.database().hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    let mut readers: Vec<RawConnection> = (0..40).map(|_| RawConnection::to(&service)).collect();
    for reader in &mut readers {
        reader.send(last_request("GET", "/queue/", "", ""));
    }
    // Every thread that reads waits now.
    while !service.get("/metrics").body.lines().any(|line| line == "paddles_bridge_questions_waiting{lane=\"read\"} 36")
    {
        thread::sleep(Duration::from_millis(10));
    }
    for _ in 0..20 {
        assert_eq!(service.put("/runs/r/jobs/1/", json!({ "job_id": "1" })).json(), json!({}));
    }
    service.post_job("r", "2", &json!({ "status": "queued" }));
    assert_eq!(service.get("/readyz").status, 200);
    drop(held);
    for reader in readers {
        assert!(reader.read_to_end().starts_with("HTTP/1.1 200 "));
    }
}
