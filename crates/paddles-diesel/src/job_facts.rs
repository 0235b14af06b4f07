//! The few columns of a job that rules ask for.

use chrono::NaiveDateTime;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp as SqlTimestamp};
use diesel::{OptionalExtension, QueryResult, QueryableByName, RunQueryDsl};
use paddles_domain::{Day, FirstJob, JobFacts, JobId, JobStatus, Timestamp};
use paddles_repository::RecordId;

use crate::connection::AnyConnection;
use crate::node_days::Counted;
use crate::statement::Statement;

/// What a `SELECT` from jobs needs for a [`FactsRow`], next to columns of runs.
pub(crate) const FACTS: &str = "jobs.id AS job, jobs.job_id, jobs.status AS job_status, jobs.started AS job_started, \
    jobs.sha1, jobs.flavor, jobs.priority, jobs.description, jobs.posted AS job_posted, \
    jobs.machine_type AS job_machine_type";

/// The number of a job of this run.
pub(crate) fn number_of(
    connection: &mut AnyConnection,
    run: RecordId,
    job_id: &JobId,
) -> QueryResult<Option<RecordId>> {
    let job = Statement::new(format!("SELECT {FACTS} FROM jobs WHERE run_id = ? AND job_id = ?"));
    let row: Option<FactsRow> = job.bind(run.0).bind(job_id.as_str()).get_result(connection).optional()?;
    Ok(row.map(|row| row.number()))
}

/// The first job of this run by its id as text.
pub(crate) fn first_job(connection: &mut AnyConnection, run: RecordId) -> QueryResult<Option<FirstJob>> {
    let first =
        Statement::new(format!("SELECT {FACTS} FROM jobs WHERE run_id = ? ORDER BY job_id LIMIT 1")).bind(run.0);
    let row: Option<FactsRow> = first.get_result(connection).optional()?;
    Ok(row.map(|row| {
        let job_id = JobId::from_stored(row.job_id.clone().unwrap_or_default());
        FirstJob::new(job_id, &row.into_facts())
    }))
}

#[derive(QueryableByName)]
pub(crate) struct FactsRow {
    #[diesel(sql_type = Integer)]
    job: i32,
    #[diesel(sql_type = Nullable<Text>)]
    job_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    job_status: Option<String>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    job_started: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    sha1: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    flavor: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    priority: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    job_posted: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    job_machine_type: Option<String>,
}

impl FactsRow {
    pub(crate) fn number(&self) -> RecordId {
        RecordId(self.job)
    }

    /// What it counts as on its nodes.
    pub(crate) fn counted(&self) -> Counted {
        Counted {
            day: self.job_posted.map(|posted| Day::of(Timestamp::from_utc(posted)).to_string()).unwrap_or_default(),
            machine_type: self.job_machine_type.clone().unwrap_or_default(),
            status: self.status(),
        }
    }

    /// What it tests, as text.
    pub(crate) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    fn status(&self) -> JobStatus {
        self.job_status.as_deref().and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown)
    }

    pub(crate) fn into_facts(self) -> JobFacts {
        JobFacts {
            status: self.status(),
            started: self.job_started.map(Timestamp::from_utc),
            sha1: self.sha1,
            flavor: self.flavor,
            priority: self.priority,
        }
    }
}
