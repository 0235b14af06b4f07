//! Answers that a client already has are not sent again.
//!
//! The tag of an answer is a hash of its text, so it is sound whatever changed and however the text came about. An answer that
//! is streamed has none: its text is not there when its headers are sent, and nothing cheaper tells of every change. The row
//! of a run does not: a report that brings its own `updated` may change a job and leave each column of the run as it was.

use actix_web::body::{self, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header as _, HeaderValue, IfNoneMatch, TryIntoHeaderValue as _,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use twox_hash::XxHash3_128;

/// Tags what GET and HEAD answer in one piece, and answers 304 instead of what `If-None-Match` says is known. Caches may keep
/// such answers, and ask each time whether they are still true.
pub(crate) async fn tag_answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    // What cannot be read names no tag.
    let known = IfNoneMatch::parse(&request).unwrap_or(IfNoneMatch::Items(Vec::new()));
    let response = next.call(request).await?.map_into_boxed_body();
    if !is_read || response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let response = match body.try_into_bytes() {
        Ok(text) => tagged(response, text, &known),
        Err(streamed) => response.set_body(streamed),
    };
    Ok(ServiceResponse::new(request, response))
}

fn tagged(mut response: HttpResponse<()>, text: Bytes, known: &IfNoneMatch) -> HttpResponse {
    // Weak: the same text comes in several codings.
    let tag = EntityTag::new_weak(format!("{:032x}", XxHash3_128::oneshot(&text)));
    let is_known = match known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // A tag of hexadecimal digits is always a header's value.
    if let Ok(tag) = tag.try_into_value() {
        headers.insert(ETAG, tag);
    }
    if !is_known {
        return response.set_body(BoxBody::new(text));
    }
    headers.remove(CONTENT_TYPE);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.set_body(BoxBody::new(body::None::new()))
}
