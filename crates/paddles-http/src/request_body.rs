//! Bodies of requests: JSON whatever the Content-Type says, since clients leave it out or send another.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev};
use futures_util::StreamExt as _;
use paddles_domain::{TooDeep, strict_json};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::api_error::ApiError;
use crate::app::App;
use crate::body_room::{HeldBody, PATIENCE};

/// How many times the limit is read and dropped, so that a client that sends too much hears why instead of a broken
/// connection.
const DROPPED: usize = 4;

/// The body of a request, within the limit.
pub(crate) struct RequestBody(Bytes);

impl FromRequest for RequestBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>();
        let limit = app.map_or(0, |app| app.body_limit);
        let patience = app.map_or(Duration::ZERO, |app| app.request_timeout);
        let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let declared: usize = declared.unwrap_or(0);
        let mut payload = payload.take();
        let request = request.clone();
        let mut held = app.map(|app| app.bodies.begin());
        let read = async move {
            if declared > limit.saturating_mul(DROPPED) {
                return Err(ApiError::too_large(limit));
            }
            let mut body = BytesMut::new();
            let (mut seen, mut is_busy) = (0, false);
            loop {
                let chunk = match timeout(PATIENCE, payload.next()).await {
                    Ok(None) => break,
                    _ if held.as_mut().is_some_and(HeldBody::gives_way) => return Err(ApiError::busy()),
                    Ok(Some(chunk)) => chunk,
                    // What is sent anyway is dropped as it comes, so that the connection stays of use.
                    Err(_) if declared > limit => return Err(ApiError::too_large(limit)),
                    Err(_) if is_busy => break,
                    Err(_) => continue,
                };
                let chunk = chunk.map_err(|error| ApiError::invalid(format!("the body ended early: {error}")))?;
                seen += chunk.len();
                if seen <= limit && held.as_mut().is_some_and(|held| !held.grow(seen)) {
                    // What is still to come is dropped too.
                    (held, body, is_busy) = (None, BytesMut::new(), true);
                }
                if seen <= limit && !is_busy {
                    body.extend_from_slice(&chunk);
                } else if seen > limit.saturating_mul(DROPPED) {
                    break;
                }
            }
            if seen > limit {
                return Err(ApiError::too_large(limit));
            }
            if is_busy {
                return Err(ApiError::busy());
            }
            if let Some(held) = held {
                // Until it is answered.
                request.extensions_mut().insert(held);
            }
            Ok(Self(body.freeze()))
        };
        Box::pin(
            async move { timeout(patience, read).await.unwrap_or_else(|_| Err(ApiError::body_too_slow(patience))) },
        )
    }
}

/// More keys than any report has, known or not: a body of nothing else would take many times its size in memory.
const MOST_MEMBERS: usize = 10_000;

/// A body that says nothing: no JSON at all.
fn undecodable() -> ApiError {
    // Clients print this sentence of the deployed server.
    ApiError::invalid("could not decode JSON body")
}

impl RequestBody {
    /// The body as it was sent.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads the body as a JSON object, and hands its members to `read`.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Members<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
        read_object(&self.0, read)
    }

    /// Like [`Self::read`], but an object without members counts as no JSON, as it does in the deployed server.
    pub(crate) fn read_something<T>(
        &self,
        read: impl FnOnce(&Members<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.read(|members| if members.0.is_empty() { Err(undecodable()) } else { read(members) })
    }
}

/// Reads a body as a JSON object, and hands its members to `read`.
pub(crate) fn read_object<T>(
    body: &[u8],
    read: impl FnOnce(&Members<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let too_deep = |error: TooDeep| ApiError::invalid(error.to_string());
    let text = strict_json(body).map_err(too_deep)?;
    let value: &RawValue = serde_json::from_slice(&text).map_err(|_| undecodable())?;
    if !value.get().starts_with('{') {
        let says_something = !matches!(value.get(), "null" | "false" | "0" | "\"\"" | "[]");
        let no_object = || ApiError::invalid("the body takes a JSON object");
        return Err(if says_something { no_object() } else { undecodable() });
    }
    let too_many = || ApiError::invalid(format!("the body takes at most {MOST_MEMBERS} keys"));
    // Of JSON that was read once, only our own refusal is no matter of its text.
    let members: Result<Members<'_>, _> = serde_json::from_str(value.get());
    read(&members.map_err(|error| if error.is_data() { too_many() } else { undecodable() })?)
}

/// The members of a JSON object in the order in which they came, their values unread.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> + Clone {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }

    /// The value of `key`; of several the last.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| *value)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MOST_MEMBERS {
                        return Err(serde::de::Error::custom("too many members"));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}
