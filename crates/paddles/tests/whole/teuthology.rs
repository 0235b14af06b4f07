//! The real client reports an archive, and reports it again.
//!
//! `PADDLES_TEUTHOLOGY` is the folder of its programs; `cargo xtask test` installs them.

use std::path::Path;
use std::process::Command;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::archive::{ArchivedRun, JOBS, LOG_WRITTEN_TEXT, RUNS, write_archive};
use crate::optional::given;
use crate::program::run;
use crate::service::Service;

fn report(programs: &Path, archive: &Path, service: &Service, more: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(programs.join("teuthology-report"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path()).env("TZ", "UTC");
    // It also leaves a file where it runs.
    command.current_dir(home.path()).args(["--all-runs", "--no-save"]).arg("--archive").arg(archive);
    let ended = run(command.args(["--server", &format!("http://{}", service.address())]).args(more));
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

fn check_run(archived: &ArchivedRun, shown: &Value) {
    let outcomes: Vec<&str> = (0..JOBS).map(|number| archived.outcome(number).status()).collect();
    for status in ["queued", "waiting", "running", "pass", "fail", "dead", "unknown"] {
        let count = outcomes.iter().filter(|outcome| **outcome == status).count();
        assert_eq!(shown["results"][status], json!(count), "{status} of {}", archived.name);
    }
    let keys = ["name", "status", "user", "suite", "branch", "machine_type", "scheduled", "jobs_count", "flavor"];
    let run = json!([
        archived.name,
        archived.status,
        "teuthology",
        "rados",
        "main",
        "smithi",
        archived.scheduled,
        JOBS,
        "default"
    ]);
    assert_eq!(json!(keys.map(|key| &shown[key])), run);
}

fn check_job(archived: &ArchivedRun, number: usize, shown: &Value) {
    let (sent, outcome) = (archived.job(number), archived.outcome(number));
    for key in ["job_id", "name", "description", "roles", "targets", "tasks", "overrides", "kernel", "sha1", "priority"]
    {
        assert_eq!(shown[key], sent[key], "{key} of job {number} of {}", archived.name);
    }
    assert_eq!(shown["nuke_on_error"], true);
    assert_eq!(shown["pid"], json!(sent["pid"].to_string()));
    assert_eq!(shown["status"], outcome.status(), "job {number} of {}", archived.name);
    assert_eq!(shown["failure_reason"], json!(outcome.failure_reason()));
    assert_eq!(shown["timestamp"], "2026-03-01 20:24:03");
    if ArchivedRun::has_log(number) {
        assert_eq!(shown["updated"], LOG_WRITTEN_TEXT);
    }
}

/// What the service shows of the whole archive.
fn all_runs(service: &Service) -> Vec<Value> {
    let client = service.client();
    RUNS.iter().map(|run| client.read(&format!("/runs/{}/", run.name))).collect()
}

/// The same without the times of the last change, of which a second report makes new ones.
fn without_updated(mut runs: Vec<Value>) -> Vec<Value> {
    for run in &mut runs {
        run.as_object_mut().unwrap().remove("updated");
        for job in run["jobs"].as_array_mut().unwrap() {
            job.as_object_mut().unwrap().remove("updated");
        }
    }
    runs
}

fn the_real_client_reports_an_archive(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let archive = tempfile::tempdir().unwrap();
    write_archive(archive.path());
    let service = Service::start_with(database, &[("PADDLES_ACCESS_LOG", "all")]);

    report(&programs, archive.path(), &service, &[]);
    let first = all_runs(&service);
    for (archived, shown) in RUNS.iter().zip(&first) {
        check_run(archived, shown);
        let jobs = shown["jobs"].as_array().unwrap();
        assert_eq!(jobs.len(), JOBS);
        for (number, job) in jobs.iter().enumerate() {
            check_job(archived, number, job);
        }
    }
    assert_eq!(service.client().read("/runs/").as_array().unwrap().len(), RUNS.len());

    // Each job is posted again, refused, and put.
    report(&programs, archive.path(), &service, &["--refresh"]);
    assert_eq!(without_updated(all_runs(&service)), without_updated(first));
    let lines = |method: &str, route: &str, status: u16| {
        let request = format!("method={method:?} route={route:?} status={status} ");
        service.log().lines().filter(|line| line.contains(&request)).count()
    };
    assert_eq!(lines("POST", "/runs/{name}/jobs/", 400), JOBS * RUNS.len());
    assert_eq!(lines("PUT", "/runs/{name}/jobs/{job_id}/", 200), JOBS * RUNS.len());
}

on_both_databases!(the_real_client_reports_an_archive);
