//! `/nodes/` and `/nodes/{name}/`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{NodeName, NodePatch};
use paddles_repository::{NodeCreated, NodeFilter, NodeUpdated};
use serde_json::json;

use super::{done, json, list_once, name_of};
use crate::api_error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::documents::{JobField, array, counts_document, job_stats_document, node_document};
use crate::idempotency_key::IdempotencyKey;
use crate::job_stream::answer_rows;
use crate::parameters::Parameters;
use crate::request_body::RequestBody;

pub(crate) fn no_node() -> ApiError {
    ApiError::not_found("node not found")
}

/// The node that a path names; what cannot be a name is no node's.
pub(crate) fn node_in_path(text: &str) -> Result<NodeName, ApiError> {
    NodeName::new(text).map_err(|_| no_node())
}

/// `GET /nodes/`: the nodes that match, by name.
pub(crate) async fn list(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let text = |name| parameters.get(name).map(str::to_owned);
    let count = parameters.last("count").map(str::parse).transpose();
    let filter = NodeFilter {
        machine_types: machine_types(parameters.get("machine_type").unwrap_or_default())?,
        os_type: text("os_type"),
        os_version: text("os_version"),
        arch: text("arch"),
        locked: parameters.truth("locked")?,
        locked_by: text("locked_by"),
        up: parameters.truth("up")?,
        count: count.map_err(|_| ApiError::invalid("count must be an integer"))?,
    };
    list_once(&request, &app, move |lab| Ok(array(&lab.node_list(&filter)?, node_document))).await
}

/// Machine types joined by bars, as clients ask for several at once; not more than a statement takes values.
pub(crate) fn machine_types(text: &str) -> Result<Vec<String>, ApiError> {
    const MOST: usize = 1_000;
    let types: Vec<String> = text.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if types.len() > MOST {
        return Err(ApiError::invalid(format!("machine_type takes at most {MOST} types")));
    }
    Ok(types)
}

/// `POST /nodes/`: a new node.
pub(crate) async fn create(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let (name, patch) = body.read(|members| {
        let name = NodeName::of_new(name_of(members, "name")?)?;
        Ok((name, NodePatch::read(members.iter())?))
    })?;
    let (asked, once) = (name.clone(), key.once(&body));
    match app.bridge.change(move |lab| lab.node_create(&asked, &patch, &caller.acts().once(once))).await? {
        NodeCreated::Created => Ok(done()),
        NodeCreated::AlreadyExists => Err(ApiError::invalid(format!("Node with name {name} already exists"))),
        NodeCreated::UnknownHost => Err(unknown_host()),
        NodeCreated::Refused(refused) => Err(refused.into()),
    }
}

pub(crate) fn unknown_host() -> ApiError {
    ApiError::invalid("vm_host takes the name of a node or null")
}

pub(crate) fn host_ring() -> ApiError {
    ApiError::invalid("vm_host takes another node than the node itself and those that run on it")
}

/// `GET /nodes/{name}/`: the whole node.
pub(crate) async fn get(app: Data<App>, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let name = node_in_path(&path)?;
    let node = app.nodes.ask(name).await?.ok_or_else(no_node)?;
    let mut out = Vec::new();
    node_document(&mut out, &node);
    Ok(json(out))
}

/// `PUT /nodes/{name}/`: changes the keys that are sent. The inventory creates a node when it hears exactly 404.
pub(crate) async fn update(
    app: Data<App>,
    caller: Caller,
    name: Path<String>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let absent = || ApiError::not_found("attempted to update a non-existent node");
    let patch = body.read(|members| Ok(NodePatch::read(members.iter())?))?;
    let name = NodeName::new(name.into_inner()).map_err(|_| absent())?;
    match app.bridge.change(move |lab| lab.node_update(&name, &patch, &caller.acts())).await? {
        NodeUpdated::Updated(_) => Ok(done()),
        NodeUpdated::NotFound => Err(absent()),
        NodeUpdated::Refused(refused) => Err(refused.into()),
        NodeUpdated::UnknownHost => Err(unknown_host()),
        NodeUpdated::HostRing => Err(host_ring()),
    }
}

/// `DELETE /nodes/{name}/`: its jobs stay.
pub(crate) async fn delete(app: Data<App>, caller: Caller, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let name = node_in_path(&path)?;
    let was_there = app.bridge.change(move |lab| lab.node_delete(&name, &caller.acts())).await?;
    if was_there { Ok(done()) } else { Err(no_node()) }
}

/// `GET /nodes/machine_types/`: the types that nodes have.
pub(crate) async fn all_machine_types(app: Data<App>) -> Result<HttpResponse, ApiError> {
    let types = app.bridge.ask(|lab| lab.node_machine_types()).await?;
    Ok(json(json!(types).to_string()))
}

/// `GET /nodes/{name}/jobs/`: the jobs that ran there, newest first; all of them unless a page is asked for.
pub(crate) async fn jobs(request: HttpRequest, app: Data<App>, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let node = node_in_path(&path)?;
    let parameters = Parameters::of(&request);
    let asks_for_page = parameters.get("count").is_some() || parameters.get("page").is_some();
    let page = parameters.page(app.default_runs_count)?;
    let page = asks_for_page.then_some(page);
    let name = parameters.get("name").map(str::to_owned);
    let status = parameters.job_status();
    let fields = parameters.fields(JobField::from_name)?;
    let rows = app.bridge.ask(move |lab| match status {
        Ok(status) => lab.job_index_of_node(&node, name.as_deref(), status, page),
        // A status that no job has: whether the node is there is still to be told.
        Err(_) => Ok(lab.node_get(&node)?.map(|_| Vec::new())),
    });
    let rows = rows.await?.ok_or_else(no_node)?;
    answer_rows(app, rows, fields).await
}

/// `GET /nodes/{name}/job_stats/`: how many of its jobs are in each state.
pub(crate) async fn job_stats_of_node(app: Data<App>, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let node = node_in_path(&path)?;
    let counts = app.bridge.ask(move |lab| lab.node_job_stats(&node)).await?.ok_or_else(no_node)?;
    let mut out = Vec::new();
    counts_document(&mut out, &counts);
    Ok(json(out))
}

/// `GET /nodes/job_stats/`: how the jobs of each node stand that were posted in the last days.
pub(crate) async fn job_stats(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    const DAYS: u32 = 14;
    let parameters = Parameters::of(&request);
    let days = parameters.get("since_days").map_or(Ok(DAYS), str::parse).ok().filter(|days| *days > 0);
    let days = days.ok_or_else(|| ApiError::invalid("since_days must be a positive integer"))?;
    let machine_type = parameters.get("machine_type").map(str::to_owned);
    let since = now().days_before(days);
    list_once(&request, &app, move |lab| Ok(job_stats_document(&lab.job_stats(since, machine_type.as_deref())?))).await
}
