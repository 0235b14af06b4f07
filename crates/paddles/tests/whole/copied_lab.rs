//! A lab to be copied, and what clients see of it.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::Client;
use crate::generated_job::{generated_job, job_id};
use crate::program::{Ended, paddles, run};
use crate::service::Service;

/// Both servers link alike.
const ADDRESS: (&str, &str) = ("PADDLES_ADDRESS", "http://paddles.example");

/// The only run of the suite `fs`.
pub(crate) const FS_RUN: &str = "me-2026-03-02_21:00:05-fs-main-distro-default-smithi";

/// Names, how many jobs, suites and branches.
const RUNS: [(&str, usize, &str, &str); 4] = [
    ("teuthology-2026-03-01_20:24:03-rados-main-distro-default-smithi", 40, "rados", "main"),
    (FS_RUN, 7, "fs", "main"),
    ("an odd+name;ü", 3, "odd/suite", "a b"),
    ("me-2026-03-04_02:01:02-rados-wip-x-distro-default-smithi", 12, "rados", "wip-x"),
];

/// An empty database of the other kind.
pub(crate) fn other_kind(database: &TestDatabase) -> TestDatabase {
    if database.url().starts_with("sqlite") { TestDatabase::postgres() } else { TestDatabase::sqlite() }
}

pub(crate) fn serve(database: &TestDatabase) -> Service {
    Service::start_with(database, &[ADDRESS])
}

/// Runs a command of the program on `database`.
pub(crate) fn command(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run(&mut paddles(arguments, &[("PADDLES_DATABASE_URL", database.url())]))
}

/// The same, which must succeed.
pub(crate) fn succeed(database: &TestDatabase, arguments: &[&str]) -> String {
    let ended = command(database, arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}{}", ended.stdout, ended.stderr);
    ended.stdout
}

/// Fills a lab as its clients do.
pub(crate) fn fill(client: &Client) {
    let statuses = ["pass", "fail", "dead", "running", "queued", "waiting", "unknown"];
    for (name, jobs, suite, branch) in RUNS {
        let path = path_of(name);
        for number in 0..jobs {
            let mut job = generated_job(name, number, number % 3);
            job["status"] = json!("queued");
            job["suite"] = json!(suite);
            job["branch"] = json!(branch);
            job["queue"] = json!("smithi");
            job["timestamp"] = json!("2026-03-01_20:24:03");
            let posted = client.send("POST", &format!("{path}jobs/"), &pretty(number, &job)).unwrap();
            assert_eq!(posted.status, 200, "{}", posted.text());
            let report = json!({ "status": "running", "success": null });
            assert_eq!(client.put(&format!("{path}jobs/{}/", job_id(number)), &report).status, 200);
            let report = json!({ "status": statuses[number % 7], "duration": 77.5, "failure_reason": "a\nb \"c\" ü" });
            assert_eq!(client.put(&format!("{path}jobs/{}/", job_id(number)), &report).status, 200);
        }
    }
    assert_eq!(client.post("/runs/", &json!({ "name": "without-jobs" })).status, 200);
    let host = json!({ "name": "host", "machine_type": "vps", "up": true, "locked": true, "locked_by": "me", "description": "d" });
    let guest = json!({ "name": "a-guest", "is_vm": true, "vm_host": "host", "mac_address": "00:00", "up": false });
    for node in [host, guest] {
        assert_eq!(client.post("/nodes/", &node).status, 200);
    }
    let paused = json!({ "queue": "smithi", "paused_by": "me", "pause_duration": 100_000 });
    assert_eq!(client.post("/queue/", &paused).status, 200);
}

/// Gives back the machines of a job: where it ran stays true, but nothing that servers show of the job tells.
pub(crate) fn give_back(client: &Client) {
    let given_back = format!("{}jobs/{}/", path_of(RUNS[0].0), job_id(1));
    assert_eq!(client.put(&given_back, &json!({ "targets": null })).status, 200);
}

/// Some clients write over many lines.
fn pretty(number: usize, job: &Value) -> String {
    if number.is_multiple_of(5) { serde_json::to_string_pretty(job).unwrap() } else { job.to_string() }
}

/// The path of a run.
pub(crate) fn path_of(run: &str) -> String {
    format!("/runs/{}/", run.replace(' ', "%20").replace('+', "%2B").replace('ü', "%C3%BC"))
}

/// The name of the first run and the path of one of its jobs, which passed.
pub(crate) fn a_job() -> (&'static str, String) {
    (RUNS[0].0, format!("{}jobs/{}/", path_of(RUNS[0].0), job_id(0)))
}

/// All that clients can see, by its path, byte for byte.
pub(crate) fn documents(client: &Client) -> Vec<(String, String)> {
    let mut paths: Vec<String> = [
        "/runs/?count=100",
        "/runs/sha1/",
        "/runs/flavors/",
        "/runs/suite/",
        "/runs/date/",
        "/runs/queued/",
        "/runs/suite/rados/",
        "/runs/sha1/0/",
        "/jobs/?count=200",
        "/jobs/?description=classic&count=50",
        "/nodes/",
        "/nodes/machine_types/",
        "/nodes/job_stats/?since_days=1000",
        "/queue/",
        "/queue/pop_queue/?queue=smithi",
    ]
    .map(str::to_owned)
    .into();
    for (name, ..) in RUNS {
        paths.extend(["", "jobs/", "?view=summary"].map(|part| format!("{}{part}", path_of(name))));
    }
    let nodes = client.read("/nodes/");
    for node in nodes.as_array().unwrap() {
        let name = node["name"].as_str().unwrap();
        paths.extend(["jobs/?count=100", "job_stats/"].map(|part| format!("/nodes/{name}/{part}")));
    }
    paths.into_iter().map(|path| (path.clone(), client.get(&path).text())).collect()
}

/// What is shown of `copy` is what `original` showed; says which document differs.
pub(crate) fn assert_same(original: &[(String, String)], copy: &[(String, String)]) {
    for ((path, expected), (_, found)) in original.iter().zip(copy) {
        assert_eq!(found, expected, "{path}");
    }
    assert_eq!(original.len(), copy.len());
}
