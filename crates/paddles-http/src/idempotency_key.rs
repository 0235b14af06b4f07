//! Requests that are answered once, however often they are sent: the header `Idempotency-Key`.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev};
use paddles_domain::{Once, OnceKey, OnceKeyError};
use twox_hash::XxHash3_128;

use crate::api_error::ApiError;
use crate::request_body::RequestBody;

const HEADER: &str = "Idempotency-Key";

/// The key of a request, if it has one, and the line to which it was sent.
pub(crate) struct IdempotencyKey(Option<(OnceKey, String)>);

impl IdempotencyKey {
    /// What is to be done once: the same line and body under the same key are one request.
    pub(crate) fn once(self, body: &RequestBody) -> Option<Once> {
        let (key, line) = self.0?;
        let text = [line.as_bytes(), body.bytes()].concat();
        Some(Once { key, request: format!("{:032x}", XxHash3_128::oneshot(&text)) })
    }
}

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let Some(value) = request.headers().get(HEADER) else { return ready(Ok(Self(None))) };
        let key = value.to_str().map_err(|_| OnceKeyError).and_then(OnceKey::new);
        let line = || format!("{} {}\n", request.method(), request.uri());
        ready(key.map(|key| Self(Some((key, line())))).map_err(Into::into))
    }
}
