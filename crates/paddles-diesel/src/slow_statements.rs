//! Statements are counted, and slow ones are told of by name: that of the question that ran them.

use std::any::type_name;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// How much of a slow statement's text is logged: all of nearly every one, so that it can be explained.
const TEXT_SHOWN: usize = 8_000;

thread_local! {
    /// The type of the closure that asks at this moment, which has the question's name in it.
    static ASKING: Cell<&'static str> = const { Cell::new("") };
}

/// Asks `question`, whose name slow statements have.
pub(crate) fn named<Q, T>(question: &Q, ask: impl FnOnce(&Q) -> T) -> T {
    let before = ASKING.replace(type_name::<Q>());
    let answer = ask(question);
    ASKING.set(before);
    answer
}

/// The method in which a closure is written, of a name as the compiler gives it:
/// `<some::Type as some::Trait>::job_update::{{closure}}`.
fn method(type_name: &str) -> &str {
    let mut parts = type_name.rsplit("::").filter(|part| !part.starts_with("{{"));
    parts.next().filter(|name| !name.is_empty()).unwrap_or("-")
}

/// How many statements have run.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatementCounts(Arc<(AtomicU64, AtomicU64)>);

impl StatementCounts {
    /// All, those that begin and end transactions included.
    pub(crate) fn all(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }

    /// Slow ones.
    pub(crate) fn slow(&self) -> u64 {
        self.0.1.load(Ordering::Relaxed)
    }

    /// What counts the statements of one connection, and logs those that take `slow_after` or longer.
    pub(crate) fn instrumentation(&self, slow_after: Duration) -> impl Instrumentation + use<> {
        let counts = self.clone();
        let mut began: Option<Instant> = None;
        move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                counts.0.0.fetch_add(1, Ordering::Relaxed);
                began = Some(Instant::now());
            }
            InstrumentationEvent::FinishQuery { query, .. } => {
                let took = began.take().map(|began| began.elapsed()).unwrap_or_default();
                if took >= slow_after {
                    counts.0.1.fetch_add(1, Ordering::Relaxed);
                    let question = ASKING.with(|asking| method(asking.get()).to_owned());
                    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                    // The values behind it are the lab's own.
                    let text = query.to_string();
                    let text = text.split(" -- binds:").next().unwrap_or_default();
                    let sql: String = text.chars().take(TEXT_SHOWN).collect();
                    tracing::warn!(question, ms, sql, "slow statement");
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job_ask() -> String {
        named(&|| (), |question| {
            question();
            method(ASKING.get()).to_owned()
        })
    }

    #[test]
    fn a_question_is_called_like_the_method_that_asks_it() {
        fn check(type_name: &str, name: &str) {
            assert_eq!(method(type_name), name);
        }
        check("<paddles_diesel::A as paddles_repository::B>::job_update::{{closure}}", "job_update");
        check("paddles_diesel::A::history::{{closure}}::{{closure}}", "history");
        check("", "-");

        assert_eq!(job_ask(), "job_ask");
        assert_eq!(ASKING.get(), "");
    }
}
