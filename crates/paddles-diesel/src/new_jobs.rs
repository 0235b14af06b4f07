//! A new job in one statement, which is a transaction of its own.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, JobKey, Run};
use paddles_repository::{JobCreated, NewJob, Stored};

use crate::cells::{Cells, FromCells};
use crate::connection::{AnyConnection, Backend};
use crate::run_row::{self, run_columns};
use crate::statement::{Statement, guarded};
use crate::{descriptions, job_history, job_row, run_parts};

/// Adds a job with an id of its own to a run that is there, if nobody else changes that run meanwhile: it is read without a
/// lock, and the change is made only to what was read. `None` if somebody does, or if more is to be done than this; then nothing
/// is stored. Fails if the run has a job of this id. For Postgres alone.
pub(crate) fn create(connection: &mut AnyConnection, new: &NewJob, act: &Act) -> QueryResult<Option<JobCreated>> {
    let has_targets = new.report.patch.get(JobKey::Targets).is_some();
    let (Some(job_id), false) = (&new.report.job_id, has_targets) else { return Ok(None) };
    let sql = concat!("SELECT ", run_columns!(), ", CAST(runs.xmin AS text) FROM runs WHERE runs.name = ?");
    let seen: Option<SeenRun> = Statement::new(sql).bind(new.run.as_str()).row(connection)?;
    let Some(SeenRun { run: Stored { id, record: mut run }, version }) = seen else { return Ok(None) };
    if let Err(refused) = new.admission.admit(&new.run, true, &new.report) {
        return Ok(Some(JobCreated::Refused(refused)));
    }

    let change = new.report.patch.clone().create(act.when);
    run.follow(job_id, None, &change);
    let mut parts: Vec<Statement> = descriptions::remember(None, &change.values).into_iter().collect();
    parts.extend(run_parts::count_job(id, None, Some(&change.after)));
    parts.push(job_row::insert(id, job_id, change.clone(), act.when).called(job_history::NEW_JOB));
    let guard = run_row::update_version(id, &run, &version);
    let history = job_history::first_of_new(connection, id, job_id, change.after.status, act);
    let Some(write) = guarded(guard, parts, history) else { return Ok(None) };
    Ok((write.run(connection)? == 1).then(|| JobCreated::Created(job_id.clone(), change.after.status)))
}

/// A run, and the version of its row.
struct SeenRun {
    run: Stored<Run>,
    version: String,
}

impl FromCells for SeenRun {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { run: Stored::from_cells(cells)?, version: cells.text()?.unwrap_or_default() })
    }
}
