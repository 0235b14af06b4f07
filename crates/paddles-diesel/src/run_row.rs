//! A run's row, and the run in it.

use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{FirstJob, JobId, JobStatus, Run, RunName, RunResults};
use paddles_repository::{RecordId, Stored};

use crate::cells::{Cells, FromCells};
use crate::connection::Backend;
use crate::statement::{Bind, Statement};

/// What every read of runs selects. The order of a table's columns says nothing: an old lab's have another one.
macro_rules! run_columns {
    () => {
        "runs.id, runs.name, runs.status, runs.\"user\", runs.scheduled, runs.suite, runs.branch, runs.machine_type, \
         runs.posted, runs.started, runs.updated, runs.jobs_queued, runs.jobs_waiting, runs.jobs_running, runs.jobs_pass, \
         runs.jobs_fail, runs.jobs_dead, runs.jobs_unknown, runs.first_job_id, runs.first_job_sha1, \
         runs.first_job_flavor, runs.first_job_priority"
    };
}
pub(crate) use run_columns;

/// Runs, for whatever condition and order follow.
pub(crate) const SELECT: &str = concat!("SELECT ", run_columns!(), " FROM runs");

impl FromCells for Stored<Run> {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let id = cells.id()?;
        let name = RunName::from_stored(cells.text()?.unwrap_or_default());
        let status = cells.text()?;
        let (user, scheduled) = (cells.text()?, cells.time()?);
        let (suite, branch, machine_type) = (cells.text()?, cells.text()?, cells.text()?);
        let (posted, started, updated) = (cells.time()?, cells.time()?, cells.time()?);
        let mut counts = [0; JobStatus::ALL.len()];
        for count in &mut counts {
            *count = u32::try_from(cells.integer()?.unwrap_or_default()).unwrap_or(0);
        }
        let results = RunResults::from_counts(|status| counts[status as usize]);
        let first_job_id = cells.text()?;
        let (sha1, flavor, priority) = (cells.text()?, cells.text()?, cells.integer()?);
        let first_job =
            first_job_id.map(|job_id| FirstJob { job_id: JobId::from_stored(job_id), sha1, flavor, priority });
        // A status that nobody here wrote says nothing; the counts do.
        let status = status.and_then(|words| words.parse().ok()).unwrap_or_else(|| results.run_status());
        let run = Run {
            name,
            user,
            scheduled,
            suite,
            branch,
            machine_type,
            posted,
            started,
            updated,
            status,
            results,
            first_job,
        };
        Ok(Self { id, record: run })
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

/// The same, if the row is still of this version (Postgres' `xmin`).
pub(crate) fn update_version(id: RecordId, run: &Run, version: &str) -> Statement {
    update(id, run).and(" AND CAST(xmin AS text) = ?").bind(version)
}

/// Stores of a run all but its name.
pub(crate) fn update_kept(id: RecordId, run: &Run) -> [Statement; 2] {
    let sql = "UPDATE runs SET \"user\" = ?, scheduled = ?, posted = ? WHERE id = ?";
    let name_told = Statement::new(sql).bind(run.user.clone()).bind(run.scheduled).bind(run.posted).bind(id.0);
    [name_told, update(id, run)]
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
