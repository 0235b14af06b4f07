//! Clients who take as much of the service as they are given: its connections, and its memory.

use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use paddles_domain::{Admission, Auth};
use paddles_http::{AccessSettings, HttpSettings};
use serde_json::json;

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

const ASK: &str = "GET / HTTP/1.1\r\nHost: paddles\r\n\r\n";

/// Each would be kept for as long as its client likes.
#[test]
fn a_later_head_that_comes_too_slowly_ends_its_connection() {
    let service = Service::on(TestDatabase::sqlite());
    let began = Instant::now();
    let mut half = RawConnection::to(&service);
    half.send(ASK);
    assert_eq!(half.read(15), "HTTP/1.1 200 OK");
    half.send("GET / HTTP/1.1\r\nX-Slow: ");
    let mut at_once = RawConnection::to(&service);
    at_once.send(format!("{ASK}GET / HTTP/1.1\r\nX-Slow: "));
    let mut dripping = RawConnection::to(&service);
    dripping.send(ASK);
    for _ in 0..40 {
        thread::sleep(Duration::from_millis(300));
        dripping.try_send("X");
    }
    for connection in [half, at_once, dripping] {
        assert!(!connection.read_to_end().contains("408"));
    }
    // It is 10 seconds; the limit of the tests' own patience is a minute.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// As many heads as there may be connections, each as large as it may be, are more than any memory.
#[test]
fn large_heads_share_what_there_is() {
    let service = Service::on(TestDatabase::sqlite());
    let head = format!("GET / HTTP/1.1\r\nHost: paddles\r\nX-Large: {}", "a".repeat(120_000));
    let begin = |before: &str| {
        let mut connection = RawConnection::to(&service);
        connection.try_send(format!("{before}{head}"));
        connection
    };
    // Some of them behind a request that was whole.
    let connections: Vec<_> = (0..600).map(|number| begin(if number % 2 == 0 { "" } else { ASK })).collect();
    // Meanwhile others ask as ever.
    assert_eq!(service.get("/").status, 200);
    // Who has room has time, and is told when it is over; behind an answer the connection just ends.
    let answers: Vec<String> = connections.into_iter().map(RawConnection::read_to_end).collect();
    let refused = answers.iter().step_by(2).filter(|answer| answer.is_empty()).count();
    let timed_out = answers.iter().step_by(2).filter(|answer| answer.contains(" 408 ")).count();
    assert!(refused > 30 && timed_out > 100 && refused + timed_out == 300, "{refused} refused, {timed_out} timed out");
    // What they held is free again.
    let mut last = RawConnection::to(&service);
    last.send(format!("{head}\r\nConnection: close\r\n\r\n"));
    assert!(last.read_to_end().starts_with("HTTP/1.1 200 "));
}

/// Also those whose requests wait for their bodies.
#[test]
fn large_heads_are_counted_until_they_are_answered() {
    let settings = HttpSettings { request_timeout: Duration::from_secs(5), ..HttpSettings::default() };
    let service = Service::with(settings, TestDatabase::sqlite());
    let large = format!("Content-Length: 100\r\nX-Large: {}\r\n", "a".repeat(120_000));
    let connections: Vec<_> = (0..600)
        .map(|_| {
            let mut connection = RawConnection::to(&service);
            connection.try_send(last_request("POST", "/runs/", &large, "{"));
            connection
        })
        .collect();
    assert_eq!(service.get("/").status, 200);
    let answers: Vec<String> = connections.into_iter().map(RawConnection::read_to_end).collect();
    let refused = answers.iter().filter(|answer| answer.is_empty()).count();
    let timed_out = answers.iter().filter(|answer| answer.contains(" 408 ")).count();
    assert!(refused > 100 && timed_out > 300 && refused + timed_out == 600, "{refused} refused, {timed_out} timed out");
    let mut last = RawConnection::to(&service);
    last.send(last_request("GET", "/", &format!("X-Large: {}\r\n", "a".repeat(120_000)), ""));
    assert!(last.read_to_end().starts_with("HTTP/1.1 200 "));
}

/// Time for an answer is no time for the client.
#[test]
fn a_slow_answer_does_not_end_its_connection() {
    let service = Service::on(TestDatabase::postgres());
    let mut connection = RawConnection::to(&service);
    connection.send(ASK);
    assert_eq!(connection.read(15), "HTTP/1.1 200 OK");
    let held = service.database().hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    connection.send(last_request("GET", "/queue/", "", ""));
    thread::sleep(Duration::from_secs(12));
    drop(held);
    let answers = connection.read_to_end();
    assert!(answers.ends_with("[]"), "{answers}");
}

/// Who may not send it has no more time for it than who may.
fn a_refused_body_that_comes_too_slowly_ends(database: TestDatabase) {
    let access = AccessSettings { auth: Auth::Write, ..AccessSettings::default() };
    let settings = HttpSettings { request_timeout: Duration::from_millis(500), access, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let began = Instant::now();
    let heads = ["Content-Length: 50000\r\n", "Transfer-Encoding: chunked\r\n"];
    let slow = heads.map(|head| {
        let mut connection = RawConnection::to(&service);
        connection.send(format!("POST /runs/ HTTP/1.1\r\nHost: paddles\r\n{head}\r\n"));
        connection
    });
    for connection in slow {
        let answer = connection.read_to_end();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// As many bodies as there may be connections, each as large as it may be, are more than any memory.
fn large_bodies_share_what_there_is(database: TestDatabase) {
    let settings = HttpSettings { admission: Admission::Deployed, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let body = format!("{{\"job_id\": \"large\", \"owner\": \"{}\"}}", "o".repeat(8_000_000));
    let (most, end) = body.split_at(body.len() - 1);
    let mut senders: Vec<RawConnection> = (0..8).map(|_| RawConnection::to(&service)).collect();
    let length = format!("Content-Length: {}\r\n", body.len());
    for sender in &mut senders {
        sender.send(last_request("POST", "/runs/r/jobs/", &length, most));
    }
    // Meanwhile the lab goes on.
    service.post_job("r", "small", &json!({ "owner": "o".repeat(15_000) }));
    service.post_job("r", "middle", &json!({ "owner": "o".repeat(100_000) }));
    let mut refused = 0;
    for mut sender in senders {
        sender.send(end);
        let answer = sender.read_to_end();
        if answer.starts_with("HTTP/1.1 503 ") {
            assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
            refused += 1;
        }
    }
    assert!((1..8).contains(&refused), "{refused} of 8 were refused");
    // What they held is free again.
    for job_id in 0..6 {
        let body = body.replacen("large", &job_id.to_string(), 1);
        assert_eq!(service.post("/runs/s/jobs/", body).status, 200, "{job_id}");
    }
}

/// Whoever begins a large body and does not go on may not keep the reports of the lab out.
fn bodies_that_do_not_come_give_way(database: TestDatabase) {
    let settings = HttpSettings { admission: Admission::Deployed, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let stalled: Vec<RawConnection> = (0..40)
        .map(|number| {
            let mut connection = RawConnection::to(&service);
            // Each of half of what is left, or less.
            let length = 8_000_000 >> (number / 5);
            connection.send(last_request("POST", "/runs/r/jobs/", "Content-Length: 8000001\r\n", ""));
            connection.try_send("[".repeat(length));
            connection
        })
        .collect();
    // What reports are like is taken at once.
    service.post_job("r", "usual", &json!({ "owner": "o".repeat(60_000) }));
    let large = json!({ "job_id": "large", "owner": "o".repeat(7_000_000) });
    let mut refused = 0;
    loop {
        let answer = service.post("/runs/r/jobs/", &large);
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503);
        refused += 1;
        assert!(refused < 10, "it is kept out");
        thread::sleep(Duration::from_millis(500));
    }
    assert!(refused > 0, "there was room for all");
    drop(stalled);
}

/// A dispatcher that is not told which job it took has lost it.
fn what_was_changed_is_told_however_many_read_slowly(database: TestDatabase) {
    let service = Service::with(HttpSettings { admission: Admission::Deployed, ..HttpSettings::default() }, database);
    assert_eq!(service.post("/queue/", json!({ "queue": "mira" })).status, 200);
    let job = json!({ "status": "queued", "queue": "mira", "owner": "o".repeat(7_500_000) });
    service.post_job("r", "1", &job);
    service.post_node("mira001", &json!({ "description": "d".repeat(7_000_000) }));
    let mut readers = Vec::new();
    while service.get("/nodes/").status == 200 {
        assert!(readers.len() < 50, "there is room for all");
        let mut reader = RawConnection::to(&service);
        reader.send(last_request("GET", "/nodes/", "", ""));
        assert!(reader.is_answered_within(Duration::from_secs(20)));
        readers.push(reader);
    }
    let answer = service.post("/queue/pop_queue/?queue=mira", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["job_id"], "1");
}

on_both!(
    bodies_that_do_not_come_give_way,
    a_refused_body_that_comes_too_slowly_ends,
    large_bodies_share_what_there_is,
    what_was_changed_is_told_however_many_read_slowly,
);
