//! SIGTERM and SIGINT: what is in flight is finished, nothing new is begun, and the process ends by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::generated_job::generated_job;
use crate::service::Service;
use crate::waiting::{PATIENCE, eventually};

/// Enough jobs for several pages, and so large that no buffer on the way holds the answer.
const JOBS: usize = 300;
const SIZE: usize = 60;

fn connect(service: &Service) -> TcpStream {
    let connection = TcpStream::connect(service.address()).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection
}

/// The rest of an answer that began with `begun`.
fn rest(mut connection: impl Read, begun: &[u8]) -> String {
    let mut answer = begun.to_vec();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// The body of an answer in chunks.
fn without_chunks(answer: &str) -> String {
    let (_, mut chunks) = answer.split_once("\r\n\r\n").unwrap();
    let mut body = String::new();
    loop {
        let (size, after) = chunks.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.push_str(&after[..size]);
        chunks = after[size..].strip_prefix("\r\n").unwrap();
    }
}

/// After its begin to stop, nobody is let in.
fn refuses_connections(service: &Service) {
    eventually("new connections are refused", || TcpStream::connect(service.address()).is_err().then_some(()));
}

/// It ends by itself, and has nothing to complain of.
fn ends_cleanly(service: &mut Service) {
    assert_eq!(service.ended().code(), Some(0));
    let log = service.log();
    assert!(!log.contains("ERROR"), "{log}");
}

fn an_answer_in_flight_is_finished(database: &TestDatabase) {
    let mut service = Service::start(database);
    let client = service.client();
    for number in 0..JOBS {
        client.post_job("large", &generated_job("large", number, SIZE));
    }

    let mut reader = connect(&service);
    reader.write_all(b"GET /runs/large/ HTTP/1.1\r\nHost: paddles\r\n\r\n").unwrap();
    let mut begun = [0; 1_000];
    reader.read_exact(&mut begun).unwrap();
    service.begin_to_stop("TERM");
    refuses_connections(&service);
    assert!(service.is_running(), "the answer is still to be read");

    let run: Value = serde_json::from_str(&without_chunks(&rest(reader, &begun))).unwrap();
    assert_eq!(run["jobs"].as_array().unwrap().len(), JOBS);
    ends_cleanly(&mut service);
}

fn a_request_in_flight_is_answered(database: &TestDatabase) {
    let mut service = Service::start(database);
    let body = json!({ "job_id": "1", "description": "x".repeat(100_000) }).to_string();
    let mut writer = connect(&service);
    let length = body.len();
    // The service answers the expectation as soon as it has begun with the request.
    let head = format!(
        "POST /runs/late/jobs/ HTTP/1.1\r\nHost: paddles\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    );
    writer.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(writer.try_clone().unwrap());
    let mut begun = String::new();
    reader.read_line(&mut begun).unwrap();
    assert_eq!(begun, "HTTP/1.1 100 Continue\r\n");
    reader.read_line(&mut begun).unwrap();

    let (first, second) = body.split_at(length / 2);
    writer.write_all(first.as_bytes()).unwrap();
    service.begin_to_stop("INT");
    refuses_connections(&service);
    writer.write_all(second.as_bytes()).unwrap();

    let answer = rest(reader, b"").to_lowercase();
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    // Its client must come back on another connection.
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    ends_cleanly(&mut service);

    let again = Service::start(database);
    assert_eq!(again.client().read("/runs/late/jobs/1/")["job_id"], "1");
}

fn idle_connections_do_not_keep_the_process(database: &TestDatabase) {
    for signal in ["TERM", "INT"] {
        let mut service = Service::start(database);
        let clients: Vec<_> = (0..20).map(|_| service.client()).collect();
        for client in &clients {
            assert_eq!(client.get("/runs/").status, 200);
        }
        // Nothing was ever asked on this one, and only half of a question on the other.
        let silent = connect(&service);
        let mut slow = connect(&service);
        slow.write_all(b"GET /runs/ HTT").unwrap();
        service.begin_to_stop(signal);
        ends_cleanly(&mut service);
        drop((clients, silent, slow));
    }
}

on_both_databases!(
    an_answer_in_flight_is_finished,
    a_request_in_flight_is_answered,
    idle_connections_do_not_keep_the_process,
);

#[test]
fn sqlite_is_left_in_one_file() {
    let database = TestDatabase::sqlite();
    let file = database.url().strip_prefix("sqlite://").unwrap().to_owned();
    let beside = || ["-wal", "-shm"].map(|end| Path::new(&format!("{file}{end}")).exists());

    let mut service = Service::start(&database);
    service.client().post_job("r", &json!({ "job_id": "1" }));
    assert_eq!(beside(), [true, true]);
    service.begin_to_stop("TERM");
    ends_cleanly(&mut service);
    assert_eq!(beside(), [false, false]);
}
