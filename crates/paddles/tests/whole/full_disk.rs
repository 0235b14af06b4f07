//! The database's disk is full: no write is acknowledged that is not there, readers read on, and it goes on when there is
//! room.

use std::collections::BTreeMap;
use std::process::Command;

use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use serde_json::Value;
use ureq::http::header::RETRY_AFTER;

use crate::at_once::recounted;
use crate::client::Client;
use crate::generated_job::generated_job;
use crate::optional::tell_once;
use crate::program::{paddles, run};
use crate::service::Service;
use crate::small_disk::SmallDisk;
use crate::waiting::eventually;

/// More than fit into what is left.
const MOST_JOBS: usize = 2_000;
/// What is left when the disk is almost full, in bytes.
const LEFT: u64 = 1024 * 1024;
/// How often writing is tried when it is full.
const REFUSALS: usize = 20;

fn disk(size: &str) -> Option<SmallDisk> {
    let disk = SmallDisk::mount(size);
    if disk.is_none() {
        tell_once("disk", "no file system may be mounted here: SKIPPING what is tested on a full disk");
    }
    disk
}

/// Posts a job; whether it was acknowledged. Whoever is not told so must be told to try again.
fn post(client: &Client, number: usize, acknowledged: &mut BTreeMap<String, Value>) -> bool {
    let job = generated_job("full", number, 40);
    let answer = client.post("/runs/full/jobs/", &job);
    if answer.status == 200 {
        acknowledged.insert(job["job_id"].as_str().unwrap().to_owned(), job);
        return true;
    }
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.headers.contains_key(RETRY_AFTER));
    assert!(answer.json()["message"].as_str().unwrap().contains("unavailable"), "{}", answer.text());
    false
}

/// Every acknowledged job is there as it was posted, and nothing is counted that is not.
fn check(client: &Client, acknowledged: &BTreeMap<String, Value>) {
    for (id, job) in acknowledged {
        let stored = client.read(&format!("/runs/full/jobs/{id}/"));
        for key in ["tasks", "overrides", "description"] {
            assert_eq!(stored[key], job[key], "{key} of {id}");
        }
    }
    recounted(client, "full");
}

fn a_full_disk_loses_nothing(disk: &SmallDisk, database: &TestDatabase, make_room: impl FnOnce(), said: &str) {
    let mut service = Service::start(database);
    let client = service.client();
    let mut acknowledged = BTreeMap::new();
    assert!(post(&client, 0, &mut acknowledged));
    disk.fill(LEFT);
    let full_after = (1..MOST_JOBS).find(|number| !post(&client, *number, &mut acknowledged)).expect("a full disk");
    let refused = (0..REFUSALS).filter(|again| !post(&client, MOST_JOBS + again, &mut acknowledged)).count();
    eprintln!("{}: full after {full_after} jobs; {refused} of {REFUSALS} refused then", database.url());
    assert!(refused > 0);
    // A server that crashed on it answers again as soon as it is back.
    let status = client.get("/runs/?count=1").status;
    assert!(status == 200 || status == 503, "{status}");

    make_room();
    let mut number = 2 * MOST_JOBS;
    eventually("there is room again", || {
        number += 1;
        post(&client, number, &mut acknowledged).then_some(())
    });
    check(&client, &acknowledged);
    let log = service.log();
    assert!(log.lines().any(|line| line.contains(" WARN ") && line.contains(said)), "{log}");
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");

    // What was acknowledged survives a crash as well.
    service.kill();
    check(&Service::start(database).client(), &acknowledged);
}

#[test]
fn of_an_sqlite_file() {
    let Some(disk) = disk("4m") else { return };
    let database = TestDatabase::sqlite_in(disk.folder());
    a_full_disk_loses_nothing(&disk, &database, || disk.clear(), "database or disk is full");
}

/// The disk of an SQLite file refuses all that would make its files longer, as a broken one or a quota does.
#[test]
fn writing_fails_for_a_while() {
    let database = TestDatabase::sqlite();
    let mut command = Command::new("env");
    let program = paddles(&[], &[]);
    command.arg("--ignore-signal=XFSZ").arg(program.get_program()).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("PADDLES_DATABASE_URL", database.url()).env("PADDLES_SERVER_PORT", "0");
    command.env("PADDLES_ADMISSION", "deployed");
    let mut service = Service::spawn(command);
    let limit = |bytes: &str| {
        let set = run(Command::new("prlimit").args([
            "--pid",
            &service.process_id().to_string(),
            &format!("--fsize={bytes}:"),
        ]));
        assert_eq!(set.code, Some(0), "{set:?}");
    };
    let client = service.client();
    let mut acknowledged = BTreeMap::new();
    assert!(post(&client, 0, &mut acknowledged));
    limit("4096");
    let refused = (1..=REFUSALS).filter(|number| !post(&client, *number, &mut acknowledged)).count();
    assert_eq!(refused, REFUSALS, "nothing can be written");
    // A connection that has read before reads on; a new one needs to write first.
    let status = client.get("/runs/full/jobs/").status;
    assert!(status == 200 || status == 503, "{status}");
    limit("unlimited");
    let mut number = MOST_JOBS;
    eventually("it can be written again", || {
        number += 1;
        post(&client, number, &mut acknowledged).then_some(())
    });
    check(&client, &acknowledged);
    let log = service.log();
    assert!(log.contains("disk I/O error") && !log.contains("ERROR") && !log.contains("panicked"), "{log}");
    service.kill();
    check(&Service::start(&database).client(), &acknowledged);
}

#[test]
fn of_a_postgres_server() {
    let Some(disk) = disk("160m") else { return };
    let cluster = PostgresCluster::start_kept(&disk.folder().join("cluster"), &[]).unwrap();
    let database = TestDatabase::on(&cluster);
    let make_room = || {
        disk.clear();
        // It may have given up.
        cluster.restart().unwrap();
    };
    a_full_disk_loses_nothing(&disk, &database, make_room, "No space left on device");
}
