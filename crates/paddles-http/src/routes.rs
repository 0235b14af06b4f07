//! The table of what is served, and to whom.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use paddles_domain::Need::{self, Nothing, Reading};
use paddles_domain::Role;

use crate::api_error::ApiError;
use crate::endpoint::Endpoint;
use crate::handlers::docs::Description;
use crate::handlers::{
    audit, docs, errors, job_batch, job_search, jobs, locks, nodes, queue, root, run_filters, runs, watch,
};
use crate::openapi::document;
use crate::operations as is;

const REPORTER: Need = Need::Role(Role::Reporter);
const OPERATOR: Need = Need::Role(Role::Operator);
const ADMIN: Need = Need::Role(Role::Admin);

/// Every endpoint, each method with what it needs, takes and answers. Of two whose paths match the first one serves.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [of_service(), of_nodes(), of_queues(), of_runs()].into_iter().flatten().collect()
}

fn of_service() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/").get(Nothing, root::index, is::service::index()),
        Endpoint::action("/healthz/").get(Nothing, watch::health, is::service::health()),
        Endpoint::action("/readyz/").get(Nothing, watch::readiness, is::service::readiness()),
        Endpoint::action("/metrics/").get(Reading, watch::metrics, is::service::metrics()),
        Endpoint::action("/openapi.json").get(Nothing, docs::description, is::service::description()),
        Endpoint::at("/docs/").get(Nothing, docs::page, is::service::page()),
        Endpoint::action("/docs/start.js").get(
            Nothing,
            docs::start,
            is::service::asset("docs_start", "text/javascript"),
        ),
        Endpoint::action("/docs/swagger-ui-bundle.js").get(
            Nothing,
            docs::script,
            is::service::asset("docs_script", "text/javascript"),
        ),
        Endpoint::action("/docs/swagger-ui.css").get(
            Nothing,
            docs::style,
            is::service::asset("docs_style", "text/css"),
        ),
        Endpoint::at("/audit/").get(ADMIN, audit::list, is::audit::list()),
        Endpoint::action("/errors/invalid/").get(Reading, errors::invalid, is::service::error("error_invalid", 400)),
        Endpoint::action("/errors/forbidden/").get(
            Reading,
            errors::forbidden,
            is::service::error("error_forbidden", 403),
        ),
        Endpoint::action("/errors/not_found/").get(
            Reading,
            errors::not_found,
            is::service::error("error_not_found", 404),
        ),
        Endpoint::action("/errors/unavailable/").get(
            Reading,
            errors::unavailable,
            is::service::error("error_unavailable", 503),
        ),
    ]
}

fn of_nodes() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/nodes/").get(Reading, nodes::list, is::nodes::list()).write(
            Method::POST,
            OPERATOR,
            nodes::create,
            is::nodes::create(),
        ),
        Endpoint::action("/nodes/lock_many/")
            .write(Method::POST, REPORTER, locks::lock_many, is::nodes::lock_many())
            .others(locks::only_post),
        Endpoint::action("/nodes/unlock_many/")
            .write(Method::POST, REPORTER, locks::unlock_many, is::nodes::unlock_many())
            .others(locks::only_post),
        Endpoint::action("/nodes/machine_types/").get(Reading, nodes::all_machine_types, is::nodes::machine_types()),
        Endpoint::action("/nodes/job_stats/").get(Reading, nodes::job_stats, is::nodes::job_stats()),
        Endpoint::at("/nodes/{name}/")
            .get(Reading, nodes::get, is::nodes::get())
            .write(Method::PUT, OPERATOR, nodes::update, is::nodes::update())
            .write(Method::DELETE, ADMIN, nodes::delete, is::nodes::delete()),
        Endpoint::action("/nodes/{name}/lock/")
            .write(Method::PUT, REPORTER, locks::lock_one, is::nodes::lock("node_lock"))
            .write(Method::POST, REPORTER, locks::lock_one, is::nodes::lock("node_lock_by_post"))
            .others(locks::lock_one),
        Endpoint::action("/nodes/{name}/jobs/").get(Reading, nodes::jobs, is::nodes::jobs()),
        Endpoint::action("/nodes/{name}/job_stats/").get(
            Reading,
            nodes::job_stats_of_node,
            is::nodes::job_stats_of_node(),
        ),
    ]
}

fn of_queues() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/queue/")
            .get(Reading, queue::list, is::queue::list())
            .write(Method::POST, OPERATOR, queue::create, is::queue::create())
            .write(Method::PUT, OPERATOR, queue::update, is::queue::update()),
        Endpoint::action("/queue/pop_queue/").get(Reading, queue::pop, is::queue::head()).write(
            Method::POST,
            REPORTER,
            queue::pop,
            is::queue::claim(),
        ),
        Endpoint::action("/queue/stats/").get(Reading, queue::stats, is::queue::stats()).write(
            Method::POST,
            Reading,
            queue::stats,
            is::queue::stats_by_body(),
        ),
        Endpoint::action("/queue/queued_jobs/")
            .get(Reading, queue::queued_jobs, is::queue::queued_jobs("queue_jobs"))
            .write(Method::POST, Reading, queue::queued_jobs, is::queue::queued_jobs("queue_jobs_by_post")),
    ]
}

fn of_runs() -> Vec<Endpoint> {
    let mut endpoints = vec![
        Endpoint::at("/jobs/").get(Reading, job_search::search, is::jobs::search()),
        Endpoint::at("/runs/").get(Reading, runs::list, is::runs::list()).write(
            Method::POST,
            REPORTER,
            runs::create,
            is::runs::create(),
        ),
        Endpoint::at("/runs/queued/").get(Reading, run_filters::queued, is::runs::queued()),
        Endpoint::action("/runs/date/from/{from}/to/{to}/").get(
            Reading,
            run_filters::select,
            is::runs::selected("run_list_by_days"),
        ),
    ];
    // The handler redirects by itself, since one kind of these paths is not.
    let filters = FILTERS.map(|(path, values, selecting_path, selected)| {
        Endpoint::action(path)
            .get(Reading, run_filters::select, is::runs::values(values))
            .shown_at(selecting_path, is::runs::selected(selected))
    });
    endpoints.extend(filters);
    endpoints.extend([
        Endpoint::at("/runs/{name}/").get(Reading, runs::get, is::runs::get()).write(
            Method::DELETE,
            ADMIN,
            runs::delete,
            is::runs::delete(),
        ),
        Endpoint::at("/runs/{name}/jobs/").get(Reading, jobs::list, is::jobs::list()).write(
            Method::POST,
            REPORTER,
            jobs::create,
            is::jobs::create(),
        ),
        Endpoint::at("/runs/{name}/jobs/batch/")
            .write(Method::POST, REPORTER, job_batch::create, is::jobs::create_many())
            .only_post(),
        Endpoint::at("/runs/{name}/jobs/{job_id}/")
            .get(Reading, jobs::get, is::jobs::get())
            .write(Method::PUT, REPORTER, jobs::update, is::jobs::update())
            .write(Method::DELETE, ADMIN, jobs::delete, is::jobs::delete()),
        Endpoint::at("/runs/{name}/jobs/{job_id}/history/").get(Reading, jobs::history, is::jobs::history()),
        Endpoint::at("/runs/{name}/{job_id}/").get(Reading, jobs::get, is::jobs::get_as_documented()),
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

/// A route as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedRoute {
    /// Its method; HEAD is served where GET is.
    pub method: String,
    /// Its path, with `{name}` for what varies; it is served without the slash at its end too.
    pub path: String,
    /// What it needs.
    pub need: Need,
}

/// Every route: what tests go through, so that none is forgotten.
pub fn served_routes() -> Vec<ServedRoute> {
    let endpoints = endpoints();
    let described = endpoints.iter().flat_map(Endpoint::described);
    described
        .map(|route| ServedRoute { method: route.method.to_string(), path: route.path.clone(), need: route.need })
        .collect()
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
