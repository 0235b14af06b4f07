//! The project's benchmark: a database filled with lab history, the service on it, requests as real clients send them,
//! and next to each row what the database itself does with the same question.
//!
//! - `dataset` makes the history, the same for the same seed; `fill` brings it into a database.
//! - `rows` lists what is measured; `keys` chooses whom the requests ask about.
//! - `driver` sends requests and takes times; `service` is the measured process.
//! - `limit` lets pgbench ask the same with the fewest statements (`limits/*.sql`).
//! - `report` writes the table for the terminal, Markdown and JSON.
//!
//! The other crates leave SQL to `paddles-diesel`. This one fills tables from outside and compares with plain SQL, so it
//! has its own.

#![allow(clippy::print_stdout, reason = "the terminal is where it reports")]

mod database;
mod dataset;
mod driver;
mod error;
mod fill;
mod keys;
mod limit;
mod machine;
mod options;
mod prepared;
mod report;
mod rows;
mod service;
mod session;

pub use error::BenchError;
pub use fill::copy_history;
pub use options::{Engine, JobCount, Options};
pub use report::{Measured, Report};
pub use session::bench;
