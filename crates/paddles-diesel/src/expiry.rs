//! Jobs of which nobody hears any more become dead.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, ExpiryRule, JobId, JobPatch, JobStatus, RunName, Timestamp};
use paddles_repository::{DueJob, ExpiryRepository, ExpiryRound, RepositoryError};

use crate::cells::{Cells, FromCells, there};
use crate::claim::{EXPIRE_ALONE, lock_job};
use crate::connection::{AnyConnection, Backend};
use crate::statement::Statement;
use crate::{DieselRepository, reports};

/// Runs say how many of their jobs run or are queued, so that only those of a few runs are read.
const DUE: &str = "SELECT runs.name AS run, jobs.job_id AS job_id, jobs.status AS job_status, \
    jobs.posted AS job_posted, jobs.updated AS job_updated \
    FROM runs JOIN jobs ON jobs.run_id = runs.id \
    WHERE runs.name IS NOT NULL AND jobs.job_id IS NOT NULL";

/// With a moment for each state.
const RUNNING: &str = "runs.jobs_running > 0 AND jobs.status = 'running' \
    AND (coalesce(jobs.updated, jobs.posted) IS NULL OR coalesce(jobs.updated, jobs.posted) < ?)";
const QUEUED: &str = "runs.jobs_queued > 0 AND jobs.status = 'queued' \
    AND (coalesce(jobs.posted, jobs.updated) IS NULL OR coalesce(jobs.posted, jobs.updated) < ?)";

impl ExpiryRepository for DieselRepository {
    fn job_due(&self, rule: &ExpiryRule, limit: u32, now: Timestamp) -> Result<Vec<DueJob>, RepositoryError> {
        self.database.read(|connection| {
            let mut due = Vec::new();
            for (status, condition) in ExpiryRule::STATES.into_iter().zip([RUNNING, QUEUED]) {
                let left = i64::from(limit) - i64::try_from(due.len()).unwrap_or(i64::MAX);
                let Some(moment) = rule.limit(status, now).filter(|_| left > 0) else { continue };
                let sql = format!("{DUE} AND {condition} ORDER BY jobs.id LIMIT ?");
                let rows: Vec<DueRow> = Statement::new(sql).bind(moment).bind(left).rows(connection)?;
                due.extend(rows.into_iter().map(DueRow::into_due));
            }
            Ok(due)
        })
    }

    fn job_expire(&self, rule: &ExpiryRule, limit: u32, act: &Act) -> Result<ExpiryRound, RepositoryError> {
        let round = self.database.alone(EXPIRE_ALONE, |turn| {
            let due = self.job_due(rule, limit, act.when)?;
            let found = due.len();
            let mut jobs = Vec::with_capacity(found);
            for job in due {
                if !turn.is_ours() {
                    // Somebody else may have begun.
                    return Ok(ExpiryRound::Expired { jobs, may_go_on: false });
                }
                if self.database.write(|connection| bury(connection, rule, &job, act))? {
                    jobs.push(job);
                }
            }
            let may_go_on = found >= limit as usize && !jobs.is_empty();
            Ok(ExpiryRound::Expired { jobs, may_go_on })
        })?;
        Ok(round.unwrap_or(ExpiryRound::Elsewhere))
    }
}

/// Makes a job dead if it is due still, and in the state in which it was found; says whether.
fn bury(connection: &mut AnyConnection, rule: &ExpiryRule, found: &DueJob, act: &Act) -> QueryResult<bool> {
    // From here on nobody else reports of it.
    if lock_job(connection, &found.run, &found.job_id)?.is_none() {
        return Ok(false);
    }
    let sql = format!("{DUE} AND runs.name = ? AND jobs.job_id = ?");
    let job = Statement::new(sql).bind(found.run.as_str()).bind(found.job_id.as_str());
    let row: Option<DueRow> = job.row(connection)?;
    let is_due =
        row.is_some_and(|row| row.status == found.status && rule.is_due(row.status, row.posted, row.updated, act.when));
    if is_due {
        reports::update(connection, &found.run, &found.job_id, JobPatch::with_status(JobStatus::Dead), act)?;
    }
    Ok(is_due)
}

struct DueRow {
    run: String,
    job_id: String,
    status: JobStatus,
    posted: Option<Timestamp>,
    updated: Option<Timestamp>,
}

impl FromCells for DueRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let (run, job_id) = (there(cells.text()?)?, there(cells.text()?)?);
        let status = cells.text()?.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown);
        Ok(Self { run, job_id, status, posted: cells.time()?, updated: cells.time()? })
    }
}

impl DueRow {
    fn into_due(self) -> DueJob {
        let counted_from = ExpiryRule::counted_from(self.status, self.posted, self.updated);
        let (run, job_id) = (RunName::from_stored(self.run), JobId::from_stored(self.job_id));
        DueJob { run, job_id, status: self.status, counted_from }
    }
}
