//! Forgets for good what was deleted long ago: a little at a time, every hour.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use paddles_http::now;
use paddles_repository::{Purged, Repository, RepositoryError};

/// Between two looks at what is there.
const EVERY: Duration = Duration::from_hours(1);

/// Jobs that one transaction forgets: some tens of milliseconds.
const AT_ONCE: u32 = 200;

/// Between two of them, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(50);

/// A thread that forgets; it ends when this is dropped.
pub(crate) struct Purge {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Purge {
    /// Begins, with what is kept for `days` days.
    pub(crate) fn begin(lab: Arc<dyn Repository>, days: u32) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = thread::Builder::new().name("purge".to_owned()).spawn(move || {
            let waits = |time| matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout));
            loop {
                let mut forgotten = 0;
                loop {
                    match lab.deletion_purge(now().days_before(days), AT_ONCE) {
                        Ok(Purged { jobs, may_go_on }) => {
                            forgotten += jobs;
                            if !may_go_on {
                                break;
                            }
                        }
                        Err(error) => {
                            log(&error);
                            break;
                        }
                    }
                    if !waits(PAUSE) {
                        return;
                    }
                }
                if forgotten > 0 {
                    tracing::info!(jobs = forgotten, days, "what was deleted long ago is forgotten");
                }
                if !waits(EVERY) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

fn log(error: &RepositoryError) {
    tracing::warn!(%error, "what was deleted long ago is not forgotten yet");
}

impl Drop for Purge {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A panic of it has been logged.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
