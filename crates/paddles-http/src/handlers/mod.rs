//! What each route does: read the request, ask the port, render the answer.

pub(crate) mod audit;
pub(crate) mod docs;
pub(crate) mod errors;
pub(crate) mod job_batch;
pub(crate) mod job_search;
pub(crate) mod jobs;
pub(crate) mod locks;
pub(crate) mod nodes;
pub(crate) mod queue;
pub(crate) mod root;
pub(crate) mod run_filters;
pub(crate) mod runs;
pub(crate) mod watch;

use actix_web::HttpResponse;
use paddles_domain::{JobId, NameError, RunName};
use serde_json::value::RawValue;

use crate::api_error::ApiError;
use crate::compression::unread_body;
use crate::request_body::Members;

/// A JSON text as an answer.
fn json(text: impl actix_web::body::MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text)
}

/// What HEAD answers of what is there, where the body of GET would be long to read.
fn there() -> HttpResponse {
    json(unread_body())
}

/// What a successful change answers.
fn done() -> HttpResponse {
    json("{}")
}

/// The text of a key that must be there.
fn name_of(members: &Members<'_>, key: &'static str) -> Result<String, ApiError> {
    let missing = NameError::Missing { key };
    let json = members.get(key).map(RawValue::get).filter(|json| *json != "null").ok_or(missing)?;
    serde_json::from_str(json).map_err(|_| ApiError::invalid(format!("{key} takes text")))
}

fn no_run() -> ApiError {
    ApiError::not_found("run was not found")
}

fn no_job() -> ApiError {
    ApiError::not_found("job was not found")
}

/// The run that a path names; what cannot be a name is no run's.
fn run_in_path(text: &str, absent: fn() -> ApiError) -> Result<RunName, ApiError> {
    RunName::new(text).map_err(|_| absent())
}

/// The job that a path names; what cannot be an id is no job's.
fn job_in_path(run: &str, job_id: &str, absent: fn() -> ApiError) -> Result<(RunName, JobId), ApiError> {
    Ok((run_in_path(run, absent)?, JobId::new(job_id).map_err(|_| absent())?))
}
