//! A steady load, as a lab makes it: jobs that come, report and end, and people who look at them.
//!
//! Half of the requests come on new connections: each is sent when its time has come, whatever became of those before, since there
//! are so many clients that each has its answer long before its next request is due. The other half come from a few clients that
//! keep their connections, and send on as soon as they have the answer before. What is due before the end is sent, and nothing is
//! sent twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use ureq::http::header::RETRY_AFTER;

use crate::client::{Answer, Client};

/// Those that keep their connections, and those that make one for each request: the latter are each due every two seconds at 200
/// requests a second.
const KEEPERS: usize = 20;
const MAKERS: usize = 200;
const CLIENTS: usize = KEEPERS + MAKERS;
const RUNS: [&str; 3] = ["load-a", "load-b", "load-c"];
/// What becomes of a job, a request each.
const LIFE: [&str; 3] = ["running", "running", "pass"];

/// How the requests of a load went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Each request, in the order in which they were answered.
    pub(crate) answered: Vec<Answered>,
    /// How many requests were sent, and for how long.
    pub(crate) sent: usize,
    pub(crate) lasted: Duration,
    /// How long after its time the latest of them was sent.
    pub(crate) latest: Duration,
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

    fn sent_at(&mut self, at: Duration, due: Duration) {
        self.sent += 1;
        self.lasted = self.lasted.max(at);
        self.latest = self.latest.max(at.saturating_sub(due));
    }

    /// Requests sent in a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.sent).unwrap()) / self.lasted.as_secs_f64()
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
    let began = Instant::now();
    let ends = EndOfLoad { began, after: AtomicU64::new(u64::MAX) };
    let result = thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (outcome, ends) = (&outcome, &ends);
            let address = addresses[number % addresses.len()];
            scope.spawn(move || {
                let pace = Pace::new(began, Duration::from_secs(1) / rate, number);
                Reporter::new(address, number).report(&pace, outcome, ends);
            });
        }
        // However it ends, the load must end as well.
        let end = Ending(&ends);
        let result = meanwhile(&outcome);
        drop(end);
        result
    });
    let outcome = outcome.into_inner().unwrap();
    let due = u128::from(ends.after.load(Ordering::Relaxed)) * u128::from(rate) / 1_000_000_000;
    assert!(
        outcome.sent.abs_diff(usize::try_from(due).unwrap()) <= 1,
        "{due} requests were due, and {} sent",
        outcome.sent
    );
    (result, outcome)
}

/// Nanoseconds after which nothing is due any more.
struct EndOfLoad {
    began: Instant,
    after: AtomicU64,
}

struct Ending<'a>(&'a EndOfLoad);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let after = u64::try_from(self.0.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.after.store(after, Ordering::Relaxed);
    }
}

/// When each request of a client is due.
struct Pace {
    began: Instant,
    first: Duration,
    between: Duration,
}

impl Pace {
    /// Of all requests, `between` apart, every other one is made by those that keep their connections, each in its turn.
    fn new(began: Instant, between: Duration, number: usize) -> Self {
        let (turn, of) = if number < KEEPERS { (2 * number, KEEPERS) } else { (2 * (number - KEEPERS) + 1, MAKERS) };
        let times = |count: usize| between * u32::try_from(count).unwrap();
        Self { began, first: times(turn), between: times(2 * of) }
    }

    fn due(&self, request: usize) -> Duration {
        self.first + self.between * u32::try_from(request).unwrap()
    }
}

/// One client.
struct Reporter {
    client: Client,
    address: String,
    keeps_connections: bool,
    number: usize,
}

impl Reporter {
    fn new(address: &str, number: usize) -> Self {
        Self { client: Client::new(address), address: address.to_owned(), keeps_connections: number < KEEPERS, number }
    }

    fn report(mut self, pace: &Pace, outcome: &Mutex<Outcome>, ends: &EndOfLoad) {
        for request in 0.. {
            let due = pace.due(request);
            thread::sleep(due.saturating_sub(pace.began.elapsed()));
            if due.as_nanos() >= u128::from(ends.after.load(Ordering::Relaxed)) {
                return;
            }
            outcome.lock().unwrap().sent_at(pace.began.elapsed(), due);
            let run = RUNS[(self.number + request) % RUNS.len()];
            self.ask(request, run, outcome, || (pace.began.elapsed(), due));
            if !self.keeps_connections {
                self.client = Client::new(&self.address);
            }
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
