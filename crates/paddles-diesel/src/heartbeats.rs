//! A heartbeat in one statement, which is a transaction of its own: the busiest change of all.

use std::fmt::Write as _;

use diesel::QueryResult;
use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Heartbeat, JobId, JobStatus, RunName};

use crate::cells::{Cells, FromCells};
use crate::connection::{AnyConnection, Backend};
use crate::job_row;
use crate::statement::{Statement, question_marks};

/// Stores a heartbeat if the job is in one of its states, and gives that state; `None` if it is not there or in another one. For
/// Postgres alone: SQLite changes nothing behind `WITH`.
///
/// The run's row is locked first, as in every change of a job. Whoever changed the job meanwhile is waited for, and the job's
/// state looked at again.
pub(crate) fn store(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: &JobId,
    beat: Heartbeat,
) -> QueryResult<Option<JobStatus>> {
    let mut columns = "updated = ?".to_owned();
    for (key, _) in &beat.values {
        let _ = write!(columns, ", \"{}\" = ?", key.name());
    }
    let states = beat.states.unwrap_or_default();
    let in_state = match states.len() {
        0 => String::new(),
        count => format!(" AND jobs.status IN ({})", question_marks(count)),
    };
    let sql = format!(
        "WITH run AS (SELECT id FROM runs WHERE name = ? FOR NO KEY UPDATE), \
         job AS (UPDATE jobs SET {columns} FROM run WHERE jobs.run_id = run.id AND jobs.job_id = ?{in_state} \
         RETURNING jobs.run_id, jobs.status) \
         UPDATE runs SET updated = ? FROM job WHERE runs.id = job.run_id RETURNING job.status"
    );
    let stored = Statement::varied(sql)
        .bind(run.as_str())
        .bind(beat.updated)
        .binds(beat.values.into_iter().map(|(key, value)| job_row::bind(key, value)))
        .bind(job_id.as_str())
        .binds(states.iter().map(|state| state.as_str().into()))
        .bind(beat.updated);
    let stored: Option<StatusRow> = stored.row(connection)?;
    Ok(stored.map(|StatusRow(status)| status))
}

struct StatusRow(JobStatus);

impl FromCells for StatusRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self(cells.text()?.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown)))
    }
}
