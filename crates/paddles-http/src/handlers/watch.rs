//! `/healthz`, `/readyz` and `/metrics`: for those who watch the service.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::done;
use crate::api_error::ApiError;
use crate::app::App;
use crate::clock::now;
use crate::drain::Drain;
use crate::lab_watch::Known;
use crate::measures::{Figures, seconds};
use crate::process;

/// The form in which Prometheus reads figures, and everybody else.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /healthz`: the process answers. Needs nothing but this thread.
pub(crate) async fn health() -> HttpResponse {
    done()
}

/// `GET /readyz`: questions can be answered.
pub(crate) async fn readiness(app: Data<App>, drain: Data<Drain>) -> Result<HttpResponse, ApiError> {
    if drain.has_begun() {
        return Err(ApiError::unavailable("the service stops"));
    }
    app.watch.readiness().await.map_err(ApiError::unavailable)?;
    Ok(done())
}

/// `GET /metrics`: all that is counted.
pub(crate) async fn metrics(app: Data<App>, drain: Data<Drain>) -> Result<HttpResponse, ApiError> {
    let known = app.watch.counts().await;
    let text = app.measures.text(|figures| {
        tell_service(figures, &app, &drain);
        tell_lab(figures, known.as_ref());
        process::tell(figures);
    });
    Ok(HttpResponse::Ok().content_type(FORM).body(text.map_err(|_| ApiError::defect())?))
}

fn tell_service(figures: &mut Figures<'_>, app: &App, drain: &Drain) {
    let load = app.watch.load();
    let kind = load.map_or("", |load| load.kind).to_owned();
    let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("database", kind)];
    figures.gauges("paddles_build_info", "What runs", [(build, 1)]);
    figures.gauge("paddles_http_connections", "Open connections of clients", count(drain.open()));

    let lanes = || app.bridge.lanes().into_iter().map(|(name, lane)| (vec![("lane", name.to_owned())], lane));
    let help = "Questions to the database that wait for a thread";
    figures.gauges("paddles_bridge_questions_waiting", help, lanes().map(|(lane, it)| (lane, count(it.waiting()))));
    let help = "How many may wait before requests are answered 503";
    figures.gauges("paddles_bridge_questions_limit", help, lanes().map(|(lane, it)| (lane, count(it.limit()))));
    let help = "Questions refused since too many waited";
    figures.counters("paddles_bridge_questions_refused", help, lanes().map(|(lane, it)| (lane, it.refused())));
    let timed_out = lanes().map(|(_, lane)| lane.given_up()).sum();
    let help = "Requests that took longer than the request timeout";
    figures.counter("paddles_http_requests_timed_out", help, timed_out);

    figures.gauge("paddles_database_up", "Whether it answered when asked last", app.watch.is_up().into());
    let Some(load) = load else { return };
    let state = |state: &str, connections: u32| (vec![("state", state.to_owned())], i64::from(connections));
    let states = [state("in_use", load.in_use), state("idle", load.idle)];
    figures.gauges("paddles_database_connections", "Connections to the database", states);
    figures.gauge("paddles_database_connections_limit", "The most there may be", load.limit.into());
    figures.gauge("paddles_database_connections_waiting", "Threads that wait for one", load.waiting.into());
    figures.counter("paddles_database_statements", "Statements run", load.statements);
    let help = "Statements that took long";
    figures.counter("paddles_database_slow_statements", help, load.slow_statements);
}

fn tell_lab(figures: &mut Figures<'_>, known: Option<&Known>) {
    let Some(Known { when, counts }) = known else { return };
    let jobs = counts.jobs.iter().map(|(status, jobs)| (vec![("status", status.to_string())], whole(*jobs)));
    figures.gauges("paddles_jobs", "Jobs by state", jobs);
    let nodes = counts.nodes.iter().map(|node| {
        let up = node.up.map_or_else(|| "unknown".to_owned(), |up| up.to_string());
        let labels = vec![("machine_type", node.machine_type.clone()), ("up", up), ("locked", node.locked.to_string())];
        (labels, whole(node.nodes))
    });
    figures.gauges("paddles_nodes", "Nodes by state", nodes);
    let queue = |name: &str| vec![("queue", name.to_owned())];
    let jobs = counts.queues.iter().map(|it| (queue(&it.queue), whole(it.jobs)));
    figures.gauges("paddles_queue_jobs", "Queued jobs", jobs);
    let now = now();
    let ages = counts.queues.iter().filter_map(|it| {
        let age = now.to_utc() - it.oldest?.to_utc();
        Some((queue(&it.queue), age.num_seconds().max(0)))
    });
    figures.gauges("paddles_queue_oldest_job_age_seconds", "How long ago the oldest was posted", ages);
    let age = when.elapsed();
    figures.gauge("paddles_lab_counts_age_seconds", "How old the figures of the lab are", seconds(age));
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
