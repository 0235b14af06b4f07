//! Clients who do not wait for an answer before they ask again.

use std::thread;
use std::time::Duration;

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Admission;
use paddles_http::HttpSettings;
use serde_json::json;

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

/// The ids of requests, in the order of their answers.
fn ids(answers: &str) -> Vec<&str> {
    answers.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect()
}

/// Requests of each kind, each with a number for an id: with ends of lines of both kinds, behind empty lines, with bodies in one piece
/// and in chunks, for which somebody waits or nobody.
fn requests(count: usize) -> Vec<String> {
    let mut requests: Vec<String> = (0..count)
        .map(|number| {
            let id = format!("X-Request-Id: {number}");
            let job = json!({ "job_id": number.to_string(), "owner": "o".repeat(number % 7 * 500) }).to_string();
            let length = job.len();
            let (start, end) = job.split_at(length / 2);
            match number % 7 {
                0 => format!("GET /runs/ HTTP/1.1\r\nHost: x\r\n{id}\r\n\r\n"),
                1 => format!("GET / HTTP/1.1\nHost: x\n{id}\n\n"),
                2 => format!("\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n{id}\r\n\r\n"),
                3 => {
                    format!("POST /runs/r/jobs/ HTTP/1.1\r\nHost: x\r\n{id}\r\nContent-Length: {length}\r\n\r\n{job}")
                }
                4 => format!(
                    "POST /runs/r/jobs/ HTTP/1.1\r\nHost: x\r\n{id}\r\nTransfer-Encoding: chunked\r\n\r\n\
                     {:x}\r\n{start}\r\n{:X};name=value\r\n{end}\r\n0\r\n\r\n",
                    start.len(),
                    end.len()
                ),
                5 => {
                    format!("GET /nowhere/ HTTP/1.1\r\nHost: x\r\n{id}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                }
                _ => format!("PUT /runs/r/jobs/no/ HTTP/1.1\r\nHost: x\r\n{id}\r\nContent-Length: 2\r\n\r\n{{}}"),
            }
        })
        .collect();
    requests.push(last_request("GET", "/", &format!("X-Request-Id: {count}\r\n"), ""));
    requests
}

fn check(answers: &str, count: usize, service: &Service) {
    assert_eq!(ids(answers), (0..=count).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(!answers.contains("HTTP/1.1 500") && !answers.contains("HTTP/1.1 503"), "{answers}");
    let jobs = service.get("/runs/r/jobs/?fields=job_id").json();
    assert_eq!(jobs.as_array().unwrap().len(), (0..count).filter(|number| matches!(number % 7, 3 | 4)).count());
}

fn lab(database: TestDatabase) -> Service {
    Service::with(HttpSettings { admission: Admission::Deployed, ..HttpSettings::default() }, database)
}

fn what_is_asked_at_once_is_answered_in_order(database: TestDatabase) {
    let service = lab(database);
    let mut connection = RawConnection::to(&service);
    let count = 140;
    connection.send(requests(count).concat());
    check(&connection.read_to_end(), count, &service);
}

fn what_comes_in_pieces_is_answered_in_order(database: TestDatabase) {
    let service = lab(database);
    let count = 14;
    let text = requests(count).concat();
    for length in [1, 7, 1_000] {
        let mut connection = RawConnection::to(&service);
        for piece in text.as_bytes().chunks(length) {
            connection.send(piece);
            if length > 1 {
                thread::sleep(Duration::from_millis(3));
            }
        }
        let answers = connection.read_to_end();
        assert_eq!(ids(&answers).len(), count + 1, "{length}: {answers}");
    }
    check_jobs(&service);
}

fn check_jobs(service: &Service) {
    let jobs = service.get("/runs/r/jobs/?fields=job_id").json();
    assert_eq!(jobs, json!([{ "job_id": "11" }, { "job_id": "10" }, { "job_id": "4" }, { "job_id": "3" }]));
}

/// While it is answered, and when the answer waits for its reader.
fn what_is_asked_behind_an_answer_that_nobody_reads_is_answered(database: TestDatabase) {
    let service = lab(database);
    for number in 0..40 {
        service.post_job("large", &number.to_string(), &json!({ "owner": "o".repeat(100_000) }));
    }
    let before = ["/runs/large/", "/docs/swagger-ui-bundle.js"]
        .map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: first\r\n\r\n"));
    for before in before {
        let mut connection = RawConnection::to(&service);
        connection.send(&before);
        thread::sleep(Duration::from_millis(300));
        connection.send(requests(21).concat());
        thread::sleep(Duration::from_millis(300));
        assert_eq!(service.get("/").status, 200);
        let answers = connection.read_to_end();
        assert_eq!(ids(&answers).len(), 23);
        assert_eq!(ids(&answers)[..2], ["first", "0"]);
    }
}

/// The system throws away what is on its way to a client when a connection is closed on which something was not read.
fn an_answer_comes_whole_whatever_stands_behind_its_request(database: TestDatabase) {
    let service = lab(database);
    let body = service.get("/docs/swagger-ui-bundle.js").body;
    let behind = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400);
    for number in 0..5 {
        let mut connection = RawConnection::to(&service);
        connection.send(last_request("GET", "/docs/swagger-ui-bundle.js", "", &behind));
        thread::sleep(Duration::from_millis(50 * number));
        let answer = connection.read_to_end();
        assert!(answer.contains(&body), "{} of {}", answer.len(), body.len());
    }
}

/// More of it than what actix keeps: who is answered before it came whole must go on all the same.
fn a_body_that_nobody_reads_holds_nothing_up(database: TestDatabase) {
    let service = lab(database);
    for length in [0x40_000, 0x50_000, 0x80_000, 0xf0_000] {
        let mut connection = RawConnection::to(&service);
        let chunk = "a".repeat(length);
        connection.send(format!(
            "GET /runs/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{chunk}\r\n0\r\n\r\n"
        ));
        connection.send(last_request("GET", "/", "", ""));
        let answers = connection.read_to_end();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{length}: {answers}");
    }
}

on_both!(
    a_body_that_nobody_reads_holds_nothing_up,
    an_answer_comes_whole_whatever_stands_behind_its_request,
    what_is_asked_at_once_is_answered_in_order,
    what_comes_in_pieces_is_answered_in_order,
    what_is_asked_behind_an_answer_that_nobody_reads_is_answered,
);
