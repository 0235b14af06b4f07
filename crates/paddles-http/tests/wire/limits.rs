//! Requests that are too large or no HTTP.

use std::fmt::Write as _;
#[cfg(target_os = "linux")]
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Admission;
use paddles_http::HttpSettings;
use serde_json::json;

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

const LIMIT: usize = 1024 * 1024;

fn limited(database: TestDatabase) -> Service {
    Service::with(
        HttpSettings { body_limit: LIMIT, admission: Admission::Deployed, ..HttpSettings::default() },
        database,
    )
}

/// A report of exactly so many bytes.
fn report(bytes: usize) -> String {
    let (begin, end) = ("{\"job_id\": \"large\", \"owner\": \"", "\"}");
    format!("{begin}{}{end}", "o".repeat(bytes - begin.len() - end.len()))
}

fn with_length(body: &str) -> String {
    format!("POST /runs/r/jobs/ HTTP/1.1\r\nHost: paddles\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn in_chunks(body: &str) -> String {
    let mut request = "POST /runs/r/jobs/ HTTP/1.1\r\nHost: paddles\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for chunk in body.as_bytes().chunks(100_000) {
        let (size, text) = (chunk.len(), str::from_utf8(chunk).unwrap());
        write!(request, "{size:x}\r\n{text}\r\n").unwrap();
    }
    request + "0\r\n\r\n"
}

fn a_body_within_the_limit_is_taken(database: TestDatabase) {
    let service = limited(database);
    for request in [with_length(&report(LIMIT)), in_chunks(&report(LIMIT))] {
        let mut connection = RawConnection::to(&service);
        connection.send(request);
        connection.send(last_request("DELETE", "/runs/r/", "", ""));
        let answers = connection.read_to_end();
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    }
    assert!(service.run_names().is_empty());
}

fn a_body_over_the_limit_is_refused_on_a_usable_connection(database: TestDatabase) {
    let service = limited(database);
    for too_large in [LIMIT + 1, 3 * LIMIT] {
        for request in [with_length(&report(too_large)), in_chunks(&report(too_large))] {
            let mut connection = RawConnection::to(&service);
            connection.send(request);
            connection.send(last_request("GET", "/", "", ""));
            let answers = connection.read_to_end();
            assert!(answers.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answers}");
            assert!(
                answers.contains("{\"message\":\"a body takes at most 1048576 bytes\"}HTTP/1.1 200 OK"),
                "{answers}"
            );
            assert!(service.run_names().is_empty());
        }
    }
    let answer = service.post("/runs/", report(LIMIT + 1));
    assert_eq!(answer.refusal(), (413, "a body takes at most 1048576 bytes".to_owned()));
    let answer = service.put("/runs/r/jobs/1/", report(LIMIT + 1));
    assert_eq!(answer.refusal(), (413, "a body takes at most 1048576 bytes".to_owned()));
}

/// Who says how much will come need not send it to hear that it is too much.
fn a_body_that_says_it_is_too_large_is_refused_before_it_comes(database: TestDatabase) {
    let service = limited(database);
    for length in [LIMIT + 1, 4 * LIMIT, 4 * LIMIT + 1, usize::MAX] {
        let mut connection = RawConnection::to(&service);
        connection.send(format!("POST /runs/r/jobs/ HTTP/1.1\r\nHost: paddles\r\nContent-Length: {length}\r\n\r\n{{"));
        let answer = connection.read_to_end();
        assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{length}: {answer}");
        assert!(answer.ends_with("{\"message\":\"a body takes at most 1048576 bytes\"}"), "{length}: {answer}");
    }
}

/// curl sends a large body only after it was asked to.
fn a_client_may_wait_to_be_asked_for_its_body(database: TestDatabase) {
    let service = limited(database);
    let request = with_length(&report(5_000)).replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
    let (head, body) = request.split_at(request.find('{').unwrap());
    let mut connection = RawConnection::to(&service);
    connection.send(head);
    let asked = "HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(connection.read(asked.len()), asked);
    connection.send(body);
    connection.send(last_request("GET", "/", "", ""));
    assert!(connection.read_to_end().starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(service.job_ids("r"), ["large"]);
}

/// Each would be kept, and what becomes of it is many times larger.
fn a_body_of_nothing_but_keys_is_refused(database: TestDatabase) {
    let service = limited(database);
    let body = |keys: usize| format!("{{\"job_id\": \"1\"{}}}", ", \"\": 0".repeat(keys - 1));
    assert_eq!(
        service.post("/runs/r/jobs/", body(10_001)).refusal(),
        (400, "the body takes at most 10000 keys".to_owned())
    );
    assert_eq!(service.post("/runs/r/jobs/", body(10_000)).status, 200);
}

/// The service stops listening to such a body; that its client is told is more than it could ask for.
fn a_body_far_over_the_limit_is_cut_off(database: TestDatabase) {
    let service = limited(database);
    for request in [with_length(&report(12 * LIMIT)), in_chunks(&report(12 * LIMIT))] {
        let mut connection = RawConnection::to(&service);
        connection.try_send(request.replacen("\r\n", "\r\nConnection: close\r\n", 1));
        let answer = connection.read_to_end();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
        assert_eq!(service.get("/").json(), json!({}));
    }
    assert!(service.run_names().is_empty());
}

fn a_body_that_ends_early_is_dropped(database: TestDatabase) {
    let service = limited(database);
    let whole = with_length("{\"job_id\": \"1\", \"owner\": \"me\"}");
    let mut connection = RawConnection::to(&service);
    connection.send(&whole[..whole.len() - 5]);
    drop(connection);
    assert_eq!(service.get("/").json(), json!({}));
    assert!(service.run_names().is_empty());
}

fn a_body_outside_utf8_is_no_json(database: TestDatabase) {
    let service = limited(database);
    for body in
        [&b"{\"job_id\": \"1\", \"owner\": \"\xff\"}"[..], b"{\"job_id\": \"1\", \"\xc3\": 1}", b"\xff\xfe{\x00}\x00"]
    {
        let answer = service.send("POST", "/runs/r/jobs/", body);
        assert_eq!(answer.refusal(), (400, "could not decode JSON body".to_owned()));
    }
    assert!(service.run_names().is_empty());
}

/// The web framework speaks here, before any route: only the status counts, and that the service goes on.
fn what_is_no_request_is_refused(database: TestDatabase) {
    let service = limited(database);
    let huge = format!("X-Huge: {}\r\n", "h".repeat(500_000));
    let many = "X-Many: h\r\n".repeat(2_000);
    let long = format!("/{}", "p".repeat(500_000));
    for request in [
        last_request("GET", "/", &huge, ""),
        last_request("GET", "/", &many, ""),
        last_request("GET", &long, "", ""),
        last_request("GET", "/ /", "", ""),
        last_request("POST", "/runs/", "Content-Length: many\r\n", "{}"),
        last_request("POST", "/runs/", "Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
        "nonsense\r\n\r\n".to_owned(),
    ] {
        let mut connection = RawConnection::to(&service);
        connection.try_send(&request);
        let answer = connection.read_to_end();
        let shown: String = request.chars().take(100).collect();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{shown}: {answer}");
        assert_eq!(service.get("/").json(), json!({}), "{shown}");
    }
    let mut connection = RawConnection::to(&service);
    connection.try_send(b"GET /runs/\xff/ HTTP/1.1\r\nHost: paddles\r\nConnection: close\r\n\r\n");
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(service.run_names().is_empty());
}

/// Who sends a byte now and then keeps nobody else from being answered, and not for long.
fn a_body_that_comes_too_slowly_is_refused(database: TestDatabase) {
    let settings = HttpSettings { request_timeout: Duration::from_millis(500), ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let mut connection = RawConnection::to(&service);
    connection.send(last_request("POST", "/runs/", "Content-Length: 50\r\n", "{"));
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(100));
        connection.send(" ");
    }
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with("{\"message\":\"the body took longer than 0.5 seconds\"}"), "{answer}");
    assert!(service.run_names().is_empty());
}

/// The web framework speaks here: only the status counts.
fn a_head_that_comes_too_slowly_is_refused(database: TestDatabase) {
    let service = limited(database);
    let mut connection = RawConnection::to(&service);
    connection.send("GET /runs/ HTTP/1.1\r\nX-Slow: ");
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Who waits is answered when somebody else has gone.
fn more_connections_than_allowed_wait(database: TestDatabase) {
    let settings = HttpSettings { connections: 4, workers: 1, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let ask = "GET / HTTP/1.1\r\nHost: paddles\r\n\r\n";
    let answered = "HTTP/1.1 200 OK\r\n";
    let mut first: Vec<RawConnection> = (0..4).map(|_| RawConnection::to(&service)).collect();
    for connection in &mut first {
        connection.send(ask);
        assert_eq!(connection.read(answered.len()), answered);
    }
    let mut late = RawConnection::to(&service);
    late.send(ask);
    assert!(!late.is_answered_within(Duration::from_secs(1)), "a fifth connection is served");
    first.pop();
    assert_eq!(late.read(answered.len()), answered);
}

fn a_connection_on_which_nothing_is_asked_is_closed(database: TestDatabase) {
    let service = limited(database);
    let began = Instant::now();
    let mut kept = RawConnection::to(&service);
    kept.send("GET / HTTP/1.1\r\nHost: paddles\r\n\r\n");
    let silent = thread::scope(|scope| {
        let silent = scope.spawn(|| (RawConnection::to(&service).read_to_end(), began.elapsed()));
        assert!(kept.read_to_end().starts_with("HTTP/1.1 200 OK\r\n"));
        silent.join().unwrap()
    });
    // Within 5 seconds, and the pauses between two looks at the clock.
    let most = Duration::from_secs(10);
    assert!(silent.1 < most && began.elapsed() < most, "{silent:?} {:?}", began.elapsed());
    assert!(silent.0.is_empty() || silent.0.starts_with("HTTP/1.1 408 "), "{silent:?}");
}

/// They are kept by the system until the service has time for them, so that a burst is not turned away.
#[cfg(target_os = "linux")]
fn many_connections_may_wait_to_be_accepted(database: TestDatabase) {
    let settings = HttpSettings { connections: 1, workers: 1, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let most: usize = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    // More than the 128 of the standard library.
    let burst = most.min(600);
    let address = service.address();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(900)).ok();
    let connected: Vec<TcpStream> = (0..burst).map_while(|_| connect()).collect();
    assert_eq!(connected.len(), burst);
}

fn a_client_that_asks_too_often_is_told_so(database: TestDatabase) {
    let settings = HttpSettings { rate_limit: NonZeroU32::new(5), ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let answers: Vec<_> = (0..20).map(|_| service.get("/runs/")).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!((1..=15).contains(&refused.len()), "{} of 20 were refused", refused.len());
    for answer in refused {
        let message = "too many requests of this client; try again in 1 s".to_owned();
        assert_eq!((answer.refusal(), answer.header("retry-after")), ((429, message), Some("1")));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    // Who watches is not counted.
    for _ in 0..20 {
        assert_eq!(service.get("/healthz").status, 200);
    }
    let told = service.get("/metrics").body;
    assert!(told.contains("paddles_http_requests_limited_total 1"), "{told}");
}

on_both!(
    a_body_within_the_limit_is_taken,
    a_body_over_the_limit_is_refused_on_a_usable_connection,
    a_body_that_says_it_is_too_large_is_refused_before_it_comes,
    a_client_may_wait_to_be_asked_for_its_body,
    a_body_of_nothing_but_keys_is_refused,
    a_body_far_over_the_limit_is_cut_off,
    a_body_that_ends_early_is_dropped,
    a_body_outside_utf8_is_no_json,
    what_is_no_request_is_refused,
    a_body_that_comes_too_slowly_is_refused,
    a_head_that_comes_too_slowly_is_refused,
    a_client_that_asks_too_often_is_told_so,
    more_connections_than_allowed_wait,
    a_connection_on_which_nothing_is_asked_is_closed,
);

#[cfg(target_os = "linux")]
on_both!(many_connections_may_wait_to_be_accepted);

#[test]
fn a_question_that_takes_too_long_is_given_up() {
    let settings = HttpSettings { request_timeout: Duration::from_millis(300), ..HttpSettings::default() };
    let service = Service::with(settings, TestDatabase::postgres());
    let held = service.database().hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    let answer = service.get("/queue/");
    assert_eq!(answer.refusal(), (503, "there was no answer within 0.3 seconds; try again".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(held);
    assert_eq!(service.get("/queue/").json(), json!([]));
}
