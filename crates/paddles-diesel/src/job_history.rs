//! How a job's status changed: written together with the job, and only ever added to.

use diesel::QueryResult;
use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Act, JobId, JobStatus, RunName, Timestamp};
use paddles_repository::{RecordId, StatusChange};

use crate::audit::actor;
use crate::cells::{Cells, FromCells, there};
use crate::connection::{AnyConnection, Backend};
use crate::statement::{Bind, Statement, question_marks};

/// Where a new job can be found by what is written together with it.
pub(crate) const NEW_JOB: &str = "new_job";

/// What keeps that a job went from one status to another; nothing if it did not.
pub(crate) fn change(job: RecordId, before: JobStatus, after: JobStatus, act: &Act) -> Option<Statement> {
    let sql = "INSERT INTO job_history (job_id, status_before, status, time, who, address) VALUES (?, ?, ?, ?, ?, ?)";
    let insert = || Statement::new(sql).bind(job.0).bind(before.as_str()).bind(after.as_str()).binds(actor(act));
    (before != after).then(insert)
}

/// What keeps that jobs went from one status to another.
pub(crate) fn changes(changes: &[(RecordId, JobStatus, JobStatus, Act)]) -> Statement {
    let rows = vec!["(?, ?, ?, ?, ?, ?)"; changes.len()].join(", ");
    let sql = format!("INSERT INTO job_history (job_id, status_before, status, time, who, address) VALUES {rows}");
    changes.iter().fold(Statement::for_some(changes.len(), sql), |insert, (job, before, after, act)| {
        insert.bind(job.0).bind(before.as_str()).bind(after.as_str()).binds(actor(act))
    })
}

/// What keeps the first status of a job that is written in the same round trip, under the name [`NEW_JOB`].
pub(crate) fn first_of_new(
    connection: &AnyConnection,
    run: RecordId,
    job_id: &JobId,
    status: JobStatus,
    act: &Act,
) -> Statement {
    match connection {
        // Statements of one round trip see nothing of each other but what they return.
        AnyConnection::Postgres(_) => {
            let sql = "INSERT INTO job_history (job_id, status, time, who, address) SELECT id, ?, ?, ?, ? FROM new_job";
            Statement::new(sql).bind(status.as_str()).binds(actor(act))
        }
        AnyConnection::Sqlite(_) => first(run, job_id, status, act),
    }
}

/// What keeps the first status of a job that is there.
pub(crate) fn first(run: RecordId, job_id: &JobId, status: JobStatus, act: &Act) -> Statement {
    let sql = "INSERT INTO job_history (job_id, status, time, who, address) \
        SELECT id, ?, ?, ?, ? FROM jobs WHERE run_id = ? AND job_id = ?";
    Statement::new(sql).bind(status.as_str()).binds(actor(act)).bind(run.0).bind(job_id.as_str())
}

/// What keeps the first status of jobs that are there.
pub(crate) fn first_of_many<'a>(run: RecordId, job_ids: impl Iterator<Item = &'a JobId>, act: &Act) -> Statement {
    let job_ids: Vec<Bind> = job_ids.map(|job_id| job_id.as_str().into()).collect();
    let sql = format!(
        "INSERT INTO job_history (job_id, status, time, who, address) \
         SELECT id, status, ?, ?, ? FROM jobs WHERE run_id = ? AND job_id IN ({})",
        question_marks(job_ids.len())
    );
    Statement::unprepared(sql).binds(actor(act)).bind(run.0).binds(job_ids)
}

/// The changes of a job's status, the first one first; `None` if there is no such job.
pub(crate) fn of_job(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: &JobId,
    at_most: u32,
) -> QueryResult<Option<Vec<StatusChange>>> {
    // The job comes back even without changes, with nulls beside it.
    let sql = "SELECT job_history.time, job_history.status_before, job_history.status, job_history.who, \
        job_history.address FROM runs JOIN jobs ON jobs.run_id = runs.id \
        LEFT JOIN job_history ON job_history.job_id = jobs.id \
        WHERE runs.name = ? AND jobs.job_id = ? ORDER BY job_history.id LIMIT ?";
    let changes = Statement::new(sql).bind(run.as_str()).bind(job_id.as_str()).bind(i64::from(at_most));
    let rows: Vec<ChangeRow> = changes.rows(connection)?;
    Ok((!rows.is_empty()).then(|| rows.into_iter().filter_map(|ChangeRow(change)| change).collect()))
}

struct ChangeRow(Option<StatusChange>);

impl FromCells for ChangeRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let time: Option<Timestamp> = cells.time()?;
        let Some(time) = time else { return Ok(Self(None)) };
        // A status that nobody here wrote says nothing.
        let status = |word: String| word.parse().unwrap_or(JobStatus::Unknown);
        Ok(Self(Some(StatusChange {
            time,
            before: cells.text()?.map(status),
            after: status(there(cells.text()?)?),
            who: there(cells.text()?)?,
            address: cells.text()?,
        })))
    }
}
