//! Rows that change something: reports as teuthology sends them, locks, and claims.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::reads::limit;
use super::{Case, Row};
use crate::dataset::{History, JOB_COLUMNS, job_report};
use crate::driver::{Ask, Requests, Turn};
use crate::keys::{JobKey, Keys};
use crate::limit::{Limit, text_literal};
use crate::options::Engine;

/// Removes everything that these rows made.
pub(crate) const TIDY: &str = "
    DELETE FROM job_nodes WHERE job_id IN
        (SELECT jobs.id FROM jobs JOIN runs ON runs.id = jobs.run_id WHERE runs.name LIKE 'bench-%');
    DELETE FROM jobs WHERE run_id IN (SELECT id FROM runs WHERE name LIKE 'bench-%');
    DELETE FROM run_sha1s WHERE run_id IN (SELECT id FROM runs WHERE name LIKE 'bench-%');
    DELETE FROM run_flavors WHERE run_id IN (SELECT id FROM runs WHERE name LIKE 'bench-%');
    DELETE FROM runs WHERE name LIKE 'bench-%';
    DELETE FROM nodes WHERE name LIKE 'bench%';
    DELETE FROM queue WHERE queue = 'bench'";

/// More claims in a second than any database here answers.
const CLAIMS_A_SECOND: u64 = 10_000;

/// Claimed jobs belong to so many runs.
const CLAIMED_RUNS: u64 = 12;

pub(super) fn rows(keys: &Keys, history: &History) -> Vec<Row> {
    let beats = &keys.heartbeats;
    vec![
        Row::new("heartbeat PUT", limit!("heartbeat").jobs(beats), report(beats, put)),
        Row::new("heartbeat PUT with status", limit!("heartbeat_status").jobs(beats), report(beats, put_status)),
        Row::new("refused POST", limit!("refused").jobs(beats), report(beats, refused_post)),
        Row::new(
            "refused POST, then PUT",
            limit!("refused_then_heartbeat").jobs(beats),
            report(beats, |key| {
                let put = put(key);
                Ask { then: Some(Box::new(|_| put)), ..refused_post(key) }
            }),
        ),
        new_job(keys),
        lock_many(),
        claim(history),
    ]
}

fn report(keys: &[JobKey], ask: impl Fn(&JobKey) -> Ask + 'static) -> Box<Requests> {
    let keys = keys.to_vec();
    Box::new(move |turn| ask(&keys[turn.random.usize(..keys.len())]))
}

/// The heartbeat of the supervisor.
fn put(key: &JobKey) -> Ask {
    let body = json!({"name": key.run, "job_id": key.job}).to_string();
    Ask::send(Method::PUT, format!("/runs/{}/jobs/{}/", key.run, key.job), body)
}

fn put_status(key: &JobKey) -> Ask {
    let body = json!({"name": key.run, "job_id": key.job, "status": "running"}).to_string();
    Ask::send(Method::PUT, format!("/runs/{}/jobs/{}/", key.run, key.job), body)
}

/// What a reporter tries first though the job is there.
fn refused_post(key: &JobKey) -> Ask {
    let body = json!({"name": key.run, "job_id": key.job}).to_string();
    Ask { expects: 400, ..Ask::send(Method::POST, format!("/runs/{}/jobs/", key.run), body) }
}

/// Each connection schedules a run of its own, as each teuthology-suite does.
fn new_job(keys: &Keys) -> Row {
    let document = job_report(&keys.model);
    let limit = new_job_limit(&document);
    let rest = Value::Object(document).to_string().split_off(1);
    let requests = move |turn: Turn<'_>| {
        let run = format!("bench-new-{}", turn.connection);
        // Unlike in the load before, which posted into the same runs.
        let job_id = fastrand::u64(..);
        let body = format!("{{\"name\":\"{run}\",\"job_id\":\"{job_id}\",{rest}");
        Ask::send(Method::POST, format!("/runs/{run}/jobs/"), body)
    };
    let runs = "INSERT INTO runs (name, status) VALUES ";
    let values: Vec<String> = (0..32).map(|client| format!("('bench-limit-{client}', 'empty')")).collect();
    let before = format!("{runs}{} ON CONFLICT (name) DO NOTHING", values.join(", "));
    let mut row = Row::new("new job POST of 6 KB", limit, Box::new(requests));
    row.leaves_traces = true;
    row.before = Some(Box::new(move |_| before.clone()));
    row
}

/// The columns and values of the same job.
fn new_job_limit(document: &Map<String, Value>) -> Limit {
    let quoted =
        |column: &str| if matches!(column, "user" | "verbose") { format!("\"{column}\"") } else { column.to_owned() };
    let columns: Vec<String> = document.keys().map(|column| quoted(column)).collect();
    let values = document.values().map(|value| match value {
        Value::String(text) => text_literal(text),
        Value::Number(_) | Value::Bool(_) | Value::Null => value.to_string(),
        Value::Array(_) | Value::Object(_) => text_literal(&value.to_string()),
    });
    let values: Vec<String> = values.collect();
    limit!("new_job").sql("columns", &columns.join(", ")).sql("values", &values.join(", "))
}

/// Both requests count as one exchange: locked nodes must be unlocked, or there are none left.
fn lock_many() -> Row {
    let requests = |turn: Turn<'_>| {
        let owner = format!("bench@{}", turn.connection);
        let machine_type = format!("bench{}", turn.connection % 4);
        let body = json!({"locked_by": owner, "count": 4, "machine_type": machine_type, "description": "bench"});
        let unlock = move |locked: &[u8]| {
            let nodes: Vec<Map<String, Value>> = serde_json::from_slice(locked).unwrap_or_default();
            let names: Vec<Value> = nodes.into_iter().filter_map(|mut node| node.remove("name")).collect();
            let body = json!({"locked_by": owner, "names": names}).to_string();
            Ask { at_least: 200, ..Ask::send(Method::POST, "/nodes/unlock_many/", body) }
        };
        let lock = Ask::send(Method::POST, "/nodes/lock_many/", body.to_string());
        Ask { at_least: 400, then: Some(Box::new(unlock)), ..lock }
    };
    let nodes: Vec<String> = (0..400)
        .map(|node| {
            format!(
                "('bench{node:03}.front.sepia.ceph.com', true, 'bench{}', false, false, 'ssh-rsa {}')",
                node % 4,
                "A".repeat(370)
            )
        })
        .collect();
    let before = format!(
        "DELETE FROM nodes WHERE name LIKE 'bench%'; \
         INSERT INTO nodes (name, up, machine_type, is_vm, locked, ssh_pub_key) VALUES {}",
        nodes.join(", ")
    );
    let mut row = Row::new("lock_many of 4, then unlock_many", limit!("lock_nodes"), Box::new(requests));
    row.leaves_traces = true;
    row.before = Some(Box::new(move |_| before.clone()));
    row
}

/// The queue holds copies of a whole job, more than can be claimed.
fn claim(history: &History) -> Row {
    let requests = |_: Turn<'_>| Ask {
        // `null` would mean that the queue is empty.
        at_least: 4_000,
        ..Ask::send(Method::POST, "/queue/pop_queue/?queue=bench", "")
    };
    let model = history.runs()[0].first_job;
    let mut row = Row::new("claim from a queue", limit!("claim"), Box::new(requests));
    row.leaves_traces = true;
    row.before = Some(Box::new(move |case| refill(case, model)));
    row
}

fn refill(case: Case, model: u32) -> String {
    let own = ["id", "run_id", "job_id", "status", "queue", "posted", "started", "updated", "name"];
    let copied: Vec<&str> = JOB_COLUMNS.into_iter().filter(|column| !own.contains(column)).collect();
    let of_model: Vec<String> = copied.iter().map(|column| format!("model.{column}")).collect();
    let in_run = (case.seconds + 1) * CLAIMS_A_SECOND / CLAIMED_RUNS;
    let (jobs, number) = (in_run * CLAIMED_RUNS, case.number);
    let now = match case.engine {
        Engine::Postgres => "now() AT TIME ZONE 'utc'",
        Engine::Sqlite => "datetime('now')",
    };
    let count_to = |last: u64| {
        format!("WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {last})")
    };
    format!(
        "{TIDY}; INSERT INTO queue (queue) VALUES ('bench'); \
         {} INSERT INTO runs (name, status, posted, scheduled, jobs_queued) \
         SELECT 'bench-claim-{number}-' || n, 'queued', {now}, {now}, {in_run} FROM numbers; \
         {} INSERT INTO jobs (run_id, name, job_id, status, queue, posted, updated, {}) \
         SELECT runs.id, runs.name, 'c' || n, 'queued', 'bench', {now}, {now}, {} \
         FROM numbers JOIN runs ON runs.name = 'bench-claim-{number}-' || (n % {CLAIMED_RUNS}) \
         JOIN jobs AS model ON model.id = {model} ORDER BY n",
        count_to(CLAIMED_RUNS),
        count_to(jobs),
        copied.join(", "),
        of_model.join(", "),
    )
}
