//! Answers in the coding that a client asks for.

use std::io::Read;

use flate2::read::GzDecoder;
use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::raw::{RawConnection, last_request};
use crate::service::Service;

/// Asks for `path`, and says in which coding the answer came, and what it says.
fn read(service: &Service, accepted: &str, path: &str) -> (String, String) {
    let (head, mut body) = service.unread(&[("Accept-Encoding", accepted)], "GET", path).into_parts();
    assert_eq!((head.status.as_u16(), &head.headers["vary"]), (200, &"Accept-Encoding".parse().unwrap()), "{path}");
    let coding = head.headers.get("content-encoding").map_or("none", |coding| coding.to_str().unwrap());
    let bytes = body.with_config().limit(u64::MAX).read_to_vec().unwrap();
    let mut text = String::new();
    match coding {
        "zstd" => zstd::Decoder::new(&*bytes).unwrap().read_to_string(&mut text).unwrap(),
        "gzip" => GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap(),
        _ => bytes.as_slice().read_to_string(&mut text).unwrap(),
    };
    if coding != "none" {
        assert!(bytes.len() < text.len() / 2, "{path}: {} of {} bytes", bytes.len(), text.len());
    }
    (coding.to_owned(), text)
}

fn filled(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    for number in 0..5 {
        service.post_job(&format!("r{number}"), "1", &json!({ "tasks": ["x".repeat(300)] }));
    }
    for number in 0..400 {
        service.post_job("many", &number.to_string(), &json!({ "tasks": [number] }));
    }
    service
}

fn the_coding_is_the_best_that_is_asked_for(database: TestDatabase) {
    let service = filled(database);
    let plain = service.get("/runs/").body;
    let check = |accepted: &str, coding: &str| {
        assert_eq!(read(&service, accepted, "/runs/"), (coding.to_owned(), plain.clone()), "{accepted}");
    };
    check("zstd", "zstd");
    check("gzip", "gzip");
    // What browsers say.
    check("gzip, deflate, br, zstd", "zstd");
    check("gzip, deflate", "gzip");
    check("gzip;q=1.0, zstd;q=0.5", "gzip");
    check("zstd;q=0.5, gzip;q=0.5", "zstd");
    check("zstd;q=0, gzip", "gzip");
    check("identity, gzip;q=0.5", "none");
    check("gzip;q=0", "none");
    check("br", "none");
    check("*", "none");
    check("", "none");
    check("gzip;q=loud", "none");
    // There is nothing else to be had.
    check("identity;q=0, br", "none");
    check("*;q=0", "none");
}

fn every_large_answer_is_compressed(database: TestDatabase) {
    let service = filled(database);
    for path in
        ["/runs/", "/runs/many/", "/runs/many/jobs/", "/runs/many/?view=summary", "/runs/r1/", "/jobs/?count=400"]
    {
        let plain = service.get(path);
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        for coding in ["zstd", "gzip"] {
            assert_eq!(read(&service, coding, path), (coding.to_owned(), plain.body.clone()), "{path}");
        }
    }
    for path in ["/", "/runs/?count=1", "/runs/?fields=name", "/nodes/", "/runs/r1/?view=summary"] {
        let plain = service.get(path);
        assert!(plain.body.len() <= 1024, "{path} is not small");
        assert_eq!(read(&service, "zstd, gzip", path), ("none".to_owned(), plain.body.clone()), "{path}");
        assert_eq!(plain.header("content-length"), Some(&*plain.body.len().to_string()), "{path}");
    }
    let refused = service.ask_with(&[("Accept-Encoding", "zstd")], "GET", "/runs/none/");
    assert_eq!((refused.header("vary"), refused.refusal().0), (Some("Accept-Encoding"), 404));
}

/// HEAD tells what GET would, and no length that GET does not have.
fn head_tells_the_coding(database: TestDatabase) {
    let service = filled(database);
    let check = |accepted: &str, path: &str, coding: Option<&str>| {
        let accepts = [("Accept-Encoding", accepted)];
        let answer = service.ask_with(&accepts, "HEAD", path);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{path}");
        assert_eq!(
            (answer.header("vary"), answer.header("content-type")),
            (Some("Accept-Encoding"), Some("application/json"))
        );
        let length = service.unread(&accepts, "GET", path).headers().get("content-length").cloned();
        if let Some(told) = answer.header("content-length") {
            assert_eq!(Some(told), length.as_ref().map(|length| length.to_str().unwrap()), "{path}");
        }
    };
    for path in ["/runs/", "/runs/many/", "/runs/many/jobs/", "/jobs/?count=400"] {
        check("zstd", path, Some("zstd"));
        check("gzip", path, Some("gzip"));
        check("identity", path, None);
    }
    check("zstd", "/", None);
    check("zstd", "/runs/?count=1", None);
}

/// Text that does not get much shorter.
fn noise(length: usize, seed: &mut u64) -> String {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    let letter = |_| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[(*seed >> 58) as usize])
    };
    (0..length).map(letter).collect()
}

/// What is compressed is read no sooner than what is not: a slow reader gets its first bytes while the last jobs are unread.
fn compressed_runs_are_streamed(database: TestDatabase) {
    const JOBS: usize = 600;
    let service = Service::admitting_all(database);
    let mut seed = 7;
    for job_id in 1_000..1_000 + JOBS {
        service.post_job("r", &job_id.to_string(), &json!({ "tasks": noise(30_000, &mut seed) }));
    }
    let begin = |accepted: &str| {
        let mut connection = RawConnection::to(&service);
        connection.send(last_request("GET", "/runs/r/", &format!("Accept-Encoding: {accepted}\r\n"), ""));
        let head = connection.read(12);
        assert_eq!(head, "HTTP/1.1 200");
        connection
    };
    let (zstd, gzip) = (begin("zstd"), begin("gzip"));
    for job_id in service.job_ids("r").iter().filter(|job_id| job_id.as_str() > "1010") {
        service.delete(&format!("/runs/r/jobs/{job_id}/")).json();
    }
    let check = |text: &str| {
        let run: Value = serde_json::from_str(text).expect("JSON");
        let jobs = run["jobs"].as_array().unwrap();
        assert!((11..JOBS).contains(&jobs.len()), "{} jobs", jobs.len());
        assert!(jobs.iter().all(|job| job["tasks"].as_str().unwrap().len() == 30_000));
    };
    let mut text = String::new();
    zstd::Decoder::new(&*body(zstd)).unwrap().read_to_string(&mut text).unwrap();
    check(&text);
    text.clear();
    GzDecoder::new(&*body(gzip)).read_to_string(&mut text).unwrap();
    check(&text);
}

/// The rest of an answer, put together from its chunks.
fn body(connection: RawConnection) -> Vec<u8> {
    let answer = connection.read_bytes_to_end();
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|place| place == what).unwrap();
    let mut rest = &answer[find(&answer, b"\r\n\r\n") + 4..];
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

on_both!(
    the_coding_is_the_best_that_is_asked_for,
    every_large_answer_is_compressed,
    head_tells_the_coding,
    compressed_runs_are_streamed,
);
