//! How much memory heads of requests may take together until they have come whole: each may be large, and there may be as many as
//! connections. What comes behind a request before it is answered is the head of a next one.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::RequestHead;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

/// What large heads share.
const SHARED: usize = 48 * 1024 * 1024;

/// What is smaller is not counted, as the heads of all known clients are.
const SMALL: usize = 4 * 1024;

/// actix keeps no more of what is not yet read.
const LARGEST: usize = 128 * 1024;

/// By how much the size of a request may be misjudged.
const SLACK: usize = 1024;

/// The memory that large heads hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadRoom(Arc<AtomicUsize>);

/// What came on a connection that belongs to no request yet; its room is free again when it is dropped.
pub(crate) struct Unread {
    room: HeadRoom,
    bytes: Cell<usize>,
    /// Whether what comes belongs to the body of the request that is answered.
    is_body: Cell<bool>,
}

impl HeadRoom {
    /// Of a connection on which nothing came yet.
    pub(crate) fn begin(self) -> Unread {
        Unread { room: self, bytes: Cell::new(0), is_body: Cell::new(false) }
    }
}

impl Unread {
    /// More came, while a request is answered or not; fails if that is too much beside the heads of all others.
    pub(crate) fn grow(&self, more: usize, is_answering: bool) -> io::Result<()> {
        if more == 0 || is_answering && self.is_body.get() {
            return Ok(());
        }
        self.set(self.bytes.get().saturating_add(more).min(LARGEST));
        let is_too_much = self.bytes.get() > SMALL && self.room.0.load(Ordering::Relaxed) > SHARED;
        if is_too_much { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(()) }
    }

    /// A request was read of it.
    pub(crate) fn take(&self, request: &RequestHead) {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let body: usize = header(CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(0);
        self.is_body.set(body > 0 || request.headers().contains_key(TRANSFER_ENCODING));
        let rest = self.bytes.get().saturating_sub(size_of(request)).saturating_sub(body);
        self.set(if rest > SLACK { rest } else { 0 });
    }

    fn set(&self, bytes: usize) {
        let counted = |bytes| if bytes > SMALL { bytes } else { 0 };
        self.room.0.fetch_add(counted(bytes), Ordering::Relaxed);
        self.room.0.fetch_sub(counted(self.bytes.replace(bytes)), Ordering::Relaxed);
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// How large a head was, about.
fn size_of(request: &RequestHead) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let uri = request.uri.path_and_query().map_or(1, |it| it.as_str().len());
    request.method.as_str().len() + uri + headers.sum::<usize>() + 14
}
