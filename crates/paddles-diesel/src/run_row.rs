//! A run's row, and the run in it.

use chrono::NaiveDateTime;
use diesel::{Queryable, QueryableByName, Selectable};
use paddles_domain::{FirstJob, JobId, JobStatus, Run, RunName, RunResults, Timestamp};
use paddles_repository::{RecordId, Stored};

use crate::schema::runs;
use crate::statement::{Bind, Statement};

#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = runs)]
pub(crate) struct RunRow {
    id: i32,
    name: Option<String>,
    status: Option<String>,
    user: Option<String>,
    scheduled: Option<NaiveDateTime>,
    suite: Option<String>,
    branch: Option<String>,
    machine_type: Option<String>,
    posted: Option<NaiveDateTime>,
    started: Option<NaiveDateTime>,
    updated: Option<NaiveDateTime>,
    jobs_queued: i32,
    jobs_waiting: i32,
    jobs_running: i32,
    jobs_pass: i32,
    jobs_fail: i32,
    jobs_dead: i32,
    jobs_unknown: i32,
    first_job_id: Option<String>,
    first_job_sha1: Option<String>,
    first_job_flavor: Option<String>,
    first_job_priority: Option<i32>,
}

impl From<RunRow> for Stored<Run> {
    fn from(row: RunRow) -> Self {
        let results = RunResults::from_counts(|status| u32::try_from(row.count(status)).unwrap_or(0));
        let first_job = row.first_job_id.map(|job_id| FirstJob {
            job_id: JobId::from_stored(job_id),
            sha1: row.first_job_sha1,
            flavor: row.first_job_flavor,
            priority: row.first_job_priority,
        });
        let run = Run {
            name: RunName::from_stored(row.name.unwrap_or_default()),
            user: row.user,
            scheduled: row.scheduled.map(Timestamp::from_utc),
            suite: row.suite,
            branch: row.branch,
            machine_type: row.machine_type,
            posted: row.posted.map(Timestamp::from_utc),
            started: row.started.map(Timestamp::from_utc),
            updated: row.updated.map(Timestamp::from_utc),
            // A status that nobody here wrote says nothing; the counts do.
            status: row.status.and_then(|words| words.parse().ok()).unwrap_or_else(|| results.run_status()),
            results,
            first_job,
        };
        Self { id: RecordId(row.id), record: run }
    }
}

impl RunRow {
    fn count(&self, status: JobStatus) -> i32 {
        match status {
            JobStatus::Queued => self.jobs_queued,
            JobStatus::Waiting => self.jobs_waiting,
            JobStatus::Running => self.jobs_running,
            JobStatus::Pass => self.jobs_pass,
            JobStatus::Fail => self.jobs_fail,
            JobStatus::Dead => self.jobs_dead,
            JobStatus::Unknown => self.jobs_unknown,
        }
    }
}

/// Stores a new run; touches no row if its name is taken.
pub(crate) fn insert(run: &Run) -> Statement {
    let sql = "INSERT INTO runs (name, \"user\", scheduled, posted, status, started, updated, suite, branch, \
        machine_type, jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead, jobs_unknown, \
        first_job_id, first_job_sha1, first_job_flavor, first_job_priority) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING";
    Statement::new(sql)
        .bind(run.name.as_str())
        .bind(run.user.clone())
        .bind(run.scheduled)
        .bind(run.posted)
        .binds(what_follows_jobs(run))
}

/// Stores what a run took over from its jobs.
pub(crate) fn update(id: RecordId, run: &Run) -> Statement {
    let sql = "UPDATE runs SET status = ?, started = ?, updated = ?, suite = ?, branch = ?, machine_type = ?, \
        jobs_queued = ?, jobs_waiting = ?, jobs_running = ?, jobs_pass = ?, jobs_fail = ?, jobs_dead = ?, \
        jobs_unknown = ?, first_job_id = ?, first_job_sha1 = ?, first_job_flavor = ?, first_job_priority = ? \
        WHERE id = ?";
    Statement::new(sql).binds(what_follows_jobs(run)).bind(id.0)
}

/// The values of the columns that change with a run's jobs, in the order of the two statements above.
fn what_follows_jobs(run: &Run) -> Vec<Bind> {
    let mut values: Vec<Bind> = vec![
        run.status.as_str().into(),
        run.started.into(),
        run.updated.into(),
        run.suite.clone().into(),
        run.branch.clone().into(),
        run.machine_type.clone().into(),
    ];
    let count = |status| i32::try_from(run.results.count(status)).unwrap_or(i32::MAX);
    values.extend(JobStatus::ALL.map(|status| Bind::from(count(status))));
    let first = run.first_job.as_ref();
    values.push(first.map(|first| first.job_id.as_str().to_owned()).into());
    values.push(first.and_then(|first| first.sha1.clone()).into());
    values.push(first.and_then(|first| first.flavor.clone()).into());
    values.push(first.and_then(|first| first.priority).into());
    values
}
