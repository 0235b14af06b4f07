//! What the service holds in memory does not grow with what it stores or shows.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use paddles_diesel::testing::TestDatabase;
use serde_json::Value;

use crate::generated_job::generated_job;
use crate::process::memory;
use crate::service::Service;

const JOBS: usize = 2_500;

/// In KB, for a run of about 18 MB.
const MOST_GROWTH: usize = 12 * 1024;

/// In KB, without the code: what is mapped of a build without optimisation takes another 26 MB.
const MOST_WHEN_IDLE: usize = 20 * 1024;

/// Uses every route from several connections, so that threads, pools and code are there.
fn warm_up(service: &Service) {
    thread::scope(|scope| {
        for thread in 0..8 {
            let client = service.client();
            scope.spawn(move || {
                let run = format!("warm {thread}");
                for number in 0..20 {
                    client.post_job(&run.replace(' ', "-"), &generated_job(&run, number, 2));
                }
                for _ in 0..5 {
                    client.read("/runs/");
                    client.read(&format!("/runs/{}/", run.replace(' ', "-")));
                }
            });
        }
    });
}

/// Reads a run so slowly that the service has to wait for its reader again and again.
fn read_slowly(service: &Service, run: &str) -> usize {
    let mut connection = TcpStream::connect(service.address()).unwrap();
    write!(connection, "GET /runs/{run}/ HTTP/1.1\r\nHost: paddles\r\nConnection: close\r\n\r\n").unwrap();
    let mut piece = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        let length = connection.read(&mut piece).unwrap();
        if length == 0 {
            return total;
        }
        total += length;
        thread::sleep(Duration::from_millis(2));
    }
}

fn a_large_run_fits_into_little_memory(database: &TestDatabase) {
    let service = Service::start(database);
    warm_up(&service);
    let own = memory(&service, "RssAnon:");
    assert!(own < MOST_WHEN_IDLE, "{own} KB without anything to do");
    let idle = memory(&service, "VmRSS:");

    let client = service.client();
    for number in 0..JOBS {
        client.post_job("large", &generated_job("large", number, 5));
    }
    let posted = memory(&service, "VmRSS:");
    let size = read_slowly(&service, "large");
    let read_slowly = memory(&service, "VmRSS:");
    assert!(size > 15_000_000, "{size} bytes are no large run");
    let run: Value = client.read("/runs/large/");
    assert_eq!(run["jobs"].as_array().unwrap().len(), JOBS);
    client.read("/runs/large/jobs/");

    // The most that it ever was, so that no moment is missed.
    let most = memory(&service, "VmHWM:");
    let figures = format!(
        "{size} bytes; {own} KB of its own idle and {idle} KB with its code, {posted} KB when posted, {read_slowly} KB after a slow reader, {most} KB at most"
    );
    eprintln!("{figures}");
    assert!(most < idle + MOST_GROWTH, "{figures}");
}

/// Clients who send this many requests at once.
const HASTY: usize = 20;

/// In KB, of all those clients together, each of which sends 200 KB.
const MOST_OF_THE_HASTY: usize = 8 * 1024;

fn requests_that_wait_for_their_turn_take_little(database: &TestDatabase) {
    let service = Service::start(database);
    warm_up(&service);
    let before = memory(&service, "VmRSS:");
    let small = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(8_000);
    let hasty: Vec<TcpStream> = (0..HASTY)
        .map(|_| {
            let mut connection = TcpStream::connect(service.address()).unwrap();
            // An answer that is larger than what the system keeps for a reader who reads nothing.
            for _ in 0..8 {
                connection.write_all(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            }
            connection.set_nonblocking(true).unwrap();
            let _ = connection.write(small.as_bytes());
            connection
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    service.client().read("/runs/?count=1");
    let most = memory(&service, "VmHWM:");
    eprintln!("{before} KB before, {most} KB at most with {HASTY} hasty clients");
    assert!(most < before + MOST_OF_THE_HASTY, "{before} KB before, {most} KB at most");
    drop(hasty);
}

on_both_databases!(a_large_run_fits_into_little_memory, requests_that_wait_for_their_turn_take_little);
