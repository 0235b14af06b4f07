//! `/`: whether the service is there.

use actix_web::HttpResponse;

use super::done;

/// `GET /`: containers ask it for the service's health.
pub(crate) async fn index() -> HttpResponse {
    done()
}
