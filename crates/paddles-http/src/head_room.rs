//! How much memory heads of requests may take together until they have come whole: each may be large, and there may be as many as
//! connections.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What large heads share.
const SHARED: usize = 48 * 1024 * 1024;

/// What is smaller is not counted, as the heads of all known clients are.
const SMALL: usize = 4 * 1024;

/// The memory that large heads hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadRoom(Arc<AtomicUsize>);

/// What came on a connection that belongs to no request yet; its room is free again when it is dropped.
pub(crate) struct Unread {
    room: HeadRoom,
    bytes: Cell<usize>,
}

impl HeadRoom {
    /// Of a connection on which nothing came yet.
    pub(crate) fn begin(self) -> Unread {
        Unread { room: self, bytes: Cell::new(0) }
    }
}

impl Unread {
    /// So much is there now; fails if that is too much beside the heads of all others.
    pub(crate) fn set(&self, bytes: usize) -> io::Result<()> {
        self.room.0.fetch_add(counted(bytes), Ordering::Relaxed);
        let before = self.bytes.replace(bytes);
        let all = self.room.0.fetch_sub(counted(before), Ordering::Relaxed) - counted(before);
        if bytes > SMALL && all > SHARED { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(()) }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.room.0.fetch_sub(counted(self.bytes.get()), Ordering::Relaxed);
    }
}

fn counted(bytes: usize) -> usize {
    if bytes > SMALL { bytes } else { 0 }
}
