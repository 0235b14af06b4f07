//! Rows that only read.

use super::Row;
use crate::driver::{Ask, Requests, Turn};
use crate::keys::Keys;
use crate::limit::Limit;

/// A page of runs or jobs is never shorter.
const SOMETHING: usize = 100;

macro_rules! limit {
    ($name:literal) => {
        Limit::new(include_str!(concat!("../../limits/", $name, ".sql")))
    };
}
pub(super) use limit;

pub(super) fn rows(keys: &Keys) -> Vec<Row> {
    let typical = keys.typical_size;
    let typical_runs = || keys.typical_runs.iter().map(String::as_str);
    let nodes = || keys.nodes.iter().map(String::as_str);

    let jobs = keys.jobs.clone();
    let one_job = move |turn: Turn<'_>| {
        let key = &jobs[turn.random.usize(..jobs.len())];
        Ask::get(format!("/runs/{}/jobs/{}/", key.run, key.job), 4_000)
    };
    let mut large = Row::new(
        format!("a run of {} jobs", keys.largest_size),
        limit!("run").texts("runs", [keys.largest_run.as_str()].into_iter()),
        always(&format!("/runs/{}/", keys.largest_run), keys.largest_size as usize * 4_000),
    );
    large.connections = &[1, 4];
    large.is_streamed = true;
    let mut run = Row::new(
        format!("a run of {typical} jobs"),
        limit!("run").texts("runs", typical_runs()),
        one_of(&keys.typical_runs, "/runs/", "/", typical as usize * 4_000),
    );
    run.is_streamed = true;

    vec![
        Row::new("one job", limit!("one_job").jobs(&keys.jobs), Box::new(one_job)),
        Row::new("latest 25 runs", limit!("latest_runs").sql("number", "25"), always("/runs/?count=25", SOMETHING)),
        Row::new(
            "latest 25 runs, unshared",
            limit!("latest_runs").sql("number", "25"),
            each_for_itself("/runs/?count=25", SOMETHING),
        ),
        Row::new("latest 100 runs", limit!("latest_runs").sql("number", "100"), always("/runs/?count=100", SOMETHING)),
        Row::new(
            "runs by branch",
            limit!("runs_by_branch").text("branch", keys.model.branch),
            always(&format!("/runs/branch/{}/?count=25", keys.model.branch), SOMETHING),
        ),
        Row::new(
            "runs by branch, unshared",
            limit!("runs_by_branch").text("branch", keys.model.branch),
            each_for_itself(&format!("/runs/branch/{}/?count=25", keys.model.branch), SOMETHING),
        ),
        Row::new(
            "runs by sha1 prefix",
            limit!("runs_by_sha1").texts("prefixes", keys.sha1_prefixes.iter().map(String::as_str)),
            one_of(&keys.sha1_prefixes, "/runs/sha1/", "/?count=25", SOMETHING),
        ),
        // There may be none in a small history.
        Row::new(
            "runs by three filters",
            limit!("runs_by_three"),
            always("/runs/suite/rados/branch/main/status/finished%20fail/?count=25", 2),
        ),
        Row::new(
            "page 40 of a filter",
            limit!("runs_page"),
            always("/runs/status/finished%20fail/?count=10&page=40", 2),
        ),
        run,
        large,
        Row::new(
            format!("2 fields of {typical} jobs"),
            limit!("run_fields").texts("runs", typical_runs()),
            one_of(&keys.typical_runs, "/runs/", "/jobs/?fields=job_id,status", typical as usize * 30),
        ),
        Row::new("branches", limit!("branches"), always("/runs/branch/", 8)),
        Row::new("sha1s", limit!("sha1s"), always("/runs/sha1/", SOMETHING)),
        Row::new("flavors", limit!("flavors"), always("/runs/flavors/", 8)),
        Row::new("nodes of a type", limit!("nodes"), always("/nodes/?machine_type=smithi", 10_000)),
        Row::new(
            "one node",
            limit!("one_node").texts("nodes", nodes()),
            one_of(&keys.nodes, "/nodes/", "/", SOMETHING),
        ),
        Row::new(
            "a node's last 25 jobs",
            limit!("node_jobs").texts("nodes", nodes()),
            one_of(&keys.nodes, "/nodes/", "/jobs/?count=25", 2),
        ),
        Row::new("job_stats of 14 days", limit!("job_stats"), always("/nodes/job_stats/?since_days=14", SOMETHING)),
        Row::new(
            "jobs by description",
            limit!("jobs_by_description"),
            always("/jobs/?description=workloads/w42&count=25", SOMETHING),
        ),
        Row::new("queued runs", limit!("queued_runs"), always("/runs/queued/", SOMETHING)),
    ]
}

/// The same question each time.
fn always(path: &str, at_least: usize) -> Box<Requests> {
    let path = path.to_owned();
    Box::new(move |_| Ask::get(path.clone(), at_least))
}

/// The same question, at an address of each connection's own: then the service does not take it for the same.
fn each_for_itself(path: &str, at_least: usize) -> Box<Requests> {
    let path = path.to_owned();
    Box::new(move |turn| Ask::get(format!("{path}&asked_by={}", turn.connection), at_least))
}

/// One of these at random, between two parts of a path.
fn one_of(values: &[String], before: &'static str, behind: &'static str, at_least: usize) -> Box<Requests> {
    let values = values.to_vec();
    Box::new(move |turn| {
        let value = &values[turn.random.usize(..values.len())];
        Ask::get(format!("{before}{value}{behind}"), at_least)
    })
}
