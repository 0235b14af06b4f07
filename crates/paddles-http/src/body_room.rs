//! How much memory bodies of requests may take together: each may be as large as the limit, and there may be as many as connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What large bodies share. What is made of a body while it is read takes about as much again.
const SHARED: usize = 48 * 1024 * 1024;

/// Whoever comes takes at most this part of what is left, so that there is always some for those that are smaller.
const PART: usize = 2;

/// What is smaller is not counted: its connection's buffers take more. Nearly every report is.
const SMALL: usize = 16 * 1024;

/// The memory that bodies hold.
#[derive(Debug, Default)]
pub(crate) struct BodyRoom {
    held: AtomicUsize,
}

/// A part of it, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct HeldBody {
    room: Arc<BodyRoom>,
    bytes: usize,
}

impl BodyRoom {
    /// A part in which nothing is yet.
    pub(crate) fn begin(self: &Arc<Self>) -> HeldBody {
        HeldBody { room: Arc::clone(self), bytes: 0 }
    }
}

impl HeldBody {
    /// Takes what a body needs that is so large by now; says whether there is room. The only large one always fits.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        if bytes <= SMALL {
            return true;
        }
        let more = bytes.saturating_sub(self.bytes);
        let others = self.room.held.fetch_add(more, Ordering::Relaxed).saturating_sub(self.bytes);
        self.bytes += more;
        others == 0 || self.bytes <= SHARED.saturating_sub(others) / PART
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        self.room.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1024 * 1024;

    #[test]
    fn large_bodies_share_what_there_is() {
        let room = Arc::new(BodyRoom::default());
        let mut bodies: Vec<HeldBody> = (0..1_000).map(|_| room.begin()).collect();
        let taken = bodies.iter_mut().filter_map(|body| body.grow(8 * MB).then_some(body.bytes)).count();
        assert_eq!(taken, 5);
        // Those that were refused are dropped.
        drop(bodies);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn small_bodies_find_room_beside_large_ones() {
        let room = Arc::new(BodyRoom::default());
        let mut large = Vec::new();
        for bytes in [8 * MB; 20] {
            let mut body = room.begin();
            if body.grow(bytes) {
                large.push(body);
            }
        }
        let mut other = room.begin();
        assert!(other.grow(SMALL) && other.grow(MB) && !other.grow(9 * MB));
    }

    #[test]
    fn the_only_one_fits_whatever_its_size() {
        let room = Arc::new(BodyRoom::default());
        let (mut one, mut other) = (room.begin(), room.begin());
        assert!(one.grow(2 * SHARED) && !other.grow(SMALL + 1));
        drop(one);
        assert!(other.grow(SMALL + 1));
    }
}
