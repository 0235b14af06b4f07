//! A file of SQLite: its tables are always ours, so that little can be wrong with it: what somebody wrote or dropped by hand.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use paddles_domain::{Act, RunName};
use paddles_repository::RunRepository;

use super::drift::sqlite_drift;
use super::file_schema::{FileDifferences, Missing, differences};
use super::look::{LAB, RunStatusRow, statuses};
use super::lost_deletions;
use super::session::refused;
use super::{AdoptError, Adopted, PlannedStep, Progress, Survey};
use crate::connection::{AnyConnection, Connector};
use crate::recount::recount_all;
use crate::{DatabaseUrl, DieselRepository};

/// How a file is.
pub(crate) struct FileLook {
    /// Tables, indexes and triggers that are missing.
    pub(crate) missing: Vec<Missing>,
    /// Columns that are missing, in sentences: nothing here makes them.
    pub(crate) lacks: Vec<String>,
    /// What is made in another way than it should be, in sentences.
    pub(crate) other: Vec<String>,
    /// The runs whose status does not follow from their jobs.
    pub(crate) wrong_statuses: Vec<RunName>,
    /// What does not say what a recount would: how many rows, and what they are. None where nothing can be compared.
    pub(crate) drift: Option<Vec<(i64, &'static str)>>,
}

/// Looks at the file. `counts`: also compares what is counted with the jobs, which reads them several times.
pub(crate) fn look(connection: &mut SqliteConnection, counts: bool) -> Result<FileLook, AdoptError> {
    let FileDifferences { missing, lacks, other } = differences(connection)?;
    // What a lab is about cannot be told by the rest of it.
    let lost: Vec<&str> =
        LAB.into_iter().filter(|name| missing.iter().any(|part| part.what == format!("table {name}"))).collect();
    if !lost.is_empty() {
        return Err(AdoptError::NoLab { missing: lost.join(", ") });
    }
    let (mut wrong_statuses, mut drift) = (Vec::new(), None);
    if counts && lacks.is_empty() {
        let rows: Vec<RunStatusRow> =
            sql_query(statuses()).load(connection).map_err(refused("compare the statuses of runs"))?;
        wrong_statuses.extend(rows.into_iter().filter(RunStatusRow::is_wrong).filter_map(RunStatusRow::into_name));
        if missing.iter().all(|part| !part.is_table()) {
            drift = Some(compare(connection)?);
        }
    }
    Ok(FileLook { missing, lacks, other, wrong_statuses, drift })
}

fn compare(connection: &mut SqliteConnection) -> Result<Vec<(i64, &'static str)>, AdoptError> {
    let mut drift = Vec::new();
    for (what, query) in sqlite_drift() {
        let row: NumberRow = sql_query(query).get_result(connection).map_err(refused("compare counts"))?;
        drift.extend((row.value > 0).then_some((row.value, what)));
    }
    Ok(drift)
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
        blockers: found.lacks.clone(),
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
    if !found.lacks.is_empty() {
        return Err(AdoptError::Blocked(found.lacks));
    }
    let (steps, mut longest_hold) = (found.steps(), Duration::ZERO);
    let mut number = 0;
    let mut begin = |progress: &mut dyn Progress| {
        progress.begin(number + 1, steps.len(), &steps[number], None);
        number += 1;
        Instant::now()
    };
    for part in &found.missing {
        let began = begin(progress);
        connection.begin_write().map_err(refused("make what is missing"))?;
        for sql in &part.sql {
            // What is not committed goes with the connection.
            connection.batch_execute(sql).map_err(refused("make what is missing"))?;
        }
        connection.commit().map_err(refused("make what is missing"))?;
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
    if found.has_drifted() {
        let began = begin(progress);
        connection.batch_execute(&lost_deletions::on_sqlite()).map_err(refused("list lost deletions"))?;
        recount_all(&mut connection).map_err(refused("count jobs"))?;
        longest_hold = longest_hold.max(began.elapsed());
        progress.end("");
    }
    Ok(Adopted { steps: steps.len(), took: began.elapsed(), longest_hold, is_watching: false })
}

impl FileLook {
    /// Also where nothing could be compared.
    fn has_drifted(&self) -> bool {
        self.drift.as_ref().is_none_or(|drift| !drift.is_empty())
    }

    fn steps(&self) -> Vec<String> {
        let mut steps: Vec<String> = self.missing.iter().map(|part| format!("make {}", part.what)).collect();
        if !self.wrong_statuses.is_empty() {
            steps.push(format!("set the status of {} runs by their jobs", self.wrong_statuses.len()));
        }
        if self.has_drifted() {
            steps.push("count all jobs again".to_owned());
        }
        steps
    }

    /// What is odd in the rows, in sentences.
    pub(crate) fn figures(&self) -> Vec<String> {
        let wrong = self.wrong_statuses.len();
        let statuses = (wrong > 0).then(|| format!("{wrong} {WRONG_STATUSES}"));
        statuses.into_iter().chain(self.drift.iter().flatten().map(|(count, what)| format!("{count} {what}"))).collect()
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

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}
