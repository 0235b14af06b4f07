//! The table of what is served.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::api_error::ApiError;
use crate::endpoint::Endpoint;
use crate::handlers::{jobs, root, runs};

/// Every endpoint. Of two whose paths match the first one serves.
fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/").get(root::index),
        Endpoint::at("/runs/").get(runs::list).write(Method::POST, runs::create),
        Endpoint::at("/runs/{name}/").get(runs::get).write(Method::DELETE, runs::delete),
        Endpoint::at("/runs/{name}/jobs/").get(jobs::list).write(Method::POST, jobs::create),
        Endpoint::at("/runs/{name}/jobs/{job_id}/")
            .get(jobs::get)
            .write(Method::PUT, jobs::update)
            .write(Method::DELETE, jobs::delete),
        Endpoint::at("/runs/{name}/{job_id}/").get(jobs::get),
    ]
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
