//! Brings a history into an empty database.
//!
//! Indexes and keys go before and come back after, as the database itself lists them; what is counted beside jobs is left to
//! [`paddles_diesel::recount`].

mod insert;
mod postgres;
mod progress;
mod sqlite;

use chrono::NaiveDateTime;
use paddles_diesel::DatabaseUrl;

use self::progress::Progress;
use crate::database::Database;
use crate::dataset::{Cell, History, JOB_COLUMNS, MACHINE_TYPES, NODE_COLUMNS, RUN_COLUMNS};
use crate::error::BenchError;

/// A table, and which of its columns come.
#[derive(Debug, Clone, Copy)]
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

const NODES: Table = Table { name: "nodes", columns: &NODE_COLUMNS };
const RUNS: Table = Table { name: "runs", columns: &RUN_COLUMNS };
const JOBS: Table = Table { name: "jobs", columns: &JOB_COLUMNS };
const JOB_NODES: Table = Table { name: "job_nodes", columns: &["node_id", "job_id"] };

/// Takes rows for tables that have no indexes at the moment.
trait Loader {
    fn row(&mut self, table: Table, cells: &[Cell]) -> Result<(), BenchError>;
}

/// Makes the tables and fills them.
pub(crate) fn fill(url: &DatabaseUrl, history: &History) -> Result<(), BenchError> {
    paddles_diesel::migrate(url)?;
    let progress = Progress::start(history.job_count());
    match url {
        DatabaseUrl::Postgres(address) => {
            let mut database = Database::connect(url)?;
            let structure = postgres::take_off_structure(&mut database)?;
            let mut copies = postgres::Copies::start(address, &[NODES, RUNS, JOBS, JOB_NODES])?;
            load(&mut copies, history, &progress)?;
            copies.finish()?;
            progress.say("indexes and keys");
            postgres::put_back_structure(&mut database, &structure)?;
            postgres::set_sequences(&mut database)?;
        }
        DatabaseUrl::Sqlite(_) => {
            let mut database = Database::connect(url)?;
            let indexes = sqlite::take_off_indexes(&mut database)?;
            let mut inserts = sqlite::Inserts::start(&mut database)?;
            load(&mut inserts, history, &progress)?;
            inserts.finish()?;
            progress.say("indexes");
            sqlite::put_back_indexes(&mut database, &indexes)?;
        }
    }
    progress.say("counts");
    let queues: Vec<String> = MACHINE_TYPES.iter().map(|name| format!("('{name}')")).collect();
    let queues = format!("INSERT INTO queue (queue) VALUES {}", queues.join(", "));
    Database::connect(url)?.run(&queues)?;
    paddles_diesel::recount(url)?;
    progress.say("settling");
    settle(url)?;
    progress.finish();
    Ok(())
}

/// Copies the history of about `jobs` jobs into the tables of a lab at `address`, which are there and empty: only columns that
/// every paddles has. Says how many jobs came.
pub fn copy_history(address: &str, jobs: u32, seed: u64, ends: NaiveDateTime) -> Result<u32, BenchError> {
    let history = History::new(seed, jobs, ends);
    let mut copies = postgres::Copies::start(address, &[NODES, RUNS, JOBS, JOB_NODES])?;
    load(&mut copies, &history, &Progress::start(history.job_count()))?;
    copies.finish()?;
    postgres::set_sequences(&mut Database::connect(&DatabaseUrl::Postgres(address.to_owned()))?)?;
    Ok(history.job_count())
}

/// Leaves the database as one that has been there for a while: no dead rows, statistics known, all in its files.
pub(crate) fn settle(url: &DatabaseUrl) -> Result<(), BenchError> {
    let mut database = Database::connect(url)?;
    match url {
        DatabaseUrl::Postgres(_) => {
            database.run("VACUUM ANALYZE")?;
            database.run("CHECKPOINT")
        }
        // No ANALYZE: the service never asks for one, so a lab's file has no statistics either.
        DatabaseUrl::Sqlite(_) => database.run("PRAGMA wal_checkpoint(TRUNCATE)"),
    }
}

fn load(loader: &mut impl Loader, history: &History, progress: &Progress) -> Result<(), BenchError> {
    for node in history.nodes() {
        loader.row(NODES, &node.row())?;
    }
    for run in history.runs() {
        loader.row(RUNS, &run.row())?;
    }
    for job in history.jobs() {
        loader.row(JOBS, job.row())?;
        for node in &job.nodes {
            loader.row(JOB_NODES, &[(*node).into(), job.id.into()])?;
        }
        progress.job_done();
    }
    Ok(())
}
