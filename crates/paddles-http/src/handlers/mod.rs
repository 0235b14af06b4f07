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

use actix_web::http::uri::PathAndQuery;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{JobId, NameError, RunName};
use paddles_repository::{Repository, RepositoryError};
use serde_json::value::RawValue;

use crate::api_error::ApiError;
use crate::app::{App, List};
use crate::compression::unread_body;
use crate::request_body::Members;

/// A JSON text as an answer.
fn json(text: impl actix_web::body::MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text)
}

/// A list that `read` reads and writes, both on a thread that asks: those that serve connections have no time for long lists. Once
/// for all who ask for it at the same time.
async fn list_once<T: Into<Bytes>>(
    request: &HttpRequest,
    app: &App,
    read: impl Fn(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let list = move |lab: &dyn Repository| Ok(List { text: read(lab)?.into(), count: 0, last: None });
    Ok(json(app.lists.ask(asked_for(request), Box::new(list)).await?.text))
}

/// What a list is known by: two requests for the same have the same answer, whoever asks.
fn asked_for(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("", PathAndQuery::as_str)
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
