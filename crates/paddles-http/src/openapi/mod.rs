//! The OpenAPI description of the service, made of the table of routes: what is served and what is described cannot differ.

mod operation;
mod parameter;
mod request_schemas;
mod schemas;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub(crate) use operation::Operation;
pub(crate) use parameter::{DocumentedQuery, Parameter};
pub(crate) use request_schemas::{
    job_patch, job_report, job_reports, lock_wish, names_to_unlock, new_node, node_patch, queue_name, queue_patch,
    run_name,
};
pub(crate) use schemas::{any_text, array_of, named, nothing, whole_number};

use crate::endpoint::Endpoint;

/// The document that describes `endpoints`.
pub(crate) fn document(endpoints: &[Endpoint]) -> Value {
    let mut paths = Map::new();
    for described in endpoints.iter().flat_map(Endpoint::described) {
        let tag = tag(&described.path);
        let path = paths.entry(described.path.clone()).or_insert_with(|| json!({}));
        path[described.method.as_str().to_ascii_lowercase()] = described.operation.to_json(&described.path, tag);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "paddles", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION },
        "servers": [{ "url": "/" }],
        "tags": TAGS.map(|name| json!({ "name": name })),
        "paths": paths,
        "components": { "schemas": schemas::all(), "securitySchemes": security_schemes() },
    })
}

/// How a client says who it is, where the service asks.
fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "A token that `paddles token create` has shown." },
        "basic": { "type": "http", "scheme": "basic", "description": "Any user name, and a token as the password." },
    })
}

/// What goes for every operation, and would be said of each otherwise.
const DESCRIPTION: &str = "Results of teuthology's test runs.\n\n\
    Bodies are JSON whatever their Content-Type says; unknown keys and unknown parameters are ignored, and an empty \
    parameter counts as none. `-` and `.` in keys of jobs and nodes count as `_`. Of what comes twice the last counts. \
    HEAD works wherever GET does. Without the slash at the end of a path, GET and HEAD are redirected or served, and other \
    methods are served. Lists that come in one piece have an `ETag` and answer 304 to `If-None-Match`. Times are UTC.";

/// Groups of operations, as they are shown.
const TAGS: [&str; 6] = ["runs", "jobs", "nodes", "queues", "service", "errors"];

/// Operations are grouped by what their path begins with.
fn tag(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("runs") if path.contains("/jobs/") || path.contains("{job_id}") => "jobs",
        Some("runs") => "runs",
        Some("jobs") => "jobs",
        Some("nodes") => "nodes",
        Some("queue") => "queues",
        Some("audit") => "audit",
        Some("errors") => "errors",
        _ => "service",
    }
}
