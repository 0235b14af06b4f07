//! Questions about jobs.

use diesel::sql_types::{Integer, Nullable};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use paddles_domain::{Job, JobId, JobPatch, JobStatus, RunName, Timestamp};
use paddles_repository::{JobCreated, JobKeys, JobRepository, JobUpdated, NewJob, RecordId, RepositoryError, Stored};

use crate::job_row::{JobRow, select, select_everything};
use crate::statement::{Statement, question_marks};
use crate::{DieselRepository, reports};

impl JobRepository for DieselRepository {
    /// The refusal of a job that is there is the busiest request of all, one for each heartbeat: a single probe of an
    /// index, before any transaction.
    fn job_create(&self, new: &NewJob, now: Timestamp) -> Result<JobCreated, RepositoryError> {
        if let Some(job_id) = &new.report.job_id
            && self.database.read(|connection| reports::is_known(connection, &new.run, job_id))?
        {
            return Ok(JobCreated::AlreadyExists(job_id.clone()));
        }
        self.database.write(|connection| reports::create(connection, new, now))
    }

    fn job_update(
        &self,
        run: &RunName,
        job_id: &JobId,
        patch: &JobPatch,
        now: Timestamp,
    ) -> Result<JobUpdated, RepositoryError> {
        self.database.write(|connection| reports::update(connection, run, job_id, patch.clone(), now))
    }

    fn job_get(&self, run: &RunName, job_id: &JobId) -> Result<Option<Stored<Job>>, RepositoryError> {
        self.database.read(|connection| {
            let sql = format!("{} WHERE runs.name = ? AND jobs.job_id = ?", select_everything());
            let job = Statement::new(sql).bind(run.as_str()).bind(job_id.as_str());
            let row: Option<JobRow> = job.get_result(connection).optional()?;
            Ok(row.map(JobRow::into_job))
        })
    }

    fn job_delete(&self, run: &RunName, job_id: &JobId) -> Result<bool, RepositoryError> {
        self.database.write(|connection| reports::delete(connection, run, job_id))
    }

    fn job_page(&self, run: RecordId, after: Option<&JobId>, limit: u32) -> Result<Vec<Stored<Job>>, RepositoryError> {
        let behind = if after.is_some() { " AND jobs.job_id > ?" } else { "" };
        let everything = select_everything();
        let sql = format!("{everything} WHERE jobs.run_id = ?{behind} ORDER BY jobs.job_id LIMIT ?");
        self.database.read(|connection| {
            let page = Statement::new(sql.as_str())
                .bind(run.0)
                .binds(after.map(|job_id| job_id.as_str().into()))
                .bind(i64::from(limit));
            let rows: Vec<JobRow> = page.load(connection)?;
            Ok(rows.into_iter().map(JobRow::into_job).collect())
        })
    }

    fn job_index(&self, run: &RunName, status: Option<JobStatus>) -> Result<Option<Vec<RecordId>>, RepositoryError> {
        let in_status = if status.is_some() { " AND jobs.status = ?" } else { "" };
        // The run comes back even without jobs, with a null beside it.
        let sql = format!(
            "SELECT jobs.id AS job FROM runs LEFT JOIN jobs ON jobs.run_id = runs.id{in_status} \
             WHERE runs.name = ? ORDER BY jobs.posted DESC, jobs.id DESC"
        );
        let rows: Vec<IndexRow> = self.database.read(|connection| {
            let index =
                Statement::new(sql.as_str()).binds(status.map(|status| status.as_str().into())).bind(run.as_str());
            index.load(connection)
        })?;
        let run_is_there = !rows.is_empty();
        Ok(run_is_there.then(|| rows.into_iter().filter_map(|row| row.job.map(RecordId)).collect()))
    }

    fn job_rows(&self, rows: &[RecordId], keys: JobKeys) -> Result<Vec<Stored<Job>>, RepositoryError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("{} WHERE jobs.id IN ({})", select(keys), question_marks(rows.len()));
        let found: Vec<JobRow> = self.database.read(|connection| {
            let jobs = Statement::unprepared(sql.as_str()).binds(rows.iter().map(|row| row.0.into()));
            jobs.load(connection)
        })?;
        let mut jobs: Vec<Stored<Job>> = found.into_iter().map(JobRow::into_job).collect();
        let place = |job: &Stored<Job>| rows.iter().position(|row| *row == job.id);
        jobs.sort_by_cached_key(place);
        Ok(jobs)
    }
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Nullable<Integer>)]
    job: Option<i32>,
}
