//! Who sends a request, and from where.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::{FromRequest, HttpRequest, dev};
use paddles_domain::{Act, Actor};

use crate::api_error::ApiError;
use crate::clock::now;

/// Who sends a request: what every change is told.
pub(crate) struct Caller {
    who: Actor,
    from: Option<IpAddr>,
}

impl Caller {
    /// What the caller does at this moment.
    pub(crate) fn acts(&self) -> Act {
        Act { when: now(), who: self.who.clone(), from: self.from }
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Ok(Self { who: Actor::Nobody, from: request.peer_addr().map(|peer| peer.ip()) }))
    }
}
