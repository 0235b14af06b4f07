//! The one way from handlers to the port.
//!
//! The port's methods block. A few threads of their own ask them, as many as the repository has connections, and take
//! their work from bounded queues, first come, first served: when a queue is full the answer is "busy" at once,
//! instead of a pile that nobody waits for any more.
//!
//! Changes and reads wait in lanes of their own, and each lane has threads that prefer it: however many people read what is
//! slow to find, a lab goes on reporting, and the other way round. What the service asks for those who watch it waits for
//! neither, nor does what it does by itself, which may take long and keeps nobody's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use actix_web::rt::time::timeout;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, never, select_biased};
use paddles_repository::{Repository, RepositoryError};
use tokio::sync::oneshot;
use tracing::Span;

use crate::api_error::ApiError;

/// How many changes may wait for each thread. At a few milliseconds a change that is about a second.
const CHANGES_PER_ASKER: usize = 256;

/// How many reads may: some take long, and each that waits keeps a connection's buffers, some 50 KB.
const READS_PER_ASKER: usize = 64;

/// How many questions of the service itself may wait: it asks each once at a time.
const WAITING_TO_WATCH: usize = 8;

/// How long the service waits for what it does by itself: nobody else does.
const UPKEEP_PATIENCE: Duration = Duration::from_hours(1);

/// What names of threads begin with that ask for everybody.
const ASKER: &str = "ask-";

/// By how much they are nicer than the threads that serve connections.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Asks the repository from asynchronous code.
#[derive(Clone)]
pub(crate) struct Bridge {
    changes: Lane,
    reads: Lane,
    watch: Lane,
    upkeep: Lane,
}

/// A question as it waits.
pub(crate) type Question = Box<dyn FnOnce(&dyn Repository) + Send>;

/// Questions that wait.
#[derive(Clone)]
pub(crate) struct Lane {
    questions: Sender<Question>,
    /// For how long whoever asks waits.
    patience: Duration,
    counts: Arc<LaneCounts>,
}

/// What came of questions that got no answer.
#[derive(Default)]
struct LaneCounts {
    /// How many wait behind another question of their kind.
    standing: AtomicUsize,
    refused: AtomicU64,
    given_up: AtomicU64,
}

impl Bridge {
    /// Starts threads that ask: `askers` of them for changes and reads, and one each for changes alone, for what the service
    /// asks itself and for what it does by itself. They end when the last bridge to them is gone. Whoever asks waits for `patience`,
    /// and no longer.
    pub(crate) fn start(
        repository: &Arc<dyn Repository>,
        askers: usize,
        patience: Duration,
    ) -> io::Result<(Self, Askers)> {
        let (changes, waiting_changes) = lane(askers * CHANGES_PER_ASKER, patience);
        let (reads, waiting_reads) = lane(askers * READS_PER_ASKER, patience);
        let (watch, waiting_to_watch) = lane(WAITING_TO_WATCH, patience);
        let (upkeep, waiting_upkeep) = lane(1, UPKEEP_PATIENCE);
        let start = |name: String, first: &Receiver<Question>, second: &Receiver<Question>| {
            let (repository, first, second) = (Arc::clone(repository), first.clone(), second.clone());
            let gives_way = name.starts_with(ASKER);
            thread::Builder::new().name(name).spawn(move || {
                if gives_way {
                    give_way();
                }
                answer(&*repository, &first, &second);
            })
        };
        let mut threads = Vec::with_capacity(askers + 3);
        for number in 0..askers {
            let (first, second) = match number % 2 {
                0 => (&waiting_changes, &waiting_reads),
                _ => (&waiting_reads, &waiting_changes),
            };
            threads.push(start(format!("{ASKER}{number}"), first, second)?);
        }
        threads.push(start("change".to_owned(), &waiting_changes, &never())?);
        threads.push(start("watch".to_owned(), &waiting_to_watch, &never())?);
        threads.push(start("upkeep".to_owned(), &waiting_upkeep, &never())?);
        Ok((Self { changes, reads, watch, upkeep }, Askers(threads)))
    }

    /// Asks a `question` that changes nothing, and waits for its answer.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.reads.ask(question).await
    }

    /// Asks for a change, and waits for what comes of it.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.changes.ask(question).await
    }

    /// Asks what the service wants to know for those who watch it, besides all other questions.
    pub(crate) async fn watch<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.watch.ask(question).await
    }

    /// Does what the service does by itself, besides all questions.
    pub(crate) async fn keep_up<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.upkeep.ask(question).await
    }

    /// Where questions wait that change nothing.
    pub(crate) fn reads(&self) -> Lane {
        self.reads.clone()
    }

    /// Where changes wait.
    pub(crate) fn changes(&self) -> Lane {
        self.changes.clone()
    }

    /// The lanes in which clients wait, by name.
    pub(crate) fn lanes(&self) -> [(&'static str, &Lane); 2] {
        [("change", &self.changes), ("read", &self.reads)]
    }
}

/// Lets the calling thread run after those that serve connections: however much is asked that takes long to answer, what needs no
/// answer of the database is answered at once. Elsewhere threads have no priority of their own.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

fn lane(capacity: usize, patience: Duration) -> (Lane, Receiver<Question>) {
    let (questions, waiting) = bounded(capacity);
    (Lane { questions, patience, counts: Arc::default() }, waiting)
}

impl Lane {
    /// How many questions wait.
    pub(crate) fn waiting(&self) -> usize {
        self.questions.len() + self.counts.standing.load(Ordering::Relaxed)
    }

    /// How many may wait.
    pub(crate) fn limit(&self) -> usize {
        self.questions.capacity().unwrap_or(0)
    }

    /// How many were refused so far since too many waited.
    pub(crate) fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// How many got no answer in time so far.
    pub(crate) fn given_up(&self) -> u64 {
        self.counts.given_up.load(Ordering::Relaxed)
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        // What is logged while it is asked belongs to the request that asks.
        let request = Span::current();
        let asked = Asked(Arc::new(Mutex::new(Some(question))));
        let withdrawn = Asked(Arc::clone(&asked.0));
        self.put(Box::new(move |repository| {
            if let Some(question) = asked.take() {
                let _ = answer.send(request.in_scope(|| question(repository)));
            }
        }))?;
        let answer = self.wait(answered).await;
        drop(withdrawn);
        Ok(answer??)
    }

    /// Puts a question behind those that wait.
    pub(crate) fn put(&self, question: Question) -> Result<(), ApiError> {
        self.questions.try_send(question).map_err(|refused| match refused {
            TrySendError::Full(_) => self.refuse(),
            TrySendError::Disconnected(_) => ApiError::defect(),
        })
    }

    /// A place among those who wait, without a question of its own; none if too many do.
    pub(crate) fn place(&self) -> Result<Standing, ApiError> {
        if self.waiting() >= self.limit() {
            return Err(self.refuse());
        }
        self.counts.standing.fetch_add(1, Ordering::Relaxed);
        Ok(Standing(Arc::clone(&self.counts)))
    }

    /// What somebody is told when too many wait.
    pub(crate) fn refuse(&self) -> ApiError {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        ApiError::busy()
    }

    /// Waits for an answer, and not too long.
    pub(crate) async fn wait<T>(&self, answered: oneshot::Receiver<T>) -> Result<T, ApiError> {
        match timeout(self.patience, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(ApiError::defect()),
            Err(_) => {
                self.counts.given_up.fetch_add(1, Ordering::Relaxed);
                Err(ApiError::too_slow(self.patience))
            }
        }
    }
}

/// A question that may be taken back: who hangs up takes along what was sent, which may be large, however long the lane is.
struct Asked<Q>(Arc<Mutex<Option<Q>>>);

impl<Q> Asked<Q> {
    /// The question, unless it was taken.
    fn take(&self) -> Option<Q> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<Q> Drop for Asked<Q> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// Somebody who waits.
pub(crate) struct Standing(Arc<LaneCounts>);

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.standing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The threads that ask.
pub(crate) struct Askers(Vec<thread::JoinHandle<()>>);

impl Askers {
    /// Waits until every thread has let go of the repository, so that its connections can be closed. Gives up after
    /// `patience`: a question that takes longer must not keep the process.
    pub(crate) fn finish(self, patience: Duration) {
        let began = Instant::now();
        while self.0.iter().any(|thread| !thread.is_finished()) && began.elapsed() < patience {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Answers questions of two lanes, those of the `first` before any of the `second`, until nobody can ask any more.
fn answer(repository: &dyn Repository, first: &Receiver<Question>, second: &Receiver<Question>) {
    loop {
        let question = select_biased! {
            recv(first) -> question => question,
            recv(second) -> question => question,
        };
        let Ok(question) = question else { return };
        // The thread outlives a panic, which has been logged; who asked is told of a defect.
        let _ = catch_unwind(AssertUnwindSafe(|| question(repository)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a lane that does not move, each that asks and hangs up would leave what it sent.
    #[actix_web::test]
    async fn who_gives_up_takes_the_question_along() {
        let (lane, waiting) = lane(4, Duration::from_millis(10));
        let sent = Arc::new(());
        for _ in 0..4 {
            let sent = Arc::clone(&sent);
            let answer = lane.ask(move |_| Ok(Arc::strong_count(&sent))).await;
            assert!(answer.is_err());
        }
        assert_eq!((waiting.len(), Arc::strong_count(&sent)), (4, 1));
    }
}
