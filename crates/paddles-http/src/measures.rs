//! What the service counts of itself, and how Prometheus reads it. `docs/METRICS.md` tells what each name means.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use actix_web::http::Method;
use paddles_domain::{ExpiryRule, JobStatus};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::clock::unix_time;

/// Upper ends of the classes of latencies, in seconds: from a refused report to a search through everything.
const LATENCIES: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Counters that the service moves as it works.
pub(crate) struct Measures {
    requests: Family<Answered, Counter>,
    durations: Family<Asked, Histogram>,
    in_flight: Gauge,
    limited: Counter,
    expired: Family<WasInStatus, Counter>,
    rounds: Family<Outcome, Counter>,
    last_round: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WasInStatus {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// A request whose answer has not begun, counted until it is dropped.
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Measures {
    pub(crate) fn new() -> Self {
        let durations: fn() -> Histogram = || Histogram::new(LATENCIES);
        let measures = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            in_flight: Gauge::default(),
            limited: Counter::default(),
            expired: Family::default(),
            rounds: Family::default(),
            last_round: Gauge::default(),
        };
        // What has not happened yet is zero, not absent.
        for status in ExpiryRule::STATES {
            drop(measures.expired.get_or_create(&WasInStatus { status: status.as_str() }));
        }
        for outcome in ["done", "elsewhere", "failed"] {
            drop(measures.rounds.get_or_create(&Outcome { outcome }));
        }
        measures
    }

    /// Counts a request that has come.
    pub(crate) fn request_came(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a request that is answered after `took`.
    pub(crate) fn request_answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let (method, route) = (name_of(method), route.to_owned());
        let asked = Asked { method, route };
        self.durations.get_or_create(&asked).observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { method, route: asked.route, status }).inc();
    }

    /// Counts a request that came too soon.
    pub(crate) fn request_limited(&self) {
        self.limited.inc();
    }

    /// Counts a job that expired, by what it was.
    pub(crate) fn job_expired(&self, status: JobStatus) {
        self.expired.get_or_create(&WasInStatus { status: status.as_str() }).inc();
    }

    /// Counts a round of the schedule.
    pub(crate) fn expiry_round(&self, outcome: &'static str) {
        self.rounds.get_or_create(&Outcome { outcome }).inc();
        if outcome == "done" {
            self.last_round.set(unix_time());
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("paddles_http_requests", "Requests answered", self.requests.clone());
        let help = "Seconds until the answer begins";
        registry.register("paddles_http_request_duration_seconds", help, self.durations.clone());
        let help = "Requests whose answer has not begun";
        registry.register("paddles_http_requests_in_flight", help, self.in_flight.clone());
        let help = "Requests refused for their client's rate";
        registry.register("paddles_http_requests_limited", help, self.limited.clone());
        registry.register("paddles_expired_jobs", "Jobs that the schedule made dead", self.expired.clone());
        registry.register("paddles_expiry_rounds", "Rounds of the schedule", self.rounds.clone());
        let help = "When a round of the schedule ended well";
        registry.register("paddles_expiry_last_round_timestamp_seconds", help, self.last_round.clone());
    }

    /// Everything as text: these counters, and what `add` puts beside them.
    pub(crate) fn text(&self, add: impl FnOnce(&mut Figures)) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        self.register(&mut registry);
        add(&mut Figures(&mut registry));
        let mut text = String::new();
        encode_registry(&mut text, &registry)?;
        Ok(classic(&text))
    }
}

/// The library writes `OpenMetrics`, which names a counter without the ending that its values have.
fn classic(text: &str) -> String {
    let counters: HashSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let comment = ["# HELP ", "# TYPE "].into_iter().find(|comment| line.starts_with(comment));
        let name = comment.and_then(|comment| line[comment.len()..].split(' ').next());
        match (comment, name) {
            (Some(comment), Some(name)) if counters.contains(name) => {
                out.extend([comment, name, "_total", &line[comment.len() + name.len()..]]);
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Figures that are looked up when somebody reads them.
pub(crate) struct Figures<'a>(&'a mut Registry);

/// Names of labels with their values.
type Labels = Vec<(&'static str, String)>;

impl Figures<'_> {
    /// A figure that goes up and down.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &'static str, value: i64) {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        self.0.register(name, help, gauge);
    }

    /// The same for several labels.
    pub(crate) fn gauges(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Labels, i64)>,
    ) {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        self.0.register(name, help, family);
    }

    /// A figure that only goes up; its name ends in `_total` where it is read.
    pub(crate) fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        let counter = Counter::<u64>::default();
        counter.inc_by(value);
        self.0.register(name, help, counter);
    }

    /// The same for several labels.
    pub(crate) fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Labels, u64)>,
    ) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(value);
        }
        self.0.register(name, help, family);
    }
}

/// A method by name; what nobody serves has one name, since clients could think of any number.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// Whole seconds.
pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
