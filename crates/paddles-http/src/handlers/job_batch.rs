//! `/runs/{name}/jobs/batch/`: many new jobs at once.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use paddles_domain::{JobId, JobReport};
use paddles_repository::{JobCreated, MOST_NEW_JOBS, NewJobs};
use serde_json::value::RawValue;

use super::jobs::already_exists;
use super::json;
use super::runs::new_run_name;
use crate::api_error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::documents::{array_member, new_job_document};
use crate::idempotency_key::IdempotencyKey;
use crate::request_body::{Members, RequestBody};

/// `POST /runs/{name}/jobs/batch/`: adds jobs as POSTs of each in turn would, in one transaction, and tells of each what came of
/// it. One that is refused does not hold up the others: a reporter that sends a run does not want to lose it for one job.
pub(crate) async fn create(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    path: Path<String>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let run = new_run_name(path.into_inner())?;
    let read = body.read(|members| read_jobs(members, &app))?;
    let once = key.once(&body);
    let reports = read.iter().filter_map(|report| report.as_ref().ok().cloned()).collect();
    let new = NewJobs { run, reports, admission: app.admission, zone: app.zone };
    let outcomes = app.bridge.change(move |lab| lab.job_create_many(&new, &caller.acts().once(once))).await?;
    let mut outcomes = outcomes.into_iter();
    let mut results = Vec::with_capacity(read.len());
    for report in read {
        results.push(match report.map(|report| (report.job_id, outcomes.next())) {
            Ok((_, Some(JobCreated::Created(job_id, status)))) => {
                app.counters.count(None, status);
                (Some(job_id), None)
            }
            Ok((_, Some(JobCreated::CreatedBefore(job_id)))) => (Some(job_id), None),
            Ok((_, Some(JobCreated::AlreadyExists(job_id)))) => {
                let refusal = already_exists(&job_id);
                (Some(job_id), Some(refusal))
            }
            Ok((job_id, Some(JobCreated::Refused(refused)))) => (job_id, Some(refused.into())),
            // There is an outcome for each.
            Ok((job_id, None)) => (job_id, Some(ApiError::defect())),
            Err(refusal) => (None, Some(refusal)),
        });
    }
    Ok(json(array_member("results", &results, |out, (job_id, refusal): &(Option<JobId>, Option<ApiError>)| {
        new_job_document(out, job_id.as_ref(), refusal.as_ref().map(ToString::to_string).as_deref());
    })))
}

/// The reports in `jobs`, each read for itself.
fn read_jobs(members: &Members<'_>, app: &App) -> Result<Vec<Result<JobReport, ApiError>>, ApiError> {
    let refusal = || ApiError::invalid(format!("jobs takes an array of at most {MOST_NEW_JOBS} jobs"));
    let jobs = members.get("jobs").ok_or_else(refusal)?;
    let jobs: Vec<&RawValue> = serde_json::from_str(jobs.get()).map_err(|_| refusal())?;
    if jobs.len() > MOST_NEW_JOBS {
        return Err(refusal());
    }
    let read = |job: &RawValue| {
        let members: Members<'_> =
            serde_json::from_str(job.get()).map_err(|_| ApiError::invalid("a job takes a JSON object"))?;
        Ok(JobReport::read(members.iter(), app.zone)?)
    };
    Ok(jobs.into_iter().map(read).collect())
}
