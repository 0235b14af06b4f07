//! The whole service: the built program in a process of its own, asked over HTTP, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking, and tell what they skip and measure"
)]

/// Runs each test twice, on an empty SQLite file and on an empty Postgres database.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite { $(#[test] fn $test() { super::$test(&paddles_diesel::testing::TestDatabase::sqlite()); })* }
        mod postgres { $(#[test] fn $test() { super::$test(&paddles_diesel::testing::TestDatabase::postgres()); })* }
    };
}

mod archive;
mod at_once;
#[cfg(target_os = "linux")]
mod benchmark;
mod claim_races;
mod client;
mod commands;
mod crash;
mod documentation;
mod drain;
mod generated_job;
mod load;
mod lock_races;
mod optional;
mod outage;
mod program;
mod refused_starts;
mod replay;
mod report_races;
mod request_log;
mod restart;
mod service;
mod statsd;
mod teuthology;
mod teuthology_home;
mod teuthology_locks;
mod teuthology_reports;
mod waiting;
mod written_examples;

// They read sizes of processes in /proc.
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod outage_under_load;
#[cfg(target_os = "linux")]
mod process;
