//! `/errors/*`: what an error of each kind looks like.

use actix_web::{HttpRequest, HttpResponse};

use crate::api_error::ApiError;
use crate::parameters::Parameters;

fn show(request: &HttpRequest, text: &str, error: fn(String) -> ApiError) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(request);
    Err(error(parameters.get("error_message").unwrap_or(text).to_owned()))
}

/// `/errors/invalid/`
pub(crate) async fn invalid(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    show(&request, "invalid request", ApiError::invalid)
}

/// `/errors/forbidden/`
pub(crate) async fn forbidden(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    show(&request, "forbidden", ApiError::forbidden)
}

/// `/errors/not_found/`
pub(crate) async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    show(&request, "resource was not found", ApiError::not_found)
}

/// `/errors/unavailable/`
pub(crate) async fn unavailable(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    show(&request, "service unavailable", ApiError::unavailable)
}
