//! How much memory heads of requests may take together, until they are answered: each may be large, and there may be as many as
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

/// The head of a connection's request; its room is free again when it is dropped.
pub(crate) struct HeldHead {
    room: HeadRoom,
    bytes: Cell<usize>,
}

impl HeadRoom {
    /// Of a connection on which nothing came yet.
    pub(crate) fn begin(self) -> HeldHead {
        HeldHead { room: self, bytes: Cell::new(0) }
    }
}

impl HeldHead {
    /// So many bytes more are there; fails if that is too much beside the heads of all others.
    pub(crate) fn grow(&self, more: usize) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        let bytes = self.bytes.get().saturating_add(more);
        let all = self.set(bytes);
        if bytes > SMALL && all > SHARED { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(()) }
    }

    /// Its request is answered.
    pub(crate) fn let_go(&self) {
        self.set(0);
    }

    /// How much all of them hold then.
    fn set(&self, bytes: usize) -> usize {
        let HeadRoom(room) = &self.room;
        room.fetch_add(counted(bytes), Ordering::Relaxed);
        let before = counted(self.bytes.replace(bytes));
        room.fetch_sub(before, Ordering::Relaxed) - before
    }
}

impl Drop for HeldHead {
    fn drop(&mut self) {
        self.set(0);
    }
}

fn counted(bytes: usize) -> usize {
    if bytes > SMALL { bytes } else { 0 }
}
