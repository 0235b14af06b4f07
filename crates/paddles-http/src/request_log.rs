//! One line in the log for each request.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::drain::Drain;

/// Logs method, route, status, milliseconds until the answer begins, and the run that the path names. While the service
/// stops, answers also ask their client to come back on a new connection, which goes elsewhere.
pub(crate) async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let drain = request.app_data::<web::Data<Drain>>().cloned();
    let mut response = next.call(request).await?;
    let request = response.request().clone();
    let ms = (began.elapsed().as_secs_f64() * 1_000_000.0).round() / 1_000.0;
    let status = response.status().as_u16();
    let method = request.method().as_str();
    let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
    let run = request.match_info().get("name").unwrap_or("-");
    tracing::info!(method, route, status, ms, run, "request");
    if drain.is_some_and(|drain| drain.has_begun()) {
        response.response_mut().head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    Ok(response)
}
