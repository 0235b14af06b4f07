//! What a report changes, inside its transaction: the run is locked first, the domain decides, and what changed is
//! written together with the run's counts.

use chrono::NaiveDateTime;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp as SqlTimestamp};
use diesel::{OptionalExtension, QueryResult, QueryableByName, RunQueryDsl};
use paddles_domain::{FirstJob, JobFacts, JobId, JobKey, JobPatch, JobStatus, Run, RunName, Timestamp};
use paddles_repository::{JobCreated, JobUpdated, NewJob, RecordId, Stored};

use crate::claim::{lock_run, next_job_number};
use crate::connection::AnyConnection;
use crate::statement::Statement;
use crate::{job_row, node_jobs, run_parts, run_row};

/// Whether the run has a job of this id.
pub(crate) fn is_known(connection: &mut AnyConnection, run: &RunName, job_id: &JobId) -> QueryResult<bool> {
    let sql = "SELECT jobs.id AS job FROM jobs JOIN runs ON runs.id = jobs.run_id \
        WHERE runs.name = ? AND jobs.job_id = ?";
    let job = Statement::new(sql).bind(run.as_str()).bind(job_id.as_str());
    let found: Option<JobNumber> = job.get_result(connection).optional()?;
    Ok(found.is_some())
}

/// Adds a job, and its run if it must be created.
pub(crate) fn create(connection: &mut AnyConnection, new: &NewJob, now: Timestamp) -> QueryResult<JobCreated> {
    let known_run = lock_run(connection, &new.run)?;
    if let Err(refused) = new.admission.admit(&new.run, known_run.is_some(), &new.report) {
        return Ok(JobCreated::Refused(refused));
    }
    let Stored { id, record: mut run } = match known_run {
        Some(run) => run,
        None => create_run(connection, new, now)?,
    };
    let change = new.report.patch.clone().create(now);
    let job_id = match &new.report.job_id {
        Some(job_id) => {
            if job_row::insert(id, job_id, change.clone(), now).run(connection)? == 0 {
                return Ok(JobCreated::AlreadyExists(job_id.clone()));
            }
            job_id.clone()
        }
        None => loop {
            let job_id = JobId::from_stored(next_job_number(connection)?.to_string());
            // A reporter may have given this number as an id of its own.
            if job_row::insert(id, &job_id, change.clone(), now).run(connection)? == 1 {
                break job_id;
            }
        },
    };
    run.follow(&job_id, None, &change);
    run_row::update(id, &run).run(connection)?;
    run_parts::count_job(connection, id, None, Some(&change.after))?;
    if change.values.iter().any(|(key, _)| *key == JobKey::Targets)
        && let Some((job, _)) = facts_of(connection, id, &job_id)?
    {
        node_jobs::follow_targets(connection, job, &change.values, true)?;
    }
    Ok(JobCreated::Created(job_id, change.after.status))
}

/// Another reporter may create the run at the same moment: then its run is taken.
fn create_run(connection: &mut AnyConnection, new: &NewJob, now: Timestamp) -> QueryResult<Stored<Run>> {
    loop {
        run_row::insert(&Run::new(new.run.clone(), new.zone, now)).run(connection)?;
        if let Some(run) = lock_run(connection, &new.run)? {
            return Ok(run);
        }
    }
}

/// Applies a patch to a job.
pub(crate) fn update(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: &JobId,
    patch: JobPatch,
    now: Timestamp,
) -> QueryResult<JobUpdated> {
    let Some(Stored { id, record: mut run }) = lock_run(connection, run)? else {
        return Ok(JobUpdated::NotFound);
    };
    let Some((job, before)) = facts_of(connection, id, job_id)? else {
        return Ok(JobUpdated::NotFound);
    };
    let change = patch.update(&before, now);
    let updated = JobUpdated::Updated { before: before.status, after: change.after.status };
    run.follow(job_id, Some(&before), &change);
    job_row::update(job, change.clone()).run(connection)?;
    run_row::update(id, &run).run(connection)?;
    run_parts::count_job(connection, id, Some(&before), Some(&change.after))?;
    node_jobs::follow_targets(connection, job, &change.values, false)?;
    Ok(updated)
}

/// Deletes a job and its traces on nodes; says whether it was there.
pub(crate) fn delete(connection: &mut AnyConnection, run: &RunName, job_id: &JobId) -> QueryResult<bool> {
    let Some(Stored { id, record: mut run }) = lock_run(connection, run)? else {
        return Ok(false);
    };
    let Some((job, gone)) = facts_of(connection, id, job_id)? else {
        return Ok(false);
    };
    Statement::new("DELETE FROM job_nodes WHERE job_id = ?").bind(job.0).run(connection)?;
    Statement::new("DELETE FROM jobs WHERE id = ?").bind(job.0).run(connection)?;
    run.forget(&gone, first_job(connection, id)?);
    run_row::update(id, &run).run(connection)?;
    run_parts::count_job(connection, id, Some(&gone), None)?;
    Ok(true)
}

const FACTS: &str = "SELECT id, job_id, status, started, sha1, flavor, priority FROM jobs WHERE run_id = ?";

fn facts_of(
    connection: &mut AnyConnection,
    run: RecordId,
    job_id: &JobId,
) -> QueryResult<Option<(RecordId, JobFacts)>> {
    let facts = Statement::new(format!("{FACTS} AND job_id = ?")).bind(run.0).bind(job_id.as_str());
    let row: Option<FactsRow> = facts.get_result(connection).optional()?;
    Ok(row.map(|row| (RecordId(row.id), row.into_facts())))
}

fn first_job(connection: &mut AnyConnection, run: RecordId) -> QueryResult<Option<FirstJob>> {
    let first = Statement::new(format!("{FACTS} ORDER BY job_id LIMIT 1")).bind(run.0);
    let row: Option<FactsRow> = first.get_result(connection).optional()?;
    Ok(row.map(|row| {
        let job_id = JobId::from_stored(row.job_id.clone().unwrap_or_default());
        FirstJob::new(job_id, &row.into_facts())
    }))
}

#[derive(QueryableByName)]
struct JobNumber {
    #[diesel(sql_type = Integer)]
    #[allow(dead_code, reason = "that there is one is the answer")]
    job: i32,
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Nullable<Text>)]
    job_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    started: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    sha1: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    flavor: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    priority: Option<i32>,
}

impl FactsRow {
    fn into_facts(self) -> JobFacts {
        JobFacts {
            status: self.status.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown),
            started: self.started.map(Timestamp::from_utc),
            sha1: self.sha1,
            flavor: self.flavor,
            priority: self.priority,
        }
    }
}
