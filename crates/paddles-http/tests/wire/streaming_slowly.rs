//! Readers so slow that jobs go away while they read.

use std::collections::BTreeSet;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::text;
use crate::raw::{RawConnection, last_request, unchunked};
use crate::service::Service;

/// Four pages, together far more than fits between service and reader: the last ones are not read from the database
/// before the reader goes on.
pub(crate) const JOBS: usize = 600;
const BYTES: usize = 25_000;

/// Posts the jobs 1000, 1001, ... of the run `r`.
pub(crate) fn post_large_jobs(service: &Service) {
    let tasks = "t".repeat(BYTES);
    for job_id in 1_000..1_000 + JOBS {
        service.post_job("r", &job_id.to_string(), &json!({ "tasks": tasks }));
    }
}

/// An answer of which only the beginning is read.
struct SlowReader {
    connection: RawConnection,
    begin: String,
}

impl SlowReader {
    fn of(service: &Service, path: &str) -> Self {
        let mut connection = RawConnection::to(service);
        connection.send(last_request("GET", path, "", ""));
        let begin = connection.read(1_000);
        Self { connection, begin }
    }

    /// Reads the rest, and gives the ids of the jobs in the answer.
    fn finish(self) -> Vec<String> {
        let (answer, is_whole) = unchunked(&(self.begin + &self.connection.read_to_end()));
        assert!(is_whole, "the answer was broken off");
        let document: Value = serde_json::from_str(&answer).expect("JSON");
        let jobs = document.get("jobs").unwrap_or(&document).as_array().unwrap();
        assert!(jobs.iter().all(|job| job["tasks"].as_str().unwrap().len() == BYTES));
        jobs.iter().map(|job| text(&job["job_id"])).collect()
    }
}

/// Every survivor was read, and not every job that was there at first.
fn check(read: &[String], survivors: &[String]) {
    let read: BTreeSet<_> = read.iter().collect();
    assert!(survivors.iter().all(|job_id| read.contains(job_id)), "{read:?} lacks some of {survivors:?}");
    assert!(read.len() < JOBS, "no job was deleted before it was read");
}

/// Pages in the middle lose all that they held.
fn deleted_jobs_are_left_out(database: TestDatabase) {
    let service = Service::admitting_all(database);
    post_large_jobs(&service);
    let (kept, gone): (Vec<_>, Vec<_>) =
        service.job_ids("r").into_iter().partition(|job_id| job_id.as_str() < "1010" || job_id.as_str() > "1590");

    let run = SlowReader::of(&service, "/runs/r/");
    let list = SlowReader::of(&service, "/runs/r/jobs/");
    for job_id in gone {
        service.delete(&format!("/runs/r/jobs/{job_id}/")).json();
    }
    let (run, list) = (run.finish(), list.finish());
    assert!(run.is_sorted_by(|before, after| before < after), "{run:?}");
    assert!(list.is_sorted_by(|newer, older| newer > older), "{list:?}");
    check(&run, &kept);
    check(&list, &kept);
}

fn a_deleted_run_ends_early(database: TestDatabase) {
    let service = Service::admitting_all(database);
    post_large_jobs(&service);
    // Who hangs up in the middle holds nothing back.
    for _ in 0..20 {
        drop(SlowReader::of(&service, "/runs/r/"));
    }
    let run = SlowReader::of(&service, "/runs/r/");
    service.delete("/runs/r/").json();
    check(&run.finish(), &[]);
}

on_both!(deleted_jobs_are_left_out, a_deleted_run_ends_early);
