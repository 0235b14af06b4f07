//! Clients that write while what they write to is killed, and what each of them may find afterwards.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::service::Service;

pub(crate) const CLIENTS: usize = 32;
/// Every client reports to all of them, so that runs are fought over.
pub(crate) const RUNS: [&str; 4] = ["kill-a", "kill-b", "kill-c", "kill-d"];
/// What a job becomes, step by step.
pub(crate) const STEPS: [&str; 4] = ["queued", "running", "running", "pass"];
/// How many nodes a client locks at once.
pub(crate) const LOCKED: usize = 2;

/// How long a client waits after a request that was not answered.
const PAUSE: Duration = Duration::from_millis(20);

/// What all clients share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) acknowledged: AtomicUsize,
    pub(crate) unanswered: AtomicUsize,
    pub(crate) stop: AtomicBool,
    /// The nodes that clients hold. Each adds what it was given, and removes it before it gives it back.
    held: Mutex<BTreeSet<String>>,
}

/// What one client wrote.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) jobs: Vec<WrittenJob>,
    /// Owners of locks of which it is not known whether they hold.
    pub(crate) owners: BTreeSet<String>,
}

/// A job that only one client writes.
pub(crate) struct WrittenJob {
    pub(crate) run: &'static str,
    pub(crate) id: String,
    /// The steps at which it may be, `None` for a job that is not there: one, or two when a request was not answered.
    pub(crate) may_be: Vec<Option<usize>>,
}

/// The text that a job carries in several keys at each step: one that is half written carries two.
pub(crate) fn mark(id: &str, step: usize) -> String {
    format!("{id}/{step}")
}

/// The commit that a job tests at each step; the commits of a run are counted.
pub(crate) fn sha1(step: usize) -> String {
    format!("{step:040}")
}

/// Lets all clients write until `end` returns, and gives what they wrote.
pub(crate) fn write_during(service: &Service, round: usize, shared: &Shared, end: impl FnOnce()) -> Vec<Journal> {
    shared.stop.store(false, Ordering::Relaxed);
    thread::scope(|scope| {
        let start = |number| {
            let client = service.client();
            scope.spawn(move || Writer { client, number, round, shared, journal: Journal::default() }.write())
        };
        let writers: Vec<_> = (0..CLIENTS).map(start).collect();
        end();
        shared.stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

struct Writer<'a> {
    client: Client,
    number: usize,
    round: usize,
    shared: &'a Shared,
    journal: Journal,
}

impl Writer<'_> {
    fn write(mut self) -> Journal {
        for turn in 0.. {
            if self.shared.stop.load(Ordering::Relaxed) {
                break;
            }
            self.report(turn);
            if turn % 2 == 0 {
                self.lock(turn);
            }
        }
        self.journal
    }

    /// A job from its beginning to its end; every fourth is deleted.
    fn report(&mut self, turn: usize) {
        let run = RUNS[(self.number + turn) % RUNS.len()];
        let id = format!("{}-{}-{turn}", self.round, self.number);
        let mut job = WrittenJob { run, may_be: vec![None], id };
        let (jobs, path) = (format!("/runs/{run}/jobs/"), format!("/runs/{run}/jobs/{}/", job.id));
        for (step, status) in STEPS.iter().enumerate() {
            let mark = mark(&job.id, step);
            let mut body = json!({ "status": status, "description": mark, "owner": mark, "sha1": sha1(step), "flavor": "default" });
            let (method, path) = if step == 0 {
                body["job_id"] = json!(job.id);
                body["machine_type"] = json!("target");
                body["targets"] = json!({ format!("ubuntu@target{}.example", turn % 8): "key" });
                ("POST", &jobs)
            } else {
                ("PUT", &path)
            };
            let is_done = self.is_done(method, path, &body);
            job.becomes(Some(step), is_done);
            if !is_done {
                break;
            }
        }
        if turn % 4 == 3 && job.may_be.len() == 1 {
            let is_done = self.is_done("DELETE", &path, &Value::Null);
            job.becomes(None, is_done);
        }
        self.journal.jobs.push(job);
    }

    /// Locks nodes, looks whether anybody else holds them, and gives them back. Each time under a name of its own.
    fn lock(&mut self, turn: usize) {
        let owner = format!("client{}@{}-{turn}", self.number, self.round);
        let wish = json!({ "count": LOCKED, "locked_by": owner, "machine_type": "kill", "description": null });
        let Some(answer) = self.answer("POST", "/nodes/lock_many/", &wish) else {
            self.journal.owners.insert(owner);
            return;
        };
        if answer.status == 503 {
            return; // all are taken
        }
        let nodes = answer.json();
        let names: Vec<&str> = nodes.as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
        assert_eq!(names.len(), LOCKED);
        for name in &names {
            assert!(self.shared.held.lock().unwrap().insert((*name).to_owned()), "{name} is held by two");
        }
        thread::yield_now();
        self.shared.held.lock().unwrap().retain(|held| !names.contains(&held.as_str()));
        if !self.is_done("POST", "/nodes/unlock_many/", &json!({ "names": names, "locked_by": owner })) {
            self.journal.owners.insert(owner);
        }
    }

    fn is_done(&self, method: &str, path: &str, body: &Value) -> bool {
        let Some(answer) = self.answer(method, path, body) else { return false };
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        true
    }

    /// The answer; none when it is not known what became of the request.
    fn answer(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.client.send(method, path, &body).ok();
        let answer = answer.filter(|answer| answer.status != 503 || answer.text().contains("nodes available"));
        let counter = if answer.is_some() { &self.shared.acknowledged } else { &self.shared.unanswered };
        counter.fetch_add(1, Ordering::Relaxed);
        if answer.is_none() {
            thread::sleep(PAUSE);
        }
        answer
    }
}

impl WrittenJob {
    fn becomes(&mut self, state: Option<usize>, is_known: bool) {
        if is_known {
            self.may_be.clear();
        }
        self.may_be.push(state);
    }
}
