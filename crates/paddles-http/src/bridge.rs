//! The one way from handlers to the port.
//!
//! The port's methods block. A few threads of their own ask them, as many as the repository has connections, and take
//! their work from one bounded queue, first come, first served: when the queue is full the answer is "busy" at once,
//! instead of a pile that nobody waits for any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use paddles_repository::{Repository, RepositoryError};
use tokio::sync::oneshot;

use crate::api_error::ApiError;

/// How many questions may wait for each thread. At a few milliseconds a question that is about a second.
const WAITING_PER_ASKER: usize = 256;

type Question = Box<dyn FnOnce(&dyn Repository) + Send>;

/// Asks the repository from asynchronous code.
#[derive(Clone)]
pub(crate) struct Bridge {
    questions: Sender<Question>,
}

impl Bridge {
    /// Starts `askers` threads; they end when the last bridge to them is gone.
    pub(crate) fn start(repository: &Arc<dyn Repository>, askers: usize) -> io::Result<(Self, Askers)> {
        let (questions, waiting) = bounded(askers * WAITING_PER_ASKER);
        let start = |number| {
            let (repository, waiting) = (Arc::clone(repository), waiting.clone());
            thread::Builder::new().name(format!("ask-{number}")).spawn(move || answer(&*repository, &waiting))
        };
        let threads = (0..askers).map(start).collect::<io::Result<_>>()?;
        Ok((Self { questions }, Askers(threads)))
    }

    /// Asks `question` and waits for its answer.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Repository) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |repository| {
            // Whoever asked may have hung up by now.
            if !answer.is_closed() {
                let _ = answer.send(question(repository));
            }
        });
        self.questions.try_send(question).map_err(|refused| match refused {
            TrySendError::Full(_) => ApiError::busy(),
            TrySendError::Disconnected(_) => ApiError::defect(),
        })?;
        match answered.await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(ApiError::defect()),
        }
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

fn answer(repository: &dyn Repository, waiting: &Receiver<Question>) {
    for question in waiting {
        // The thread outlives a panic, which has been logged; who asked is told of a defect.
        let _ = catch_unwind(AssertUnwindSafe(|| question(repository)));
    }
}
