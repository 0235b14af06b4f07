//! Postgres goes away under a running service, and comes back.

use std::io::Read;

use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use serde_json::json;
use ureq::http::header::RETRY_AFTER;

use crate::client::Answer;
use crate::generated_job::generated_job;
use crate::service::Service;
use crate::waiting::eventually;

fn says_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.headers.contains_key(RETRY_AFTER), "{:?}", answer.headers);
    assert!(answer.json()["message"].as_str().unwrap().contains("unavailable"), "{}", answer.text());
}

#[test]
fn the_service_outlives_its_database() {
    let cluster = PostgresCluster::start().unwrap();
    let database = TestDatabase::on(&cluster);
    let mut service = Service::start(&database);
    let client = service.client();
    for round in 0..2 {
        client.post_job("before", &json!({ "job_id": format!("1{round}"), "status": "pass" }));

        // Once as an operator stops it, once as it crashes.
        let away = if round == 0 { cluster.stop() } else { cluster.crash() };
        away.unwrap();
        for _ in 0..3 {
            says_unavailable(&client.get("/runs/before/"));
            says_unavailable(&client.post("/runs/before/jobs/", &json!({ "job_id": "2" })));
            assert_eq!(client.head("/runs/before/").status, 503);
        }
        // Its own health does not depend on the database.
        assert_eq!(client.get("/").status, 200);

        cluster.restart().unwrap();
        eventually("the database is found again", || (client.get("/runs/before/").status == 200).then_some(()));
        client.post_job("after", &json!({ "job_id": format!("3{round}") }));
        assert!(service.is_running());
    }

    let run = client.read("/runs/before/");
    assert_eq!((&run["jobs_count"], &run["status"]), (&json!(2), &json!("finished pass")));
    assert!(service.log().lines().any(|line| line.contains(" WARN ")), "{}", service.log());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
}

/// A reader must never take half of a run for the whole.
#[test]
fn an_answer_that_cannot_be_finished_is_broken_off() {
    let cluster = PostgresCluster::start().unwrap();
    let database = TestDatabase::on(&cluster);
    let service = Service::start(&database);
    for number in 0..400 {
        service.client().post_job("large", &generated_job("large", number, 40));
    }
    let mut response = ureq::get(format!("http://{}/runs/large/", service.address())).call().unwrap();
    let mut reader = response.body_mut().as_reader();
    reader.read_exact(&mut [0; 1_000]).unwrap();
    cluster.stop().unwrap();
    assert!(reader.read_to_end(&mut Vec::new()).is_err());
    says_unavailable(&service.client().get("/runs/large/"));
}
