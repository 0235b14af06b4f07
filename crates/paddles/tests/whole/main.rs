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

/// Runs each test on a service as labs run it: on an SQLite file, on Postgres, as three servers of one Postgres database, and
/// as three behind pgBouncer in transaction mode.
macro_rules! on_every_service {
    ($($test:ident),* $(,)?) => {
        mod sqlite { $(#[test] fn $test() { crate::several::on_sqlite(super::$test); })* }
        mod postgres { $(#[test] fn $test() { crate::several::on_postgres(super::$test); })* }
        mod three_servers { $(#[test] fn $test() { crate::several::on_three_servers(super::$test); })* }
        mod behind_pgbouncer { $(#[test] fn $test() { crate::several::behind_pgbouncer(super::$test); })* }
    };
}

mod access;
mod admin;
mod adoption;
mod archive;
mod at_once;
#[cfg(target_os = "linux")]
mod benchmark;
mod claim_races;
mod client;
mod commands;
mod copied_lab;
mod documentation;
mod drain;
mod expiry;
mod export_and_load;
mod full_disk;
mod generated_job;
mod import;
mod import_from_old;
mod ingestion_speed;
mod kill_clients;
mod kills;
mod left_out;
mod load;
mod lock_races;
mod optional;
mod outage;
mod pgbouncer;
mod program;
mod read_only;
mod refused_starts;
mod replay;
mod report_races;
mod request_log;
mod restart;
mod restore;
mod schemathesis;
mod service;
mod several;
mod small_disk;
mod statsd;
mod teuthology;
mod teuthology_home;
mod teuthology_locks;
mod teuthology_reports;
mod tls;
mod waiting;
mod written_examples;

// They read sizes of processes in /proc.
#[cfg(target_os = "linux")]
mod attack;
#[cfg(target_os = "linux")]
mod attackers;
#[cfg(target_os = "linux")]
mod control_groups;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod outage_under_load;
#[cfg(target_os = "linux")]
mod process;
