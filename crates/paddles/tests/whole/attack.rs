//! Many idle connections, many slow readers and more of the most expensive questions than can be answered, all at once: the
//! service says that it is there, takes reports, and stays small.
//!
//! Small by default; `PADDLES_ATTACK=full` is what docs/RELIABILITY.md has figures of.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::{TestDatabase, shared_postgres};
use serde_json::{Value, json};

use crate::attackers::{Attack, Attackers, address};
use crate::client::{Answer, Client};
use crate::control_groups::ControlGroup;
use crate::generated_job::generated_job;
use crate::process::{memory, open_files};
use crate::service::Service;

/// In KB.
const MOST_MEMORY: usize = 300 * 1024;

/// `CPUWeight=` in deploy/systemd/paddles.service, and what a unit has that says none.
const WEIGHT_OF_THE_UNIT: u32 = 500;
const USUAL_WEIGHT: u32 = 100;

struct Size {
    jobs: usize,
    idle: u32,
    slow_readers: u32,
    /// In a second.
    expensive: u32,
    lasts: Duration,
    /// Within which health is told; small attacks run beside other tests, where no time can be promised.
    patience: Option<Duration>,
}

const FULL: Size = Size {
    jobs: 2_500,
    idle: 10_000,
    slow_readers: 1_000,
    expensive: 500,
    lasts: Duration::from_secs(30),
    patience: Some(Duration::from_millis(100)),
};

/// Beside other tests, on a machine that may be busy.
const SMALL: Size =
    Size { jobs: 400, idle: 300, slow_readers: 60, expensive: 100, lasts: Duration::from_secs(3), patience: None };

/// How often a report is sent whose connection is lost.
const PATIENCE_OF_REPORTERS: usize = 3;

/// What became of reports.
#[derive(Debug, Default)]
struct Reports {
    heartbeats: AtomicUsize,
    /// Whose connection was lost before an answer, and that were sent again.
    sent_again: AtomicUsize,
}

/// Sends a report until it is answered, as reporters do.
fn send_report(client: &Client, method: &str, path: &str, body: &Value, reports: &Reports) -> Answer {
    for _ in 0..PATIENCE_OF_REPORTERS {
        match client.send(method, path, &body.to_string()) {
            Ok(answer) => return answer,
            Err(_) => reports.sent_again.fetch_add(1, Ordering::Relaxed),
        };
    }
    panic!("{method} {path} was not answered {PATIENCE_OF_REPORTERS} times");
}

fn report(client: &Client, number: usize, over: &AtomicBool, reports: &Reports) {
    let heartbeat = json!({ "name": "alive", "job_id": number.to_string() });
    client.post_job("alive", &heartbeat);
    while !over.load(Ordering::Relaxed) {
        let refused = send_report(client, "POST", "/runs/alive/jobs/", &heartbeat, reports);
        assert_eq!(refused.status, 400, "{}", refused.text());
        let taken = send_report(client, "PUT", &format!("/runs/alive/jobs/{number}/"), &heartbeat, reports);
        assert_eq!(taken.status, 200, "{}", taken.text());
        reports.heartbeats.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
    }
}

/// How long questions took, and when they were asked.
struct Times(Vec<(Duration, Duration)>);

impl Times {
    /// The middle, 99 %, the most, and when that was.
    fn figures(mut self) -> (Duration, Duration, Duration, Duration) {
        self.0.sort();
        let (worst, when) = self.0[self.0.len() - 1];
        (self.0[self.0.len() / 2].0, self.0[self.0.len() * 99 / 100].0, worst, when)
    }
}

/// Asks on a connection of its own, without a library that would start threads.
fn ask(address: SocketAddr, path: &str) -> Duration {
    let asked = Instant::now();
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: paddles\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 1024];
    let length = connection.read(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer[..length]));
    asked.elapsed()
}

/// Answers everything, with nothing to do: what it takes is the machine's time.
fn answer_at_once() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 1024]).unwrap();
            connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        }
    });
    address
}

/// How long questions about health took, and as many to somebody who has nothing to do.
fn watch(service: &Service, lasts: Duration) -> (Times, Times) {
    let (service, idler) = (address(service), answer_at_once());
    let began = Instant::now();
    let (mut health, mut control) = (Times(Vec::new()), Times(Vec::new()));
    while began.elapsed() < lasts {
        health.0.push((ask(service, "/healthz"), began.elapsed()));
        control.0.push((ask(idler, "/"), began.elapsed()));
        thread::sleep(Duration::from_millis(50));
    }
    (health, control)
}

/// Puts the service, and Postgres, into a group each with the weights that their units of systemd have. Where the system has no
/// groups, or lets nobody make them, it shares processors between sessions, and each process of Postgres is one.
fn grouped(service: &Service, database: &TestDatabase) -> Vec<ControlGroup> {
    let mut units = vec![(service.process_id(), WEIGHT_OF_THE_UNIT)];
    if database.url().starts_with("postgres") {
        let file = fs::read_to_string(shared_postgres().folder().join("data/postmaster.pid")).unwrap();
        units.push((file.lines().next().unwrap().parse().unwrap(), USUAL_WEIGHT));
    }
    let groups: io::Result<Vec<_>> = units.into_iter().map(|(id, weight)| ControlGroup::of(id, weight)).collect();
    groups.unwrap_or_else(|error| {
        eprintln!("not in groups: {error}");
        Vec::new()
    })
}

fn the_service_stands_an_attack(database: &TestDatabase) {
    let size = if std::env::var_os("PADDLES_ATTACK").is_some_and(|size| size == "full") { FULL } else { SMALL };
    let service =
        Service::start_with(database, &[("PADDLES_ACCESS_LOG", "off"), ("PADDLES_LOG", "error,paddles=info")]);
    // Small attacks share the database with other tests.
    let groups = size.patience.map(|_| grouped(&service, database));
    let client = service.client();
    for number in 0..size.jobs {
        client.post_job("large", &generated_job("large", number, 5));
    }
    for number in 0..size.jobs {
        client.post_job(&format!("run-{number}"), &json!({ "job_id": "1", "status": "pass" }));
    }
    let before = memory(&service, "VmHWM:");

    let (over, reports) = (AtomicBool::new(false), Reports::default());
    let attackers = Attackers::begin(&Attack {
        address: address(&service),
        idle: size.idle,
        slow_readers: size.slow_readers,
        expensive: size.expensive,
    });
    let (took, files) = thread::scope(|scope| {
        let (service, over, reports) = (&service, &over, &reports);
        for number in 0..4 {
            let client = service.client();
            scope.spawn(move || report(&client, number, over, reports));
        }
        // What fails must end the others, too.
        let took = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watch(service, size.lasts)));
        let files = open_files(service);
        over.store(true, Ordering::Relaxed);
        (took.unwrap(), files)
    });
    let outcome = attackers.end();

    let most = memory(&service, "VmHWM:");
    let (health, control) = took;
    let asked = health.0.len();
    let ((median, p99, worst, when), idler) = (health.figures(), control.figures());
    let figures = format!(
        "{} groups; {asked} questions about health took {median:?} in the middle, {p99:?} at 99 %, {worst:?} at most, {when:?} after the beginning; as many to \
         who has nothing to do {:?}, {:?}, {:?}; {before} KB before, {most} KB at most; {files} open files at the end; {reports:?}; {outcome:?}",
        groups.as_ref().map_or(0, Vec::len),
        idler.0,
        idler.1,
        idler.2
    );
    eprintln!("{figures}");
    assert!(size.patience.is_none_or(|patience| worst <= patience), "{figures}");
    // Who attacks with less than that has not attacked.
    let offered = outcome.asked as u64 >= u64::from(size.expensive) * size.lasts.as_secs() * 9 / 10;
    assert!(size.patience.is_none() || (offered && outcome.idle >= size.idle as usize * 9 / 10), "{figures}");
    assert!(most <= MOST_MEMORY, "{figures}");
    assert!(reports.heartbeats.into_inner() > 0 && outcome.read_slowly > 0 && outcome.answered > 0, "{figures}");
    assert!(outcome.wrong.is_empty(), "{figures}");
    assert!(files > (size.slow_readers + size.idle / 2) as usize, "{figures}");
}

on_both_databases!(the_service_stands_an_attack);
