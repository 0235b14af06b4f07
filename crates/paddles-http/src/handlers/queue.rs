//! `/queue/`: queues, and who takes the next job.

use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{QueueName, QueuePatch, RunName};
use paddles_repository::{QueueCreated, QueueHead, QueueUpdated};

use super::{done, json, name_of};
use crate::api_error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::documents::{JobField, array, job_document, queue_document, queue_stats_document};
use crate::idempotency_key::IdempotencyKey;
use crate::job_stream::answer_rows;
use crate::parameters::Parameters;
use crate::request_body::{Members, RequestBody};

fn no_queue() -> ApiError {
    ApiError::invalid("specified queue does not exist")
}

fn queue_of(members: &Members<'_>) -> Result<QueueName, ApiError> {
    Ok(QueueName::new(name_of(members, "queue")?)?)
}

/// `GET /queue/`: all queues, or the one that `machine_type` names; several types have one queue, `multi`.
pub(crate) async fn list(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let name = parameters.get("machine_type").map(|name| if name.contains('|') { "multi" } else { name }.to_owned());
    let paused_by = parameters.get("paused_by").map(str::to_owned);
    let queues = app.bridge.ask(move |lab| lab.queue_list(name.as_deref(), paused_by.as_deref())).await?;
    let now = now();
    Ok(json(array(&queues, |out, queue| queue_document(out, queue, now))))
}

/// `POST /queue/`: a new queue, paused if it says so.
pub(crate) async fn create(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let (name, patch) = body.read(|members| Ok((queue_of(members)?, QueuePatch::read(members.iter())?)))?;
    let (asked, once) = (name.clone(), key.once(&body));
    match app.bridge.change(move |lab| lab.queue_create(&asked, &patch, &caller.acts().once(once))).await? {
        QueueCreated::Created => Ok(done()),
        QueueCreated::AlreadyExists => Err(ApiError::invalid(format!("Queue {name} already exists"))),
        QueueCreated::Refused(refused) => Err(refused.into()),
    }
}

/// `PUT /queue/`: pauses a queue, or ends a pause.
pub(crate) async fn update(app: Data<App>, caller: Caller, body: RequestBody) -> Result<HttpResponse, ApiError> {
    let (name, patch) = body.read(|members| Ok((queue_of(members)?, QueuePatch::read(members.iter())?)))?;
    match app.bridge.change(move |lab| lab.queue_update(&name, &patch, &caller.acts())).await? {
        QueueUpdated::Updated => Ok(done()),
        QueueUpdated::NotFound => Err(no_queue()),
        QueueUpdated::Refused(refused) => Err(refused.into()),
    }
}

fn queue_in_query(parameters: &Parameters) -> Result<QueueName, ApiError> {
    Ok(QueueName::new(parameters.get("queue").unwrap_or_default())?)
}

/// `GET /queue/pop_queue/?queue=Q` shows the job at the head of a queue; `POST` takes it.
pub(crate) async fn pop(
    request: HttpRequest,
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let name = queue_in_query(&Parameters::of(&request))?;
    let takes = request.method() == Method::POST;
    let once = key.once(&body);
    let head = match (takes, once) {
        (false, _) => app.bridge.ask(move |lab| lab.queue_head(&name, now())).await,
        (true, None) => app.claims.ask(&name.to_string(), (name.clone(), caller.acts())).await,
        (true, once) => app.bridge.change(move |lab| lab.queue_claim(&name, &caller.acts().once(once))).await,
    };
    match head? {
        QueueHead::Job(job) => {
            let mut out = Vec::new();
            job_document(&mut out, &job, &app.links);
            Ok(json(out))
        }
        QueueHead::Empty => Ok(json("null")),
        QueueHead::Paused => Err(ApiError::unavailable("queue is paused, cannot retrieve job")),
    }
}

/// `/queue/stats/`: how many jobs wait in a queue, which the query names or, on POST, the body.
pub(crate) async fn stats(request: HttpRequest, app: Data<App>, body: RequestBody) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let named_in_body = request.method() == Method::POST && parameters.get("queue").is_none();
    let name = if named_in_body { body.read(queue_of)? } else { queue_in_query(&parameters)? };
    let (queue, jobs) = app.bridge.ask(move |lab| lab.queue_get(&name)).await?.ok_or_else(no_queue)?;
    Ok(json(queue_stats_document(&queue, jobs, now())))
}

/// `/queue/queued_jobs/`: the jobs that wait in the queue that the body names, on GET as on POST; those of one run or else of
/// one user if the query says so.
pub(crate) async fn queued_jobs(
    request: HttpRequest,
    app: Data<App>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let name = body.read(queue_of)?;
    let parameters = Parameters::of(&request);
    let run = parameters.get("run_name").map(RunName::new).transpose()?;
    let user = parameters.get("user").map(str::to_owned);
    let fields = parameters.fields(JobField::from_name)?;
    let rows = app.bridge.ask(move |lab| lab.queue_jobs(&name, run.as_ref(), user.as_deref())).await?;
    answer_rows(app, rows.ok_or_else(no_queue)?, fields).await
}
