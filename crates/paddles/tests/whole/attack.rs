//! Many idle connections, many slow readers and more of the most expensive questions than can be answered, all at once: the
//! service says that it is there, takes reports, and stays small.
//!
//! Small by default; `PADDLES_ATTACK=full` is what docs/RELIABILITY.md has figures of.

use std::collections::VecDeque;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::generated_job::generated_job;
use crate::process::{memory, open_files};
use crate::service::Service;

/// In KB.
const MOST_MEMORY: usize = 300 * 1024;

struct Attack {
    jobs: usize,
    idle: usize,
    slow_readers: usize,
    /// In a second.
    expensive: usize,
    lasts: Duration,
    /// Within which health is told; small attacks run beside other tests, where no time can be promised.
    patience: Option<Duration>,
}

const FULL: Attack = Attack {
    jobs: 2_500,
    idle: 10_000,
    slow_readers: 1_000,
    expensive: 500,
    lasts: Duration::from_secs(30),
    patience: Some(Duration::from_millis(100)),
};

/// Beside other tests, on a machine that may be busy.
const SMALL: Attack =
    Attack { jobs: 400, idle: 300, slow_readers: 60, expensive: 100, lasts: Duration::from_secs(3), patience: None };

const EXPENSIVE: [&str; 5] = [
    "/runs/?count=10000",
    "/jobs/?count=10000&description=a",
    "/nodes/job_stats/?since_days=10000",
    "/runs/large/jobs/?fields=job_id,tasks,overrides",
    "/runs/sha1/",
];

/// Threads that ask what is expensive: as many as there may be such requests at once.
const ASKING: usize = 100;

/// Idle connections that the service has closed are opened again in turns, twenty turns a second: as fast as it closes them,
/// and not all at once.
const OPENED_IN_TURNS: usize = 50;

/// A thousand readers come in a second or two.
const BETWEEN_READERS: Duration = Duration::from_millis(1);

/// How often a report is sent whose connection is lost.
const PATIENCE_OF_REPORTERS: usize = 3;

/// What became of an attack.
#[derive(Debug, Default)]
struct Outcome {
    refused: AtomicUsize,
    answered: AtomicUsize,
    heartbeats: AtomicUsize,
    /// Whose connection was lost before an answer, and that were sent again.
    reports_sent_again: AtomicUsize,
    read_slowly: AtomicUsize,
    /// The most that were open at a time.
    idle: AtomicUsize,
}

fn connect(service: &Service) -> Option<TcpStream> {
    let connection = TcpStream::connect(service.address()).ok()?;
    connection.set_nonblocking(true).ok()?;
    Some(connection)
}

/// Whether the service has closed a connection.
fn is_closed(connection: &TcpStream) -> bool {
    !matches!(connection.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Keeps so many connections open on which nothing is asked, and opens new ones for those that the service closes. Counts
/// those that are open at a time.
fn stay_idle(service: &Service, count: usize, over: &AtomicBool, outcome: &Outcome) {
    let mut connections = VecDeque::new();
    while !over.load(Ordering::Relaxed) {
        // The oldest are closed first.
        while connections.front().is_some_and(is_closed) {
            connections.pop_front();
        }
        let missing = count - connections.len();
        connections.extend((0..missing.min(count / OPENED_IN_TURNS)).filter_map(|_| connect(service)));
        outcome.idle.fetch_max(connections.len(), Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50));
    }
}

/// Lets all threads that the calling one starts from now on run after others: whoever attacks has a machine of his own, and the
/// service and its database do not share theirs with him.
fn give_way() {
    let thread = fs::read_link("/proc/thread-self").unwrap();
    let thread = thread.file_name().unwrap().to_str().unwrap();
    let given = Command::new("renice").args(["-n", "15", "-p", thread]).stdout(Stdio::null()).status();
    assert!(given.is_ok_and(|status| status.success()), "renice lowers the priority");
}

/// Reads a large run on many connections, a kilobyte now and then of each.
fn read_slowly(service: &Service, count: usize, over: &AtomicBool, outcome: &Outcome) {
    let ask = |number: usize| {
        let mut connection = connect(service)?;
        let coding = ["identity", "zstd", "gzip"][number % 3];
        write!(connection, "GET /runs/large/ HTTP/1.1\r\nHost: paddles\r\nAccept-Encoding: {coding}\r\n\r\n").ok()?;
        thread::sleep(BETWEEN_READERS);
        Some(connection)
    };
    let mut readers: Vec<TcpStream> = (0..count).filter_map(ask).collect();
    let mut piece = [0; 1024];
    while !over.load(Ordering::Relaxed) {
        for reader in &mut readers {
            if let Ok(length) = reader.read(&mut piece) {
                outcome.read_slowly.fetch_add(length, Ordering::Relaxed);
            }
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn ask_for_much(client: &Client, attack: &Attack, number: usize, over: &AtomicBool, outcome: &Outcome) {
    let pause = Duration::from_secs(1) * u32::try_from(ASKING).unwrap() / u32::try_from(attack.expensive).unwrap();
    for path in EXPENSIVE.iter().cycle().skip(number) {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let asked = Instant::now();
        let counted = match client.send("GET", path, "") {
            Ok(answer) if answer.status == 200 => &outcome.answered,
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{path}: {}", answer.text());
                &outcome.refused
            }
            Err(_) => &outcome.refused,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        thread::sleep(pause.saturating_sub(asked.elapsed()));
    }
}

/// Sends a report until it is answered, as reporters do.
fn send_report(client: &Client, method: &str, path: &str, body: &Value, outcome: &Outcome) -> Answer {
    for _ in 0..PATIENCE_OF_REPORTERS {
        match client.send(method, path, &body.to_string()) {
            Ok(answer) => return answer,
            Err(_) => outcome.reports_sent_again.fetch_add(1, Ordering::Relaxed),
        };
    }
    panic!("{method} {path} was not answered {PATIENCE_OF_REPORTERS} times");
}

fn report(client: &Client, number: usize, over: &AtomicBool, outcome: &Outcome) {
    let heartbeat = json!({ "name": "alive", "job_id": number.to_string() });
    client.post_job("alive", &heartbeat);
    while !over.load(Ordering::Relaxed) {
        let refused = send_report(client, "POST", "/runs/alive/jobs/", &heartbeat, outcome);
        assert_eq!(refused.status, 400, "{}", refused.text());
        let taken = send_report(client, "PUT", &format!("/runs/alive/jobs/{number}/"), &heartbeat, outcome);
        assert_eq!(taken.status, 200, "{}", taken.text());
        outcome.heartbeats.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
    }
}

/// How long each of many questions about health took, and when that was; each on a connection of its own.
fn watch(service: &Service, attack: &Attack) -> Vec<(Duration, Duration)> {
    let began = Instant::now();
    let mut took = Vec::new();
    while began.elapsed() < attack.lasts {
        let asked = Instant::now();
        let answer = service.client().get("/healthz");
        assert_eq!(answer.status, 200, "{}", answer.text());
        took.push((asked.elapsed(), began.elapsed()));
        thread::sleep(Duration::from_millis(50));
    }
    took.sort();
    took
}

fn the_service_stands_an_attack(database: &TestDatabase) {
    let attack = if std::env::var_os("PADDLES_ATTACK").is_some_and(|size| size == "full") { FULL } else { SMALL };
    let service =
        Service::start_with(database, &[("PADDLES_ACCESS_LOG", "off"), ("PADDLES_LOG", "error,paddles=info")]);
    let client = service.client();
    for number in 0..attack.jobs {
        client.post_job("large", &generated_job("large", number, 5));
    }
    for number in 0..attack.jobs {
        client.post_job(&format!("run-{number}"), &json!({ "job_id": "1", "status": "pass" }));
    }
    let before = memory(&service, "VmHWM:");

    let (over, outcome) = (AtomicBool::new(false), Outcome::default());
    let (took, files) = thread::scope(|scope| {
        let (service, attack, over, outcome) = (&service, &attack, &over, &outcome);
        scope.spawn(move || {
            give_way();
            scope.spawn(move || stay_idle(service, attack.idle, over, outcome));
            scope.spawn(move || read_slowly(service, attack.slow_readers, over, outcome));
            for number in 0..ASKING {
                let client = service.client();
                scope.spawn(move || ask_for_much(&client, attack, number, over, outcome));
            }
        });
        for number in 0..4 {
            let client = service.client();
            scope.spawn(move || report(&client, number, over, outcome));
        }
        // What fails must end the others, too.
        let took = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watch(service, attack)));
        let files = open_files(service);
        over.store(true, Ordering::Relaxed);
        (took.unwrap(), files)
    });

    let most = memory(&service, "VmHWM:");
    let (median, p99) = (took[took.len() / 2].0, took[took.len() * 99 / 100].0);
    let (worst, when) = took[took.len() - 1];
    let figures = format!(
        "{} questions about health took {median:?} in the middle, {p99:?} at 99 %, {worst:?} at most, {when:?} after the beginning; {before} KB before, \
         {most} KB at most; {files} open files at the end; {outcome:?}",
        took.len()
    );
    eprintln!("{figures}");
    assert!(attack.patience.is_none_or(|patience| worst <= patience), "{figures}");
    assert!(most <= MOST_MEMORY, "{figures}");
    assert!(outcome.heartbeats.into_inner() > 0 && outcome.read_slowly.into_inner() > 0, "{figures}");
    assert!(files > attack.slow_readers + attack.idle / 2, "{figures}");
}

on_both_databases!(the_service_stands_an_attack);
