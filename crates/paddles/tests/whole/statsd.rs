//! Finished jobs are counted at a statsd server, once each, and reporters never notice whether there is one.

use std::net::UdpSocket;
use std::time::Duration;

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

/// How long to listen after the last count that is expected, for one that is not.
const SILENCE: Duration = Duration::from_millis(300);

fn report_some_jobs(service: &Service) {
    let client = service.client();
    let put = |job: &str, body: &str| {
        let answer = client.send("PUT", &format!("/runs/r/jobs/{job}/"), body).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    client.post_job("r", &json!({ "job_id": "1", "status": "running" }));
    client.post_job("r", &json!({ "job_id": "2", "status": "running" }));
    client.post_job("r", &json!({ "job_id": "3", "success": false }));
    put("1", "{}");
    put("1", r#"{"success": true}"#);
    // The supervisor says this of every job; its verdict stays.
    put("1", r#"{"status": "dead"}"#);
    put("2", r#"{"status": "dead"}"#);
    put("2", r#"{"status": "dead"}"#);
}

#[test]
fn finished_jobs_are_counted_once() {
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    let host = statsd.local_addr().unwrap().to_string();
    let database = TestDatabase::sqlite();
    let settings = [("PADDLES_STATSD_HOST", host.as_str()), ("PADDLES_STATSD_PREFIX", "ceph.test")];
    let service = Service::start_with(&database, &settings);
    report_some_jobs(&service);

    let mut counts = Vec::new();
    let mut packet = [0; 1_500];
    statsd.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    while let Ok(length) = statsd.recv(&mut packet) {
        counts.extend(String::from_utf8_lossy(&packet[..length]).lines().map(str::to_owned));
        if counts.len() >= 3 {
            statsd.set_read_timeout(Some(SILENCE)).unwrap();
        }
    }
    counts.sort();
    let expected =
        ["ceph.test.jobs.status.dead:1|c", "ceph.test.jobs.status.fail:1|c", "ceph.test.jobs.status.pass:1|c"];
    assert_eq!(counts, expected);
}

#[test]
fn a_statsd_that_is_not_there_changes_nothing() {
    for host in ["127.0.0.1:9", "no-such-host.invalid"] {
        let database = TestDatabase::sqlite();
        let service = Service::start_with(&database, &[("PADDLES_STATSD_HOST", host)]);
        report_some_jobs(&service);
    }
}
