//! The few columns of a job that rules ask for.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Day, FirstJob, JobFacts, JobId, JobStatus, Timestamp};
use paddles_repository::RecordId;

use crate::cells::{Cells, FromCells};
use crate::connection::{AnyConnection, Backend};
use crate::node_days::Counted;
use crate::statement::Statement;

/// What a `SELECT` from jobs needs for a [`FactsRow`], behind columns of runs.
pub(crate) const FACTS: &str = "jobs.id, jobs.job_id, jobs.status, jobs.started, jobs.sha1, jobs.flavor, jobs.priority, \
    jobs.description, jobs.posted, jobs.machine_type";

/// The number of a job of this run.
pub(crate) fn number_of(
    connection: &mut AnyConnection,
    run: RecordId,
    job_id: &JobId,
) -> QueryResult<Option<RecordId>> {
    let job = Statement::new(format!("SELECT {FACTS} FROM jobs WHERE run_id = ? AND job_id = ?"));
    let row: Option<FactsRow> = job.bind(run.0).bind(job_id.as_str()).row(connection)?;
    Ok(row.map(|row| row.number()))
}

/// The first job of this run by its id as text.
pub(crate) fn first_job(connection: &mut AnyConnection, run: RecordId) -> QueryResult<Option<FirstJob>> {
    let first = Statement::new(format!(
        "SELECT {FACTS} FROM jobs WHERE run_id = ? AND job_id IS NOT NULL ORDER BY job_id LIMIT 1"
    ))
    .bind(run.0);
    let row: Option<FactsRow> = first.row(connection)?;
    Ok(row.map(|row| {
        let job_id = JobId::from_stored(row.job_id.clone().unwrap_or_default());
        FirstJob::new(job_id, &row.into_facts())
    }))
}

/// A job's number and facts, and what it counts as.
pub(crate) struct FactsRow {
    job: RecordId,
    job_id: Option<String>,
    facts: JobFacts,
    description: Option<String>,
    posted: Option<Timestamp>,
    machine_type: Option<String>,
}

impl FromCells for FactsRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let (job, job_id) = (cells.id()?, cells.text()?);
        let status = cells.text()?.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown);
        let (started, sha1, flavor, priority) = (cells.time()?, cells.text()?, cells.text()?, cells.integer()?);
        let facts = JobFacts { status, started, sha1, flavor, priority };
        let (description, posted, machine_type) = (cells.text()?, cells.time()?, cells.text()?);
        Ok(Self { job, job_id, facts, description, posted, machine_type })
    }
}

impl FactsRow {
    pub(crate) fn number(&self) -> RecordId {
        self.job
    }

    /// What it counts as on its nodes.
    pub(crate) fn counted(&self) -> Counted {
        Counted {
            day: self.posted.map(|posted| Day::of(posted).to_string()).unwrap_or_default(),
            machine_type: self.machine_type.clone().unwrap_or_default(),
            status: self.facts.status,
        }
    }

    /// What it tests, as text.
    pub(crate) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    pub(crate) fn into_facts(self) -> JobFacts {
        self.facts
    }
}
