//! The service as clients meet it: through a socket, on each database, with the same expectations of both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

/// Makes a test on each database of a function that takes one.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[test]
            fn sqlite() {
                super::$story(paddles_diesel::testing::TestDatabase::sqlite());
            }

            #[test]
            fn postgres() {
                super::$story(paddles_diesel::testing::TestDatabase::postgres());
            }
        }
    )+};
}

mod access;
mod admission;
mod answer;
mod bad_filters;
mod bad_locks;
mod bad_nodes;
mod bad_parameters;
mod bad_paths;
mod bad_queues;
mod bad_reports;
mod client;
mod compression;
mod corpus;
mod days;
mod decisions;
mod described;
mod docs_page;
mod documents;
mod entity_tags;
mod faults;
mod filters;
mod greedy;
mod history;
mod idempotency;
mod ingestion;
mod lab_rules;
mod leniency;
mod limits;
mod locks;
mod names;
mod nodes;
mod one_at_a_time;
mod queues;
mod races;
mod raw;
mod reads;
mod reports;
mod routing;
mod service;
mod settings;
mod statements;
mod streaming;
mod streaming_slowly;
mod together;
mod watching;
