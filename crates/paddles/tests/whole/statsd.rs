//! Counts of finished jobs go to statsd, once each.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicUsize, Ordering};

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::Client;
use crate::service::Service;
use crate::waiting::PATIENCE;

/// How often that was done: keys outlive a run that is deleted.
static REPORTS: AtomicUsize = AtomicUsize::new(0);

/// Reports so that every change of a status happens, and ends with a dead job.
fn report(client: &Client) {
    let put = |job_id: &str, body: &Value| {
        let answer = client.put(&format!("/runs/r/jobs/{job_id}/"), body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    client.post_job("r", &json!({ "job_id": "1", "status": "queued" }));
    put("1", &json!({ "status": "running" }));
    // A heartbeat.
    put("1", &json!({ "job_id": "1" }));
    put("1", &json!({ "status": "pass" }));
    // A verdict stays.
    for status in ["pass", "dead", "fail"] {
        put("1", &json!({ "status": status }));
    }
    // Sent twice under one key, it is one job.
    let key = format!("report-{}", REPORTS.fetch_add(1, Ordering::Relaxed));
    for _ in 0..2 {
        let body = json!({ "job_id": "2", "status": "fail" }).to_string();
        assert_eq!(client.send_with("POST", "/runs/r/jobs/", &body, &[("Idempotency-Key", &key)]).status, 200);
    }
    assert_eq!(client.post("/runs/r/jobs/", &json!({ "job_id": "2", "status": "fail" })).status, 400);
    client.post_job("r", &json!({ "job_id": "3", "success": true }));
    client.post_job("r", &json!({ "job_id": "4", "status": "running" }));
    put("4", &json!({ "status": "dead" }));
    put("4", &json!({ "status": "dead" }));
    // Somebody reports what the job came to after all.
    put("4", &json!({ "success": false }));
    client.post_job("r", &json!({ "job_id": "5", "status": "dead" }));
}

/// What `report` comes to, in its order. Nothing can be behind the last one, as the service sends in order.
const COUNTS: [&str; 6] = ["pass", "fail", "pass", "dead", "fail", "dead"];

fn finished_jobs_are_counted_once(database: &TestDatabase) {
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    statsd.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = statsd.local_addr().unwrap().to_string();
    let settings = [("PADDLES_STATSD_HOST", host.as_str()), ("PADDLES_STATSD_PREFIX", "lab.paddles")];
    let service = Service::start_with(database, &settings);
    report(&service.client());

    let received = COUNTS.map(|_| {
        let mut packet = [0; 1_000];
        let length = statsd.recv(&mut packet).unwrap();
        String::from_utf8(packet[..length].to_vec()).unwrap()
    });
    assert_eq!(received, COUNTS.map(|status| format!("lab.paddles.jobs.status.{status}:1|c")));
}

fn nobody_has_to_listen(database: &TestDatabase) {
    // Kept, so that no other test gets this port, but deaf to all but itself.
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let nobody = deaf.local_addr().unwrap();
    deaf.connect(nobody).unwrap();
    for host in [nobody.to_string().as_str(), "statsd.invalid", "statsd.invalid:8125"] {
        let service = Service::start_with(database, &[("PADDLES_STATSD_HOST", host)]);
        let client = service.client();
        report(&client);
        assert_eq!(client.read("/runs/r/")["results"]["pass"], 2);
        assert_eq!(client.send("DELETE", "/runs/r/", "").unwrap().status, 200);
    }
}

on_both_databases!(finished_jobs_are_counted_once, nobody_has_to_listen);
