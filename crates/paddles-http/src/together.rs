//! Questions of one kind that wait at the same time are asked together.
//!
//! Of what a small answer costs most is handing the question to a thread, waiting for the database, and waking who asked. So
//! while one question of a kind is under way, those that come meanwhile wait, and then all of them are one question. Who asks
//! alone waits for nobody, and no answer is older than its question.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paddles_repository::{Repository, RepositoryError};
use tokio::sync::oneshot;
use tracing::Span;

use crate::api_error::ApiError;
use crate::bridge::{Lane, Standing};

/// How many are asked together at most: an answer may be large, and all of them are in memory at once.
const MOST_TOGETHER: usize = 32;

/// How often one thread asks in turn before other questions have theirs.
const ROUNDS: usize = 16;

/// How many groups are known at a time. Further ones ask each for itself.
const MOST_GROUPS: usize = 64;

/// Longer names make no group.
const LONGEST_NAME: usize = 512;

/// Answers questions in their order: all of them or, where that would make somebody wait, the first ones.
type AskEach<K, T> = dyn Fn(&dyn Repository, &[K]) -> Result<Vec<T>, RepositoryError> + Send + Sync;

/// Questions of one kind.
pub(crate) struct Together<K, T>(Arc<Group<K, T>>);

struct Group<K, T> {
    lane: Lane,
    ask_each: Arc<AskEach<K, T>>,
    waiting: Mutex<Waiting<K, T>>,
}

struct Waiting<K, T> {
    questions: Vec<Question<K, T>>,
    /// A thread asks, or will.
    is_asked: bool,
}

struct Question<K, T> {
    about: K,
    asker: Asker<T>,
}

/// Who waits for an answer.
struct Asker<T> {
    request: Span,
    answer: oneshot::Sender<Result<T, Unanswered>>,
    _place: Option<Standing>,
}

/// Why a question has no answer.
enum Unanswered {
    Failed(RepositoryError),
    TooManyWait,
}

impl<K: Send + 'static, T: Send + 'static> Together<K, T> {
    /// Questions that stand in `lane` and are answered by `ask_each`.
    pub(crate) fn new(
        lane: Lane,
        ask_each: impl Fn(&dyn Repository, &[K]) -> Result<Vec<T>, RepositoryError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(lane, Arc::new(ask_each))
    }

    fn of(lane: Lane, ask_each: Arc<AskEach<K, T>>) -> Self {
        let waiting = Mutex::new(Waiting { questions: Vec::new(), is_asked: false });
        Self(Arc::new(Group { lane, ask_each, waiting }))
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, about: K) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = self.0.lock();
            let is_first = !waiting.is_asked;
            // The first has one of the lane's places by its question.
            let place = if is_first { None } else { Some(self.0.lane.place()?) };
            let asker = Asker { request: Span::current(), answer, _place: place };
            waiting.questions.push(Question { about, asker });
            waiting.is_asked = true;
            is_first
        };
        if is_first {
            Arc::clone(&self.0).stand_in_lane()?;
        }
        match self.0.lane.wait(answered).await? {
            Ok(answer) => Ok(answer),
            Err(Unanswered::Failed(error)) => Err(error.into()),
            Err(Unanswered::TooManyWait) => Err(self.0.lane.refuse()),
        }
    }

    fn is_idle(&self) -> bool {
        !self.0.lock().is_asked
    }
}

impl<K: Send + 'static, T: Send + 'static> Group<K, T> {
    fn lock(&self) -> MutexGuard<'_, Waiting<K, T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who wait are refused if too many others do.
    fn stand_in_lane(self: Arc<Self>) -> Result<(), ApiError> {
        let group = Arc::clone(&self);
        self.lane.put(Box::new(move |repository| group.answer(repository))).inspect_err(|_| {
            let mut waiting = self.lock();
            waiting.is_asked = false;
            for question in waiting.questions.drain(..) {
                let _ = question.asker.answer.send(Err(Unanswered::TooManyWait));
            }
        })
    }

    /// Answers those who wait, and those who come meanwhile, until nobody does or others must have their turn.
    fn answer(self: Arc<Self>, repository: &dyn Repository) {
        for _ in 0..ROUNDS {
            let Some(questions) = self.take() else { return };
            let (abouts, askers) = questions.into_iter().map(|question| (question.about, question.asker)).unzip();
            self.answer_each(repository, abouts, askers);
        }
        let _ = self.stand_in_lane();
    }

    /// Answers these. What one of several may be the cause of is asked for each alone.
    fn answer_each(&self, repository: &dyn Repository, mut abouts: Vec<K>, mut askers: Vec<Asker<T>>) {
        let request = askers.first().map_or_else(Span::none, |first| first.request.clone());
        // A panic has been logged; those who asked are told of a defect.
        let said = catch_unwind(AssertUnwindSafe(|| request.in_scope(|| (self.ask_each)(repository, &abouts))));
        match said {
            Ok(Ok(each)) => {
                let (further, unanswered) = (abouts.split_off(each.len()), askers.split_off(each.len()));
                for (asker, it) in askers.into_iter().zip(each) {
                    let _ = asker.answer.send(Ok(it));
                }
                let again = further.into_iter().zip(unanswered).map(|(about, asker)| Question { about, asker });
                self.lock().questions.splice(0..0, again);
            }
            Ok(Err(RepositoryError::Unavailable { reason })) => {
                for asker in askers {
                    let reason = reason.clone();
                    let _ = asker.answer.send(Err(Unanswered::Failed(RepositoryError::Unavailable { reason })));
                }
            }
            Ok(Err(_)) if askers.len() > 1 => {
                for (about, asker) in abouts.into_iter().zip(askers) {
                    self.answer_each(repository, vec![about], vec![asker]);
                }
            }
            Ok(Err(error)) => {
                for asker in askers {
                    let _ = asker.answer.send(Err(Unanswered::Failed(error.clone())));
                }
            }
            Err(_) => {}
        }
    }

    /// The next ones to be answered together; those who hung up are none of them.
    fn take(&self) -> Option<Vec<Question<K, T>>> {
        let mut waiting = self.lock();
        waiting.questions.retain(|question| !question.asker.answer.is_closed());
        let count = waiting.questions.len().min(MOST_TOGETHER);
        let next: Vec<_> = waiting.questions.drain(..count).collect();
        waiting.is_asked = !next.is_empty();
        waiting.is_asked.then_some(next)
    }
}

impl<K, T> Clone for Together<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Questions of which those of one name are asked together.
pub(crate) struct TogetherByName<K, T> {
    lane: Lane,
    ask_each: Arc<AskEach<K, T>>,
    groups: Mutex<HashMap<String, Together<K, T>>>,
}

impl<K: Send + 'static, T: Send + 'static> TogetherByName<K, T> {
    /// As [`Together::new`].
    pub(crate) fn new(
        lane: Lane,
        ask_each: impl Fn(&dyn Repository, &[K]) -> Result<Vec<T>, RepositoryError> + Send + Sync + 'static,
    ) -> Self {
        Self { lane, ask_each: Arc::new(ask_each), groups: Mutex::default() }
    }

    /// Asks together with others of this name, and waits for the answer.
    pub(crate) async fn ask(&self, name: &str, about: K) -> Result<T, ApiError> {
        self.group(name).ask(about).await
    }

    fn group(&self, name: &str) -> Together<K, T> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get(name) {
            return group.clone();
        }
        if groups.len() >= MOST_GROUPS {
            groups.retain(|_, group| !group.is_idle());
        }
        let group = Together::of(self.lane.clone(), Arc::clone(&self.ask_each));
        if groups.len() < MOST_GROUPS && name.len() <= LONGEST_NAME {
            groups.insert(name.to_owned(), group.clone());
        }
        group
    }
}

/// A question with one answer for everybody.
pub(crate) type SharedQuestion<T> = Box<dyn Fn(&dyn Repository) -> Result<T, RepositoryError> + Send>;

/// Questions of which those of one name have the same answer: it is found once for all who wait for it.
pub(crate) type Shared<T> = TogetherByName<SharedQuestion<T>, T>;

impl<T: Clone + Send + 'static> Shared<T> {
    /// Such questions, which stand in `lane`.
    pub(crate) fn shared(lane: Lane) -> Self {
        Self::new(lane, |repository, questions| {
            let Some(question) = questions.first() else { return Ok(Vec::new()) };
            Ok(vec![question(repository)?; questions.len()])
        })
    }
}
