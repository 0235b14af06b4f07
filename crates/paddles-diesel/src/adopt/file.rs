//! A file of SQLite: its tables are always ours, so that little can be wrong with it: what somebody wrote or dropped by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::MigrationHarness;
use paddles_domain::{Act, RunName};
use paddles_repository::RunRepository;

use super::drift::sqlite_drift;
use super::look::{RunStatusRow, statuses};
use super::session::refused;
use super::{AdoptError, Adopted, PlannedStep, Progress, Survey};
use crate::connection::{AnyConnection, Connector};
use crate::migrations::SQLITE;
use crate::recount::recount_all;
use crate::{DatabaseUrl, DieselRepository};

/// How a file is.
pub(crate) struct FileLook {
    /// Indexes, triggers and tables that are missing, and what makes them.
    pub(crate) missing: BTreeMap<String, String>,
    /// What is made in another way than it should be, in sentences.
    pub(crate) other: Vec<String>,
    /// The runs whose status does not follow from their jobs.
    pub(crate) wrong_statuses: Vec<RunName>,
    /// What does not say what a recount would: how many rows, and what they are.
    pub(crate) drift: Vec<(i64, &'static str)>,
}

/// Looks at the file. `counts`: also compares what is counted with the jobs, which reads them several times.
pub(crate) fn look(connection: &mut SqliteConnection, counts: bool) -> Result<FileLook, AdoptError> {
    let (declared, live) = (declared()?, schema(connection)?);
    let (mut missing, mut other) = (BTreeMap::new(), Vec::new());
    for (name, sql) in declared {
        match live.get(&name) {
            None => drop(missing.insert(name, sql)),
            Some(known) if one_line(known) != one_line(&sql) => {
                other.push(format!("{name} is {}, not {}", one_line(known), one_line(&sql)));
            }
            Some(_) => {}
        }
    }
    let (mut wrong_statuses, mut drift) = (Vec::new(), Vec::new());
    if counts {
        let rows: Vec<RunStatusRow> =
            sql_query(statuses()).load(connection).map_err(refused("compare the statuses of runs"))?;
        wrong_statuses.extend(rows.into_iter().filter(RunStatusRow::is_wrong).filter_map(RunStatusRow::into_name));
        for (what, query) in sqlite_drift() {
            let row: NumberRow = sql_query(query).get_result(connection).map_err(refused("compare counts"))?;
            drift.extend((row.value > 0).then_some((row.value, what)));
        }
    }
    Ok(FileLook { missing, other, wrong_statuses, drift })
}

/// What mending the file would do.
pub(super) fn survey(url: &DatabaseUrl, file: &Path) -> Result<Survey, AdoptError> {
    let mut connection = open(url, file)?;
    let AnyConnection::Sqlite(sqlite) = &mut connection else { return Err(unknown(url)) };
    let began = Instant::now();
    let found = look(sqlite, true)?;
    // To mend takes about as long as to compare.
    let took = began.elapsed();
    let steps: Vec<PlannedStep> =
        found.steps().into_iter().map(|what| PlannedStep { what, rows: None, estimate: took }).collect();
    Ok(Survey {
        database: url.to_string(),
        server: "SQLite".to_owned(),
        is_foreign: false,
        tables: Vec::new(),
        differences: found.other.clone(),
        figures: found.figures(),
        blockers: Vec::new(),
        estimate: took * u32::try_from(steps.len()).unwrap_or(u32::MAX),
        steps,
    })
}

/// Makes what is missing, and counts again what is wrong.
pub(super) fn adopt(
    url: &DatabaseUrl,
    file: &Path,
    act: &Act,
    progress: &mut dyn Progress,
) -> Result<Adopted, AdoptError> {
    let began = Instant::now();
    open(url, file)?;
    // Its migrations run here.
    let lab = DieselRepository::open(url, 1)?;
    let mut connection = open(url, file)?;
    let found = match &mut connection {
        AnyConnection::Sqlite(connection) => look(connection, true)?,
        AnyConnection::Postgres(_) => return Err(unknown(url)),
    };
    let (steps, mut longest_hold) = (found.steps(), Duration::ZERO);
    let mut number = 0;
    let mut begin = |progress: &mut dyn Progress| {
        progress.begin(number + 1, steps.len(), &steps[number], None);
        number += 1;
        Instant::now()
    };
    for sql in found.missing.values() {
        let began = begin(progress);
        connection.batch_execute(sql).map_err(refused("make what is missing"))?;
        longest_hold = longest_hold.max(began.elapsed());
        progress.end("");
    }
    if !found.wrong_statuses.is_empty() {
        begin(progress);
        for (done, run) in (1..).zip(&found.wrong_statuses) {
            let began = Instant::now();
            lab.run_recount(run, Some(act))?;
            longest_hold = longest_hold.max(began.elapsed());
            progress.reach(done);
        }
        progress.end("the old ones are in the audit");
    }
    if !found.drift.is_empty() {
        let began = begin(progress);
        recount_all(&mut connection).map_err(refused("count jobs"))?;
        longest_hold = longest_hold.max(began.elapsed());
        progress.end("");
    }
    Ok(Adopted { steps: steps.len(), took: began.elapsed(), longest_hold, is_watching: false })
}

impl FileLook {
    fn steps(&self) -> Vec<String> {
        let mut steps: Vec<String> = self.missing.keys().map(|name| format!("make {name}")).collect();
        if !self.wrong_statuses.is_empty() {
            steps.push(format!("set the status of {} runs by their jobs", self.wrong_statuses.len()));
        }
        if !self.drift.is_empty() {
            steps.push("count all jobs again".to_owned());
        }
        steps
    }

    /// What is odd in the rows, in sentences.
    pub(crate) fn figures(&self) -> Vec<String> {
        let wrong = self.wrong_statuses.len();
        let statuses = (wrong > 0).then(|| format!("{wrong} {WRONG_STATUSES}"));
        statuses.into_iter().chain(self.drift.iter().map(|(count, what)| format!("{count} {what}"))).collect()
    }
}

const WRONG_STATUSES: &str = "runs have a status that does not follow from their jobs";

/// A connection to the file, which must be there: to open one that is not would make one.
pub(crate) fn open(url: &DatabaseUrl, file: &Path) -> Result<AnyConnection, AdoptError> {
    if !file.exists() {
        return Err(AdoptError::NoLab { missing: format!("runs, since {} is not there", file.display()) });
    }
    Connector::new(url.clone()).open().map_err(|source| AdoptError::Connect { url: url.to_string(), source })
}

fn unknown(url: &DatabaseUrl) -> AdoptError {
    AdoptError::NoLab { missing: format!("runs, since {url} is no file") }
}

/// What the migrations make, asked of an empty database in memory.
fn declared() -> Result<BTreeMap<String, String>, AdoptError> {
    let connect = |source| AdoptError::Connect { url: ":memory:".to_owned(), source };
    let mut connection = SqliteConnection::establish(":memory:").map_err(connect)?;
    connection
        .run_pending_migrations(SQLITE)
        .map_err(|error| refused("find out how tables should look")(diesel::result::Error::QueryBuilderError(error)))?;
    schema(&mut connection)
}

/// Tables, indexes and triggers, and how each was made.
fn schema(connection: &mut SqliteConnection) -> Result<BTreeMap<String, String>, AdoptError> {
    connection.batch_execute("SELECT 1").map_err(refused("read how tables look"))?;
    let rows: Vec<SchemaRow> = sql_query(
        "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )
    .load(connection)
    .map_err(refused("read how tables look"))?;
    Ok(rows.into_iter().filter_map(|row| Some((row.name?, row.sql?))).collect())
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(QueryableByName)]
struct SchemaRow {
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    sql: Option<String>,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}
