//! The table of what is served.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::api_error::ApiError;
use crate::endpoint::Endpoint;
use crate::handlers::{errors, job_search, jobs, locks, nodes, queue, root, run_filters, runs};

/// Every endpoint. Of two whose paths match the first one serves.
fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = vec![
        Endpoint::at("/").get(root::index),
        Endpoint::action("/errors/invalid/").get(errors::invalid),
        Endpoint::action("/errors/forbidden/").get(errors::forbidden),
        Endpoint::action("/errors/not_found/").get(errors::not_found),
        Endpoint::action("/errors/unavailable/").get(errors::unavailable),
        Endpoint::at("/jobs/").get(job_search::search),
        Endpoint::at("/nodes/").get(nodes::list).write(Method::POST, nodes::create),
        Endpoint::action("/nodes/lock_many/").write(Method::POST, locks::lock_many).others(locks::only_post),
        Endpoint::action("/nodes/unlock_many/").write(Method::POST, locks::unlock_many).others(locks::only_post),
        Endpoint::action("/nodes/machine_types/").get(nodes::all_machine_types),
        Endpoint::action("/nodes/job_stats/").get(nodes::job_stats),
        Endpoint::at("/nodes/{name}/")
            .get(nodes::get)
            .write(Method::PUT, nodes::update)
            .write(Method::DELETE, nodes::delete),
        Endpoint::action("/nodes/{name}/lock/")
            .write(Method::PUT, locks::lock_one)
            .write(Method::POST, locks::lock_one)
            .others(locks::lock_one),
        Endpoint::action("/nodes/{name}/jobs/").get(nodes::jobs),
        Endpoint::action("/nodes/{name}/job_stats/").get(nodes::job_stats_of_node),
        Endpoint::at("/queue/").get(queue::list).write(Method::POST, queue::create).write(Method::PUT, queue::update),
        Endpoint::action("/queue/pop_queue/").get(queue::pop).write(Method::POST, queue::pop),
        Endpoint::action("/queue/stats/").get(queue::stats).write(Method::POST, queue::stats),
        Endpoint::action("/queue/queued_jobs/").get(queue::queued_jobs).write(Method::POST, queue::queued_jobs),
        Endpoint::at("/runs/").get(runs::list).write(Method::POST, runs::create),
        Endpoint::at("/runs/queued/").get(run_filters::queued),
    ];
    // The handler redirects by itself, since one kind of these paths is not.
    endpoints.extend(FILTERS.map(|path| Endpoint::action(path).get(run_filters::select)));
    endpoints.extend([
        Endpoint::at("/runs/{name}/").get(runs::get).write(Method::DELETE, runs::delete),
        Endpoint::at("/runs/{name}/jobs/").get(jobs::list).write(Method::POST, jobs::create),
        Endpoint::at("/runs/{name}/jobs/{job_id}/")
            .get(jobs::get)
            .write(Method::PUT, jobs::update)
            .write(Method::DELETE, jobs::delete),
        Endpoint::at("/runs/{name}/{job_id}/").get(jobs::get),
    ]);
    endpoints
}

/// Filters and their values nest behind each other: see `run_path`.
const FILTERS: [&str; 8] = [
    "/runs/branch{filters:(/.*)?}/",
    "/runs/date{filters:(/.*)?}/",
    "/runs/machine_type{filters:(/.*)?}/",
    "/runs/status{filters:(/.*)?}/",
    "/runs/suite{filters:(/.*)?}/",
    "/runs/user{filters:(/.*)?}/",
    "/runs/sha1{filters:(/.*)?}/",
    "/runs/flavors{filters:(/.*)?}/",
];

pub(crate) fn configure(config: &mut ServiceConfig) {
    for endpoint in endpoints() {
        endpoint.add_to(config);
    }
    config.default_service(web::to(nowhere));
}

async fn nowhere() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found("resource was not found"))
}
