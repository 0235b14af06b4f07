//! A steady load, as a lab makes it: jobs that come, report and end, and people who look at them.
//!
//! Requests are sent when their time has come, or as soon as those before are answered, and none is sent twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use ureq::http::header::RETRY_AFTER;

use crate::client::{Answer, Client};

/// So many that they keep up although some requests wait.
const CLIENTS: usize = 20;
const RUNS: [&str; 3] = ["load-a", "load-b", "load-c"];
/// What becomes of a job, a request each.
const LIFE: [&str; 3] = ["running", "running", "pass"];

/// How the requests of a load went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Each request, in the order in which they were answered.
    pub(crate) answered: Vec<Answered>,
    /// What went wrong: no answer at all, or one that nobody should get.
    pub(crate) failures: Vec<String>,
    /// The status that was last acknowledged of each job; `None` when a later report may or may not hold.
    pub(crate) jobs: BTreeMap<(&'static str, String), Option<&'static str>>,
}

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    /// When the answer was there, since the load began.
    pub(crate) at: Duration,
    /// How long it took, from when it was due.
    pub(crate) took: Duration,
    pub(crate) status: u16,
}

impl Outcome {
    pub(crate) fn with_status(&self, status: u16) -> usize {
        self.answered.iter().filter(|answered| answered.status == status).count()
    }

    /// The longest that anybody waited.
    pub(crate) fn slowest(&self) -> Duration {
        self.answered.iter().map(|answered| answered.took).max().unwrap_or_default()
    }

    /// Asks for each acknowledged job, one by one, and says how many there were.
    pub(crate) fn check_jobs(&self, client: &Client) -> usize {
        let acknowledged = self.jobs.iter().filter_map(|(job, status)| Some((job, (*status)?)));
        let checked = acknowledged.map(|((run, id), status)| {
            let answer = client.get(&format!("/runs/{run}/jobs/{id}/"));
            assert_eq!(answer.status, 200, "job {id} of {run} was acknowledged and is lost");
            assert_eq!(answer.json()["status"], status, "job {id} of {run}");
        });
        checked.count()
    }

    /// The runs that jobs were reported to.
    pub(crate) fn runs() -> [&'static str; 3] {
        RUNS
    }
}

/// So many requests a second to `addresses` in turn, for as long as `meanwhile` takes.
pub(crate) fn under_load<T>(
    addresses: &[&str],
    rate: u32,
    meanwhile: impl FnOnce(&Mutex<Outcome>) -> T,
) -> (T, Outcome) {
    let outcome = Mutex::new(Outcome::default());
    let ends = AtomicBool::new(false);
    let began = Instant::now();
    let result = thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (outcome, ends) = (&outcome, &ends);
            let address = addresses[number % addresses.len()];
            scope.spawn(move || {
                let pace = Pace { began, between: Duration::from_secs(1) / rate, number };
                Reporter::new(address, number).report(&pace, outcome, ends);
            });
        }
        // However it ends, the load must end as well.
        let end = EndOfLoad(&ends);
        let result = meanwhile(&outcome);
        drop(end);
        result
    });
    (result, outcome.into_inner().unwrap())
}

struct EndOfLoad<'a>(&'a AtomicBool);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// When each request of a client is due.
struct Pace {
    began: Instant,
    between: Duration,
    number: usize,
}

impl Pace {
    fn due(&self, request: usize) -> Duration {
        self.between * u32::try_from(request * CLIENTS + self.number).unwrap()
    }
}

/// One client. Half of them keep their connections, the others make one for each request.
struct Reporter {
    client: Client,
    address: String,
    keeps_connections: bool,
    number: usize,
}

impl Reporter {
    fn new(address: &str, number: usize) -> Self {
        Self {
            client: Client::new(address),
            address: address.to_owned(),
            keeps_connections: number.is_multiple_of(2),
            number,
        }
    }

    fn report(mut self, pace: &Pace, outcome: &Mutex<Outcome>, ends: &AtomicBool) {
        for request in 0.. {
            let due = pace.due(request);
            thread::sleep(due.saturating_sub(pace.began.elapsed()));
            if ends.load(Ordering::Relaxed) {
                return;
            }
            if !self.keeps_connections {
                self.client = Client::new(&self.address);
            }
            let run = RUNS[(self.number + request) % RUNS.len()];
            self.ask(request, run, outcome, || (pace.began.elapsed(), due));
        }
    }

    /// One request: a step of a job's life, or a look at the runs.
    fn ask(
        &self,
        request: usize,
        run: &'static str,
        outcome: &Mutex<Outcome>,
        time: impl Fn() -> (Duration, Duration),
    ) {
        let step = request % (LIFE.len() + 1);
        // A number of its own for each job, whose run stays the same.
        let job = request - step;
        let run = if step == LIFE.len() { run } else { RUNS[(self.number + job) % RUNS.len()] };
        let id = (job * CLIENTS + self.number).to_string();
        let key = (run, id.clone());
        let asked = match step {
            0 => self.client.send("POST", &format!("/runs/{run}/jobs/"), &job_report(run, &id, LIFE[0])),
            step if step < LIFE.len() => {
                self.client.send("PUT", &format!("/runs/{run}/jobs/{id}/"), &job_report(run, &id, LIFE[step]))
            }
            _ => self.client.send("GET", "/runs/?count=5", ""),
        };
        let (at, due) = time();
        let mut outcome = outcome.lock().unwrap();
        let is_write = step < LIFE.len();
        match asked {
            Ok(answer) => {
                outcome.answered.push(Answered { at, took: at.saturating_sub(due), status: answer.status });
                if is_write && answer.status == 200 {
                    outcome.jobs.insert(key, Some(LIFE[step]));
                } else if is_write && answer.status == 404 && !matches!(outcome.jobs.get(&key), Some(Some(_))) {
                    // Its first report was not taken.
                } else if is_write {
                    outcome.jobs.entry(key).and_modify(|status| *status = None);
                }
                outcome.failures.extend(wrong(&answer, is_write));
            }
            Err(error) => {
                if is_write {
                    outcome.jobs.insert(key, None);
                }
                outcome.failures.push(format!("{at:?}: {error}"));
            }
        }
    }
}

fn job_report(run: &str, id: &str, status: &str) -> String {
    json!({ "name": run, "job_id": id, "status": status, "description": "x".repeat(500) }).to_string()
}

/// What nobody should be told: anything but success, a 503 with the time to try again, and a report on a job whose first
/// report was told 503.
fn wrong(answer: &Answer, is_write: bool) -> Option<String> {
    let may_be = match answer.status {
        200 => true,
        503 => answer.headers.contains_key(RETRY_AFTER),
        404 => is_write,
        _ => false,
    };
    (!may_be).then(|| format!("{}: {}", answer.status, answer.text()))
}
