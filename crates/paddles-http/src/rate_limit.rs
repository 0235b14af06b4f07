//! No client may ask more often than the operator wants.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError as _, web};
use governor::clock::{Clock as _, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::api_error::ApiError;
use crate::app::App;
use crate::client_address::ClientAddress;

/// After so many requests those are forgotten who have not asked for long.
const FORGET_EVERY: u32 = 4_096;

/// Counts requests by client, as many as `per_second` of each, which it may save up for one second.
pub(crate) struct RateLimit {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, MonotonicClock>,
    clock: MonotonicClock,
    seen: AtomicU32,
}

impl RateLimit {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second);
        let limiter = RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock);
        Self { limiter, clock: MonotonicClock, seen: AtomicU32::new(0) }
    }

    /// Lets a request of `client` pass, or says how long it should wait.
    fn check(&self, client: IpAddr) -> Result<(), Duration> {
        if self.seen.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&site(client)).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}

/// A client of IPv6 has as many addresses as it likes below its site's.
fn site(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        },
    }
}

/// Refuses requests of clients that ask too often, if there is a limit; those who watch are not counted.
pub(crate) async fn limit_rate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    if let Some(app) = app
        && let Some(limit) = &app.rate_limit
        && !is_watching(request.path())
        && let Some(client) = ClientAddress::of(request.head(), &app.access.trusted_proxies).address
        && let Err(wait) = limit.check(client)
    {
        app.measures.request_limited();
        let refusal = ApiError::too_often(wait).error_response();
        return Ok(request.into_response(refusal));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_watching(path: &str) -> bool {
    matches!(path.trim_end_matches('/'), "/healthz" | "/readyz" | "/metrics")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_rate() {
        let limit = RateLimit::new(NonZeroU32::new(3).unwrap());
        let client = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..3 {
            assert_eq!(limit.check(client("192.0.2.1")), Ok(()));
            assert_eq!(limit.check(client("2001:db8::1")), Ok(()));
        }
        let wait = limit.check(client("192.0.2.1")).unwrap_err();
        assert!(wait <= Duration::from_millis(334), "{wait:?}");
        assert!(limit.check(client("::ffff:192.0.2.1")).is_err(), "the same client by another name");
        assert!(limit.check(client("2001:db8::ffff")).is_err(), "the same site");
        assert_eq!(limit.check(client("2001:db8:0:1::1")), Ok(()));
        assert_eq!(limit.check(client("192.0.2.2")), Ok(()));
    }
}
