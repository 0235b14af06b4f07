//! The table of what is served.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::api_error::ApiError;
use crate::endpoint::Endpoint;
use crate::handlers::docs::Description;
use crate::handlers::{docs, errors, job_search, jobs, locks, nodes, queue, root, run_filters, runs};
use crate::openapi::document;
use crate::operations as is;

/// Every endpoint, each method with what it takes and answers. Of two whose paths match the first one serves.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = vec![
        Endpoint::at("/").get(root::index, is::service::index()),
        Endpoint::action("/openapi.json").get(docs::description, is::service::description()),
        Endpoint::at("/docs/").get(docs::page, is::service::page()),
        Endpoint::action("/docs/start.js").get(docs::start, is::service::asset("docs_start", "text/javascript")),
        Endpoint::action("/docs/swagger-ui-bundle.js")
            .get(docs::script, is::service::asset("docs_script", "text/javascript")),
        Endpoint::action("/docs/swagger-ui.css").get(docs::style, is::service::asset("docs_style", "text/css")),
        Endpoint::action("/errors/invalid/").get(errors::invalid, is::service::error("error_invalid", 400)),
        Endpoint::action("/errors/forbidden/").get(errors::forbidden, is::service::error("error_forbidden", 403)),
        Endpoint::action("/errors/not_found/").get(errors::not_found, is::service::error("error_not_found", 404)),
        Endpoint::action("/errors/unavailable/").get(errors::unavailable, is::service::error("error_unavailable", 503)),
        Endpoint::at("/jobs/").get(job_search::search, is::jobs::search()),
        Endpoint::at("/nodes/").get(nodes::list, is::nodes::list()).write(
            Method::POST,
            nodes::create,
            is::nodes::create(),
        ),
        Endpoint::action("/nodes/lock_many/")
            .write(Method::POST, locks::lock_many, is::nodes::lock_many())
            .others(locks::only_post),
        Endpoint::action("/nodes/unlock_many/")
            .write(Method::POST, locks::unlock_many, is::nodes::unlock_many())
            .others(locks::only_post),
        Endpoint::action("/nodes/machine_types/").get(nodes::all_machine_types, is::nodes::machine_types()),
        Endpoint::action("/nodes/job_stats/").get(nodes::job_stats, is::nodes::job_stats()),
        Endpoint::at("/nodes/{name}/")
            .get(nodes::get, is::nodes::get())
            .write(Method::PUT, nodes::update, is::nodes::update())
            .write(Method::DELETE, nodes::delete, is::nodes::delete()),
        Endpoint::action("/nodes/{name}/lock/")
            .write(Method::PUT, locks::lock_one, is::nodes::lock("node_lock"))
            .write(Method::POST, locks::lock_one, is::nodes::lock("node_lock_by_post"))
            .others(locks::lock_one),
        Endpoint::action("/nodes/{name}/jobs/").get(nodes::jobs, is::nodes::jobs()),
        Endpoint::action("/nodes/{name}/job_stats/").get(nodes::job_stats_of_node, is::nodes::job_stats_of_node()),
        Endpoint::at("/queue/")
            .get(queue::list, is::queue::list())
            .write(Method::POST, queue::create, is::queue::create())
            .write(Method::PUT, queue::update, is::queue::update()),
        Endpoint::action("/queue/pop_queue/").get(queue::pop, is::queue::head()).write(
            Method::POST,
            queue::pop,
            is::queue::claim(),
        ),
        Endpoint::action("/queue/stats/").get(queue::stats, is::queue::stats()).write(
            Method::POST,
            queue::stats,
            is::queue::stats_by_body(),
        ),
        Endpoint::action("/queue/queued_jobs/").get(queue::queued_jobs, is::queue::queued_jobs("queue_jobs")).write(
            Method::POST,
            queue::queued_jobs,
            is::queue::queued_jobs("queue_jobs_by_post"),
        ),
        Endpoint::at("/runs/").get(runs::list, is::runs::list()).write(Method::POST, runs::create, is::runs::create()),
        Endpoint::at("/runs/queued/").get(run_filters::queued, is::runs::queued()),
    ];
    // The handler redirects by itself, since one kind of these paths is not.
    let filters = FILTERS.map(|(path, values, selecting_path, selected)| {
        Endpoint::action(path)
            .get(run_filters::select, is::runs::values(values))
            .shown_at(selecting_path, is::runs::selected(selected))
    });
    endpoints.extend(filters);
    endpoints.extend([
        Endpoint::at("/runs/{name}/").get(runs::get, is::runs::get()).write(
            Method::DELETE,
            runs::delete,
            is::runs::delete(),
        ),
        Endpoint::at("/runs/{name}/jobs/").get(jobs::list, is::jobs::list()).write(
            Method::POST,
            jobs::create,
            is::jobs::create(),
        ),
        Endpoint::at("/runs/{name}/jobs/{job_id}/")
            .get(jobs::get, is::jobs::get())
            .write(Method::PUT, jobs::update, is::jobs::update())
            .write(Method::DELETE, jobs::delete, is::jobs::delete()),
        Endpoint::at("/runs/{name}/{job_id}/").get(jobs::get, is::jobs::get_as_documented()),
    ]);
    endpoints
}

/// Filters and their values nest behind each other: see `run_path`. Of these paths the description shows the two simplest,
/// under these names: the values of a filter, and the runs that one value selects.
const FILTERS: [(&str, &str, &str, &str); 8] = [
    ("/runs/branch{filters:(/.*)?}/", "run_branches", "/runs/branch/{branch}/", "run_list_by_branch"),
    ("/runs/date{filters:(/.*)?}/", "run_dates", "/runs/date/{date}/", "run_list_by_date"),
    (
        "/runs/machine_type{filters:(/.*)?}/",
        "run_machine_types",
        "/runs/machine_type/{machine_type}/",
        "run_list_by_machine_type",
    ),
    ("/runs/status{filters:(/.*)?}/", "run_statuses", "/runs/status/{status}/", "run_list_by_status"),
    ("/runs/suite{filters:(/.*)?}/", "run_suites", "/runs/suite/{suite}/", "run_list_by_suite"),
    ("/runs/user{filters:(/.*)?}/", "run_users", "/runs/user/{user}/", "run_list_by_user"),
    ("/runs/sha1{filters:(/.*)?}/", "run_sha1s", "/runs/sha1/{sha1}/", "run_list_by_sha1"),
    ("/runs/flavors{filters:(/.*)?}/", "run_flavors", "/runs/flavors/{flavor}/", "run_list_by_flavor"),
];

/// What the table says, as the service shows it.
pub(crate) fn description() -> Description {
    Description(document(&endpoints()).to_string())
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    for endpoint in endpoints() {
        endpoint.add_to(config);
    }
    config.default_service(web::to(nowhere));
}

async fn nowhere() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found("resource was not found"))
}
