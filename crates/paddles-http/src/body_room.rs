//! How much memory bodies of requests may take together: each may be as large as the limit, and there may be as many as connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const KB: usize = 1024;
const MB: usize = 1024 * KB;

/// Up to here a body is as others are: a job with its whole configuration has 3 to 20 KB.
const USUAL: usize = 64 * KB;

/// What usual bodies share, so that large ones leave them their room.
const USUAL_SHARED: usize = 32 * MB;

/// What large bodies share. What is made of a body while it is read takes about as much again.
const LARGE_SHARED: usize = 48 * MB;

/// Whoever comes with a large one takes at most this part of what is left, so that there is always some for those that are smaller.
const PART: usize = 2;

/// Who brought less in the last second gives way while others find no room.
const SLOW: usize = 64 * KB;

/// For how long a body is watched before it counts as slow, and for how long after others were refused it gives way.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The memory that bodies hold.
#[derive(Debug)]
pub(crate) struct BodyRoom {
    usual: AtomicUsize,
    large: AtomicUsize,
    since: Instant,
    /// When a body was refused last, in milliseconds; at first never.
    refused: AtomicU64,
}

/// A part of it, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct HeldBody {
    room: Arc<BodyRoom>,
    bytes: usize,
    /// Since when it is watched, and how large it was then.
    watched: (Instant, usize),
}

impl Default for BodyRoom {
    fn default() -> Self {
        Self {
            usual: AtomicUsize::new(0),
            large: AtomicUsize::new(0),
            since: Instant::now(),
            refused: AtomicU64::new(u64::MAX),
        }
    }
}

impl BodyRoom {
    /// A part in which nothing is yet.
    pub(crate) fn begin(self: &Arc<Self>) -> HeldBody {
        HeldBody { room: Arc::clone(self), bytes: 0, watched: (Instant::now(), 0) }
    }

    /// What bodies of this size share.
    fn shared(&self, bytes: usize) -> &AtomicUsize {
        if bytes <= USUAL { &self.usual } else { &self.large }
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn has_refused_lately(&self) -> bool {
        let refused = self.refused.load(Ordering::Relaxed);
        refused != u64::MAX && Duration::from_millis(self.milliseconds().saturating_sub(refused)) <= PATIENCE
    }
}

impl HeldBody {
    /// Takes what a body needs that is so large by now; says whether there is room. The only large one always fits.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let room = &self.room;
        room.shared(self.bytes).fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = self.bytes.max(bytes);
        let others = room.shared(self.bytes).fetch_add(self.bytes, Ordering::Relaxed);
        let most = if self.bytes <= USUAL {
            USUAL_SHARED.saturating_sub(others)
        } else {
            LARGE_SHARED.saturating_sub(others) / PART
        };
        let fits = others == 0 || self.bytes <= most;
        if !fits {
            room.refused.store(room.milliseconds(), Ordering::Relaxed);
        }
        fits
    }

    /// Whether it comes so slowly that it keeps others out.
    pub(crate) fn gives_way(&mut self) -> bool {
        let (since, bytes) = self.watched;
        let took = since.elapsed();
        if took < PATIENCE {
            return false;
        }
        self.watched = (Instant::now(), self.bytes);
        let is_slow = ((self.bytes - bytes) as u128) * 1_000 < SLOW as u128 * took.as_millis();
        is_slow && self.room.has_refused_lately()
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        self.room.shared(self.bytes).fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many bodies of this size as there is room for.
    fn fill(room: &Arc<BodyRoom>, bytes: usize) -> Vec<HeldBody> {
        let bodies = std::iter::repeat_with(|| {
            let mut body = room.begin();
            body.grow(bytes).then_some(body)
        });
        bodies.map_while(|body| body).collect()
    }

    #[test]
    fn large_bodies_share_what_there_is() {
        let room = Arc::new(BodyRoom::default());
        let bodies = fill(&room, 8 * MB);
        assert_eq!(bodies.len(), 5);
        drop(bodies);
        assert_eq!((room.large.load(Ordering::Relaxed), room.usual.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn smaller_bodies_find_room_beside_larger_ones() {
        let room = Arc::new(BodyRoom::default());
        let _large = fill(&room, 8 * MB);
        let mut other = room.begin();
        assert!(other.grow(MB) && !other.grow(9 * MB));
        drop(other);
        let _all = [MB, 100 * KB, USUAL + 1].map(|bytes| fill(&room, bytes));
        assert_eq!(fill(&room, USUAL).len(), USUAL_SHARED / USUAL);
    }

    #[test]
    fn what_grows_is_counted_once() {
        let room = Arc::new(BodyRoom::default());
        let mut body = room.begin();
        assert!([10, USUAL, USUAL + 1, MB].into_iter().all(|bytes| body.grow(bytes)));
        assert_eq!((room.large.load(Ordering::Relaxed), room.usual.load(Ordering::Relaxed)), (MB, 0));
    }

    #[test]
    fn the_only_one_fits_whatever_its_size() {
        let room = Arc::new(BodyRoom::default());
        let (mut one, mut other) = (room.begin(), room.begin());
        assert!(one.grow(2 * LARGE_SHARED) && !other.grow(USUAL + 1));
        drop((one, other));
        assert!(room.begin().grow(USUAL + 1));
    }

    #[test]
    fn who_is_slow_gives_way_to_those_who_find_no_room() {
        let room = Arc::new(BodyRoom::default());
        let (mut slow, mut fast) = (room.begin(), room.begin());
        assert!(slow.grow(MB) && fast.grow(MB));
        let watch = |body: &mut HeldBody| {
            body.watched.0 -= Duration::from_secs(2);
            body.gives_way()
        };
        assert!(!watch(&mut slow) && !watch(&mut fast));
        assert!(!room.begin().grow(40 * MB));
        assert!(slow.grow(MB + 100 * KB) && fast.grow(MB + 200 * KB));
        assert!(watch(&mut slow) && !watch(&mut fast) && !room.begin().gives_way());
    }
}
