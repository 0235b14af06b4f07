//! Ids of requests: by them the lines of a log, the client's and a proxy's, are found that belong together.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};

/// The header in which ids come and go.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What proxies make is much shorter.
const LONGEST: usize = 128;

/// What tells ids of this process from those of others.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()) >> 32);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The id with which a request came, if it can stand in a log; else a new one.
pub(crate) fn id_of(request: &ServiceRequest) -> HeaderValue {
    let given = request.headers().get(REQUEST_ID);
    given.filter(|id| is_sane(id.as_bytes())).cloned().unwrap_or_else(new_id)
}

fn is_sane(id: &[u8]) -> bool {
    let may_stand = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(may_stand)
}

fn new_id() -> HeaderValue {
    let id = format!("{:08x}{:08x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        fn check(given: &[u8], is_kept: bool) {
            let header = HeaderValue::from_bytes(given).unwrap();
            let id = id_of(&TestRequest::default().insert_header((REQUEST_ID, header)).to_srv_request());
            assert_eq!(id.as_bytes() == given, is_kept, "{given:?}");
            assert!(is_sane(id.as_bytes()), "{id:?}");
        }
        check(b"7f9c2ba4-e88f-4be1-9bba-1b1b1b1b1b1b", true);
        check(b"Root=1-67891233-abcdef012345678912345678", true);
        check(&[b'a'; 128], true);
        check(&[b'a'; 129], false);
        check(b"", false);
        check(b"a b", false);
        check(b"a\"b", false);
        check(b"\xff", false);
    }

    #[test]
    fn new_ids_differ() {
        assert_ne!(new_id(), new_id());
    }
}
