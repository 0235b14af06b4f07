//! `/runs/{name}/jobs/` and `/runs/{name}/jobs/{job_id}/`.

use actix_web::http::Method;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{JobId, JobPatch, JobReport};
use paddles_repository::{JobCreated, JobUpdated, JobUpserted, NewJob};
use serde_json::json;

use super::runs::new_run_name;
use super::{done, job_in_path, json, no_job, run_in_path, there};
use crate::api_error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::documents::{JobField, array, job_document, job_fields, status_change_document};
use crate::idempotency_key::IdempotencyKey;
use crate::job_stream::answer_rows;
use crate::parameters::Parameters;
use crate::request_body::RequestBody;

/// `GET /runs/{name}/jobs/`: the run's jobs, newest posted first.
pub(crate) async fn list(request: HttpRequest, app: Data<App>, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let absent = || ApiError::not_found("associated run was not found");
    let parameters = Parameters::of(&request);
    let status = parameters.job_status();
    let fields = parameters.fields(JobField::from_name)?;
    let name = run_in_path(&path, absent)?;
    if let (Ok(status), Some(fields)) = (&status, &fields)
        && !JobField::keys(fields).hold_documents()
        && request.method() != Method::HEAD
    {
        let (status, keys) = (*status, JobField::keys(fields));
        let jobs = app.bridge.ask(move |lab| lab.job_list(&name, status, keys)).await?.ok_or_else(absent)?;
        return Ok(json(array(&jobs, |out, job| job_fields(out, job, fields, &app.links))));
    }
    let rows = app.bridge.ask(move |lab| match status {
        Ok(status) => lab.job_index(&name, status),
        // A status that no job has: whether the run is there is still to be told.
        Err(_) => Ok(lab.run_get(&name)?.map(|_| Vec::new())),
    });
    let rows = rows.await?.ok_or_else(absent)?;
    if request.method() == Method::HEAD {
        return Ok(there());
    }
    answer_rows(app, rows, fields).await
}

/// `POST /runs/{name}/jobs/`: a new job, and its run if that must be created. Reporters post every heartbeat here first
/// and rely on the end of the refusal, "already exists".
pub(crate) async fn create(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    path: Path<String>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let run = new_run_name(path.into_inner())?;
    let report = body.read_something(|members| Ok(JobReport::read(members.iter(), app.zone)?))?;
    let once = key.once(&body);
    // Most are refused: then nothing is locked, and those who are refused at the same time are so together.
    if once.is_none()
        && let Some(job_id) = &report.job_id
        && app.known_jobs.ask((run.clone(), job_id.clone())).await?
    {
        return Err(already_exists(job_id));
    }
    let new = NewJob { run, report, admission: app.admission, zone: app.zone };
    match app.bridge.change(move |lab| lab.job_create(&new, &caller.acts().once(once))).await? {
        JobCreated::Created(job_id, status) => {
            app.counters.count(None, status);
            Ok(added(&job_id))
        }
        JobCreated::CreatedBefore(job_id) => Ok(added(&job_id)),
        JobCreated::AlreadyExists(job_id) => Err(already_exists(&job_id)),
        JobCreated::Refused(refused) => Err(refused.into()),
    }
}

fn added(job_id: &JobId) -> HttpResponse {
    json(json!({ "job_id": job_id.as_str() }).to_string())
}

/// Reporters rely on the end of it.
pub(super) fn already_exists(job_id: &JobId) -> ApiError {
    ApiError::invalid(format!("job with job_id {job_id} already exists"))
}

/// `GET /runs/{name}/jobs/{job_id}/`: the whole job.
pub(crate) async fn get(app: Data<App>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (run, job_id) = job_in_path(&path.0, &path.1, no_job)?;
    let job = app.jobs.ask((run, job_id)).await?.ok_or_else(no_job)?;
    let mut out = Vec::new();
    job_document(&mut out, &job, &app.links);
    Ok(json(out))
}

/// `PUT /runs/{name}/jobs/{job_id}/`: changes the keys that are sent; with `upsert` a job that is not there is added.
pub(crate) async fn update(
    request: HttpRequest,
    app: Data<App>,
    caller: Caller,
    names: Path<(String, String)>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    if Parameters::of(&request).truth("upsert")? == Some(true) {
        return upsert(app, caller, names.into_inner(), body).await;
    }
    let absent = || ApiError::not_found("attempted to update a non-existent job");
    let patch = body.read(|members| Ok(JobPatch::read(members.iter(), app.zone)?))?;
    let (run, job_id) = job_in_path(&names.0, &names.1, absent)?;
    match app.bridge.change(move |lab| lab.job_update(&run, &job_id, &patch, &caller.acts())).await? {
        JobUpdated::Updated { before, after } => {
            app.counters.count(Some(before), after);
            Ok(done())
        }
        JobUpdated::NotFound => Err(absent()),
    }
}

/// A report of a job that may be new: half the requests of a POST that is refused and a PUT.
async fn upsert(
    app: Data<App>,
    caller: Caller,
    (run, job_id): (String, String),
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let (run, job_id) = (new_run_name(run)?, Some(JobId::new(job_id)?));
    let patch = body.read(|members| Ok(JobPatch::read(members.iter(), app.zone)?))?;
    let new = NewJob { run, report: JobReport { job_id, patch }, admission: app.admission, zone: app.zone };
    let (before, after) = match app.bridge.change(move |lab| lab.job_upsert(&new, &caller.acts())).await? {
        JobUpserted::Created(after) => (None, after),
        JobUpserted::Updated { before, after } => (Some(before), after),
        JobUpserted::Refused(refused) => return Err(refused.into()),
    };
    app.counters.count(before, after);
    Ok(json(json!({ "created": before.is_none() }).to_string()))
}

/// `GET /runs/{name}/jobs/{job_id}/history/`: how the job's status changed, the first change first.
pub(crate) async fn history(app: Data<App>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (run, job_id) = job_in_path(&path.0, &path.1, no_job)?;
    let changes = app.bridge.ask(move |lab| lab.job_history(&run, &job_id)).await?.ok_or_else(no_job)?;
    Ok(json(array(&changes, status_change_document)))
}

/// `DELETE /runs/{name}/jobs/{job_id}/`.
pub(crate) async fn delete(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let absent = || ApiError::not_found("attempted to delete a non-existent job");
    let (run, job_id) = job_in_path(&path.0, &path.1, absent)?;
    let was_there = app.bridge.change(move |lab| lab.job_delete(&run, &job_id, &caller.acts())).await?;
    if was_there { Ok(done()) } else { Err(absent()) }
}
