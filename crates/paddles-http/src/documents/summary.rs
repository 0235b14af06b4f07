//! The documented view of runs and jobs: a link, whether it runs, and what passed, failed and runs.

use paddles_domain::{Job, JobStatus, Run, RunResults};
use paddles_repository::Stored;

use super::JsonObject;
use crate::links::Links;

/// Writes a run as a member of `object`.
pub(crate) fn run_summary(object: &mut JsonObject<'_>, run: &Stored<Run>, links: &Links) {
    let run = &run.record;
    let summary = JsonObject::begin(object.member(run.name.as_str()));
    write(summary, &links.run(&run.name), run.status.is_finished(), &run.results);
}

/// Writes a job as a member of `object`: its results are those of a run that has no other job.
pub(crate) fn job_summary(object: &mut JsonObject<'_>, job: &Stored<Job>, links: &Links) {
    let job = &job.record;
    let mut results = RunResults::default();
    results.add(job.status);
    let summary = JsonObject::begin(object.member(job.job_id.as_str()));
    write(summary, &links.documented_job(&job.run, &job.job_id), job.status.is_finished(), &results);
}

/// The documentation knows three results: dead jobs count as failed, and what is not finished as running.
fn write(mut summary: JsonObject<'_>, href: &str, is_finished: bool, results: &RunResults) {
    summary.text("href", Some(href));
    summary.text("status", Some(if is_finished { "finished" } else { "running" }));
    let pass = results.count(JobStatus::Pass);
    let fail = results.count(JobStatus::Fail) + results.count(JobStatus::Dead);
    let mut three = JsonObject::begin(summary.member("results"));
    three.number("pass", Some(pass));
    three.number("running", Some(results.total() - pass - fail));
    three.number("fail", Some(fail));
    three.end();
    summary.end();
}
