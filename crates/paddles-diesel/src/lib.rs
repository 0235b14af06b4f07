//! The port of `paddles-repository`, answered by Postgres or by SQLite embedded in the process. The only crate that
//! knows SQL.
//!
//! [`DieselRepository::open`] brings the tables up to date and gives a repository:
//!
//! ```
//! use paddles_diesel::{DatabaseUrl, DieselRepository};
//! use paddles_domain::{Act, LabZone, Run, RunName};
//! use paddles_repository::{Page, RunRepository};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("paddles.db");
//! # let url = format!("sqlite://{}", file.display());
//! let url: DatabaseUrl = url.parse()?;
//! let lab = DieselRepository::open(&url, 2)?;
//! let now = "2020-01-02 03:04:05".parse()?;
//! lab.run_create(&Run::new(RunName::new("me-testing")?, LabZone::default(), now), &Act::of_nobody(now))?;
//! assert_eq!(lab.run_list(Page::new(1, 25)?.into())?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it is built
//!
//! - One text of each query serves both databases. Rows are read by place (`cells`);
//!   a job's wide row is read and written by the domain's table of keys (`job_row`), in `Statement`s that each
//!   connection keeps prepared. What only one database can say stands in `claim`, and nowhere else.
//! - A change runs in `Database::write`: it locks the run first, asks the domain what the change is, and writes it
//!   together with the run's counts (`reports`).
//! - A lost connection is noticed when it is used, and the question asked again on another one, unless it was the
//!   commit that got no answer.
//!
//! # To answer a new question
//!
//! Write it in the file of the thing it asks about (`runs`, `jobs`), next to its SQL; take the connection as an argument
//! so that it can be part of a larger transaction; run the contract suite.

mod adopt;
mod asked;
mod audit;
mod batch;
mod beside;
mod cells;
mod claim;
mod connection;
mod database;
mod database_url;
mod deletions;
mod descriptions;
mod doctor;
mod expiry;
mod failure;
mod heartbeats;
mod history;
mod job_facts;
mod job_history;
mod job_row;
mod job_search;
mod jobs;
mod migrations;
mod new_jobs;
mod node_days;
mod node_jobs;
mod node_locks;
mod node_row;
mod nodes;
mod once;
mod pooler;
mod queue_claims;
mod queues;
mod recount;
mod reports;
mod run_filter;
mod run_parts;
mod run_row;
mod runs;
mod slow_statements;
mod statement;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
mod transfer;
mod watch;

pub use adopt::{
    AdoptError, Adopted, DuplicateJob, PlannedStep, Progress, Survey, adopt, duplicates, merge_duplicates, survey,
};
pub use connection::StatementLimits;
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use doctor::{Finding, Severity, examine};
pub use failure::OpenError;
pub use pooler::Pooler;
pub use recount::{RecountError, recount};

use connection::{AnyConnection, Connector};
use database::Database;
use diesel::connection::SimpleConnection as _;
use migrations::MigrateError;
use pooler::shares_sessions;

/// A repository in a Postgres or SQLite database.
pub struct DieselRepository {
    database: Database,
}

impl DieselRepository {
    /// Opens the database at `url` with at most `connections` connections, and brings its tables up to date.
    pub fn open(url: &DatabaseUrl, connections: u32) -> Result<Self, OpenError> {
        Self::open_limited(url, connections, StatementLimits::default())
    }

    /// The same, with limits for the statements that it runs.
    pub fn open_limited(url: &DatabaseUrl, connections: u32, limits: StatementLimits) -> Result<Self, OpenError> {
        migrate(url)?;
        let connector = Connector::new(url.clone()).limited(limits);
        Ok(Self { database: Database::new(connector, connections) })
    }

    /// Opens the database at `url`, which is reached through `pooler`, with at most `connections` connections. Its tables must
    /// be up to date: [`migrate`] brings them there, past the pooler.
    pub fn open_migrated(
        url: &DatabaseUrl,
        connections: u32,
        pooler: Pooler,
        limits: StatementLimits,
    ) -> Result<Self, OpenError> {
        let connector = Connector::through(pooler, url.clone()).limited(limits);
        let mut connection = connect(&connector, url)?;
        if pooler == Pooler::None {
            refuse_pooler(&connector, url)?;
        }
        let missing = migrations::missing(&mut connection).map_err(|error| OpenError::unreadable(url, &error))?;
        if !missing.is_empty() {
            return Err(OpenError::Outdated { url: url.to_string(), missing: missing.join(", ") });
        }
        Ok(Self { database: Database::new(connector, connections) })
    }

    /// How many SQL statements have run since it was opened, those that begin and end transactions included.
    pub fn statements_run(&self) -> u64 {
        self.database.statements_run()
    }
}

/// Brings the tables of the database at `url` up to date, and names the migrations that ran.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    let place = || url.to_string();
    let connector = Connector::new(url.clone());
    refuse_pooler(&connector, url)?;
    let mut connection = connect(&connector, url)?;
    let ran = migrations::migrate(&mut connection).map_err(|error| match error {
        MigrateError::Foreign => OpenError::Foreign { url: place() },
        MigrateError::Failed(reason) => OpenError::Migrate { url: place(), reason },
    })?;
    if migrations::is_watched(&mut connection) {
        // Counts that the older service left behind are no reason not to serve.
        match adopt::end_watch(url) {
            Ok(()) => tracing::info!("what the older service wrote is counted"),
            Err(error) => tracing::warn!(%error, "what the older service wrote is not counted yet"),
        }
    }
    Ok(ran)
}

/// Refuses an SQLite file that may be read only: whoever serves it could keep no report. A Postgres that takes no writes may take
/// them again at any moment.
pub fn refuse_read_only(url: &DatabaseUrl) -> Result<(), OpenError> {
    if matches!(url, DatabaseUrl::Postgres(_)) {
        return Ok(());
    }
    let mut connection = connect(&Connector::new(url.clone()), url)?;
    // A transaction begins all the same, and a write is refused even if it finds no row.
    match connection.batch_execute("UPDATE runs SET name = name WHERE false") {
        // What else is wrong, a lock of somebody or a full disk, may pass.
        Err(error) if error.to_string().contains("readonly") => {
            Err(OpenError::ReadOnly { url: url.to_string(), reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

fn connect(connector: &Connector, url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    connector.open().map_err(|source| OpenError::Connect { url: url.to_string(), source })
}

/// Refuses a pooler that lends sessions, where a session must stay the same.
fn refuse_pooler(connector: &Connector, url: &DatabaseUrl) -> Result<(), OpenError> {
    match shares_sessions(connector) {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::Pooled { url: url.to_string() }),
        Err(source) => Err(OpenError::Connect { url: url.to_string(), source }),
    }
}
