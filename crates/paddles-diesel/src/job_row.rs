//! A job's wide row, read and written by the table of the job's keys: each key's column has the key's name.

use std::fmt::Write as _;
use std::sync::LazyLock;

use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Document, Job, JobChange, JobId, JobKey, JobStatus, JobValues, Kind, RunName, Timestamp, Value};
use paddles_repository::{JobKeys, RecordId, Stored};

use crate::cells::{Cells, FromCells};
use crate::claim::is_one_of;
use crate::connection::{AnyConnection, Backend};
use crate::statement::{Bind, Statement, question_marks};

/// What every read of jobs selects first, whatever keys are wanted.
const ALWAYS: &str = "jobs.id, runs.name, jobs.job_id, jobs.status, jobs.posted, jobs.started, jobs.updated";

static EVERYTHING: LazyLock<String> = LazyLock::new(|| select(JobKeys::ALL));

static CELLS_OF_EVERYTHING: LazyLock<usize> = LazyLock::new(|| ALWAYS.split(", ").count() + JobKey::all().count());

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let mut columns = "run_id, job_id, status, posted, started, updated".to_owned();
    for key in JobKey::all() {
        let _ = write!(columns, ", \"{}\"", key.name());
    }
    let values = question_marks(columns.split(", ").count());
    format!("INSERT INTO jobs ({columns}) VALUES ({values})")
});

static INSERT_IF_NEW: LazyLock<String> =
    LazyLock::new(|| format!("{} ON CONFLICT (run_id, job_id) DO NOTHING", *INSERT));

/// `SELECT` of `keys`, from jobs and their runs.
pub(crate) fn select(keys: JobKeys) -> String {
    let mut sql = format!("SELECT {ALWAYS}");
    for key in keys.iter() {
        let _ = write!(sql, ", jobs.\"{}\"", key.name());
    }
    sql + " FROM jobs JOIN runs ON runs.id = jobs.run_id"
}

/// `SELECT` of every key.
pub(crate) fn select_everything() -> &'static str {
    EVERYTHING.as_str()
}

/// Adds a job to a run; fails if the run has one of this id.
pub(crate) fn insert(run: RecordId, job_id: &JobId, change: JobChange, now: Timestamp) -> Statement {
    bind_new(Statement::new(INSERT.as_str()), run, job_id, change, now)
}

/// Adds a job to a run; touches no row if the run has one of this id.
pub(crate) fn insert_if_new(run: RecordId, job_id: &JobId, change: JobChange, now: Timestamp) -> Statement {
    bind_new(Statement::new(INSERT_IF_NEW.as_str()), run, job_id, change, now)
}

/// Adds many jobs to a run in one statement; fails if the run has one of these ids.
pub(crate) fn insert_many(run: RecordId, jobs: &[(JobId, JobChange)], now: Timestamp) -> Statement {
    let one_row = question_marks(INSERT.matches('?').count());
    let further_rows = format!(", ({one_row})").repeat(jobs.len().saturating_sub(1));
    let insert = Statement::unprepared(format!("{}{further_rows}", *INSERT));
    jobs.iter().fold(insert, |insert, (job_id, change)| bind_new(insert, run, job_id, change.clone(), now))
}

fn bind_new(insert: Statement, run: RecordId, job_id: &JobId, change: JobChange, now: Timestamp) -> Statement {
    let mut values = JobValues::default();
    for (key, value) in change.values {
        values.set(key, value);
    }
    insert
        .bind(run.0)
        .bind(job_id.as_str())
        .bind(change.after.status.as_str())
        .bind(now)
        .bind(change.after.started)
        .bind(change.updated)
        .binds(JobKey::all().map(|key| bind(key, values.get(key).cloned())))
}

/// Writes what changed of a job.
pub(crate) fn update(job: RecordId, change: JobChange) -> Statement {
    let mut sql = "UPDATE jobs SET status = ?, started = ?, updated = ?".to_owned();
    for (key, _) in &change.values {
        let _ = write!(sql, ", \"{}\" = ?", key.name());
    }
    sql += " WHERE id = ?";
    Statement::varied(sql)
        .bind(change.after.status.as_str())
        .bind(change.after.started)
        .bind(change.updated)
        .binds(change.values.into_iter().map(|(key, value)| bind(key, value)))
        .bind(job.0)
}

/// Writes of these jobs that they went to `status` at this moment, and nothing else.
pub(crate) fn update_status(connection: &AnyConnection, jobs: &[i32], status: JobStatus, now: Timestamp) -> Statement {
    let (is_one_of, numbers) = is_one_of(connection, jobs);
    let sql = format!("UPDATE jobs SET status = ?, updated = ? WHERE id {is_one_of}");
    Statement::new(sql).bind(status.as_str()).bind(now).bind(numbers)
}

/// Adds jobs as they were kept elsewhere, and gives for each the number of its row with its run and id.
pub(crate) fn insert_kept(jobs: &[(RecordId, &Job)]) -> Statement {
    let row = format!("({})", question_marks(ALL_COLUMNS));
    let (columns, _) = INSERT.split_once(" VALUES ").unwrap_or_default();
    let sql = format!("{columns} VALUES {} RETURNING id, run_id, job_id", vec![row; jobs.len()].join(", "));
    // Most are as many at once as there may be.
    let insert = if jobs.len() == KEPT_AT_ONCE { Statement::new(sql) } else { Statement::unprepared(sql) };
    insert.binds(jobs.iter().flat_map(|(run, job)| {
        let name: [Bind; 2] = [run.0.into(), job.job_id.as_str().into()];
        name.into_iter().chain(all_but_name(job))
    }))
}

/// How many jobs one `INSERT` takes: far from the 32,766 values that SQLite does.
pub(crate) const KEPT_AT_ONCE: usize = 64;

const ALL_COLUMNS: usize = 6 + JobKey::COUNT;

/// Writes a job over another as it was kept elsewhere.
pub(crate) fn update_kept(number: RecordId, job: &Job) -> Statement {
    Statement::new(UPDATE_KEPT.as_str()).binds(all_but_name(job)).bind(number.0)
}

static UPDATE_KEPT: LazyLock<String> = LazyLock::new(|| {
    let mut sql = "UPDATE jobs SET status = ?, posted = ?, started = ?, updated = ?".to_owned();
    for key in JobKey::all() {
        let _ = write!(sql, ", \"{}\" = ?", key.name());
    }
    sql + " WHERE id = ?"
});

/// The values of a job's columns behind its run and id.
fn all_but_name(job: &Job) -> impl Iterator<Item = Bind> {
    let own: [Bind; 4] = [job.status.as_str().into(), job.posted.into(), job.started.into(), job.updated.into()];
    own.into_iter().chain(JobKey::all().map(|key| bind(key, job.values.get(key).cloned())))
}

/// A null has its column's type too.
pub(crate) fn bind(key: JobKey, value: Option<Value>) -> Bind {
    match (value, key.kind()) {
        (Some(value), _) => value.into(),
        (None, Kind::Text | Kind::IndexedText | Kind::Document | Kind::Targets) => Bind::Text(None),
        (None, Kind::Integer) => Bind::Integer(None),
        (None, Kind::Boolean) => Bind::Boolean(None),
        (None, Kind::NameTime) => Bind::Time(None),
    }
}

/// What one of the `SELECT`s above reads.
impl FromCells for Stored<Job> {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let id = cells.id()?;
        let run = RunName::from_stored(cells.text()?.unwrap_or_default());
        let job_id = JobId::from_stored(cells.text()?.unwrap_or_default());
        // A status that nobody here wrote says nothing.
        let status = cells.text()?.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown);
        let (posted, started, updated) = (cells.time()?, cells.time()?, cells.time()?);
        let mut values = JobValues::default();
        // The keys that were selected come in the order of the table; mostly that is all of them.
        let has_every_key = cells.count() == *CELLS_OF_EVERYTHING;
        for key in JobKey::all() {
            if has_every_key || cells.next_is(key.name()) {
                values.set(key, value(cells, key.kind())?);
            }
        }
        Ok(Self { id, record: Job { run, job_id, status, posted, started, updated, values } })
    }
}

fn value<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>, kind: Kind) -> deserialize::Result<Option<Value>> {
    Ok(match kind {
        Kind::Text | Kind::IndexedText => cells.text()?.map(Value::Text),
        Kind::Integer => cells.integer()?.map(Value::Integer),
        Kind::Boolean => cells.boolean()?.map(Value::Boolean),
        Kind::NameTime => cells.time()?.map(Value::Time),
        Kind::Document | Kind::Targets => cells.text()?.and_then(Document::from_stored).map(Value::Document),
    })
}
