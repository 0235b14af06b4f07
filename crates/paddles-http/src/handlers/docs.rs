//! `/openapi.json`, and the page at `/docs/` on which to try what it describes.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web::Data;
use swagger_ui_redist::{SwaggerUi, SwaggerUiStaticFile};

use super::json;
use crate::api_error::ApiError;

/// The description as JSON text.
pub(crate) struct Description(pub(crate) String);

/// `GET /openapi.json`
pub(crate) async fn description(description: Data<Description>) -> HttpResponse {
    json(description.0.clone())
}

/// The page loads its own files and the service's answers, and nothing from elsewhere. Swagger UI writes styles in place.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// `GET /docs/`
pub(crate) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(include_str!("docs.html"))
}

/// `GET /docs/start.js`
pub(crate) async fn start() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("docs.js"))
}

/// `GET /docs/swagger-ui-bundle.js`
pub(crate) async fn script() -> Result<HttpResponse, ApiError> {
    file(SwaggerUiStaticFile::Js, "text/javascript; charset=utf-8")
}

/// `GET /docs/swagger-ui.css`
pub(crate) async fn style() -> Result<HttpResponse, ApiError> {
    file(SwaggerUiStaticFile::Css, "text/css; charset=utf-8")
}

fn file(wanted: SwaggerUiStaticFile, media_type: &'static str) -> Result<HttpResponse, ApiError> {
    let (_, bytes) = SwaggerUi::static_files().iter().find(|(file, _)| *file == wanted).ok_or_else(ApiError::defect)?;
    Ok(HttpResponse::Ok().content_type(media_type).body(*bytes))
}
