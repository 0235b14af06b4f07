//! What is deleted moves into tables of its own, row by row under its number, and back again when it is restored.
//!
//! What is slow comes first: the copies wait for nobody and hold nothing but the run. What others need too, the counts of
//! nodes, is changed in the end.

use std::sync::LazyLock;

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Action, Deed, JobId, JobKey, RunName, Timestamp};
use paddles_repository::{Deletion, DeletionRepository, Page, Purged, RecordId, RepositoryError, Restored, Stored};

use crate::cells::{Cells, FromCells, there};
use crate::claim::{KeptJob, is_one_of, lock_deletion, lock_job, lock_old_deletion, lock_run, share_nodes};
use crate::connection::{AnyConnection, Backend};
use crate::statement::{Statement, run_together};
use crate::{DieselRepository, audit, node_days, run_parts, run_row};

/// The columns of a job's row.
static JOB: LazyLock<String> = LazyLock::new(|| {
    let keys: Vec<String> = JobKey::all().map(|key| format!("\"{}\"", key.name())).collect();
    format!("id, run_id, job_id, status, posted, started, updated, {}", keys.join(", "))
});

/// The columns of a run's row.
const RUN: &str = "id, name, status, \"user\", scheduled, suite, branch, machine_type, posted, started, updated, \
    jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead, jobs_unknown, first_job_id, \
    first_job_sha1, first_job_flavor, first_job_priority";

/// Which jobs are meant, and their number or that of their run.
#[derive(Clone, Copy)]
pub(crate) enum Jobs {
    OfRun(RecordId),
    One(RecordId),
}

impl Jobs {
    fn condition(self) -> (&'static str, i32) {
        match self {
            Self::OfRun(run) => ("run_id = ?", run.0),
            Self::One(job) => ("id = ?", job.0),
        }
    }
}

/// Keeps jobs that are about to be deleted, and says under which number.
pub(crate) fn keep_jobs(
    connection: &mut AnyConnection,
    run: (RecordId, &RunName),
    (job_id, jobs, count): (Option<&JobId>, Jobs, u32),
    act: &Act,
) -> QueryResult<RecordId> {
    let [time, who, address] = audit::actor(act);
    let deletion = Statement::new(
        "INSERT INTO deletions (time, who, address, run_id, run_name, job_id, jobs) VALUES (?, ?, ?, ?, ?, ?, ?) \
         RETURNING id",
    );
    let deletion = deletion.binds([time, who, address]).bind(run.0.0).bind(run.1.as_str());
    let deletion = deletion.bind(job_id.map(|job_id| job_id.as_str().to_owned()));
    let deletion = deletion.bind(i32::try_from(count).unwrap_or(i32::MAX));
    let deletion: RecordId = deletion.row(connection)?.ok_or(diesel::result::Error::NotFound)?;
    let (condition, number) = jobs.condition();
    let columns = JOB.as_str();
    let copy =
        format!("INSERT INTO deleted_jobs ({columns}, deletion) SELECT {columns}, ? FROM jobs WHERE {condition}");
    Statement::new(copy).bind(deletion.0).bind(number).run(connection)?;
    let links = format!(
        "INSERT INTO deleted_job_nodes (job_id, node_id) SELECT job_id, node_id FROM job_nodes \
         WHERE job_id IN (SELECT id FROM jobs WHERE {condition})"
    );
    Statement::new(links).bind(number).run(connection)?;
    Ok(deletion)
}

/// Deletes a run and its jobs; says whether it was there.
pub(crate) fn delete_run(connection: &mut AnyConnection, name: &RunName, act: &Act) -> QueryResult<bool> {
    let Some(Stored { id, record: run }) = lock_run(connection, name)? else { return Ok(false) };
    let deletion = keep_jobs(connection, (id, name), (None, Jobs::OfRun(id), run.results.total()), act)?;
    let copy = format!("INSERT INTO deleted_runs ({RUN}, deletion) SELECT {RUN}, ? FROM runs WHERE id = ?");
    Statement::new(copy).bind(deletion.0).bind(id.0).run(connection)?;
    keep_nodes(connection, "SELECT node_id FROM job_nodes WHERE job_id IN (SELECT id FROM jobs WHERE run_id = ?)", id)?;
    let counts = node_days::of_run(connection, id)?.negated();
    for sql in RUN_DELETE {
        Statement::new(sql).bind(id.0).run(connection)?;
    }
    let mut writes = audit::keep(act, [Deed::of_run(Action::Delete, &run)]);
    writes.extend(counts.write());
    writes.into_iter().try_for_each(|part| part.run(connection).map(drop))?;
    Ok(true)
}

/// A run's traces on nodes, its jobs, and the run: databases of the deployed service delete none of the former by
/// themselves.
const RUN_DELETE: [&str; 5] = [
    "DELETE FROM run_sha1s WHERE run_id = ?",
    "DELETE FROM run_flavors WHERE run_id = ?",
    "DELETE FROM job_nodes WHERE job_id IN (SELECT id FROM jobs WHERE run_id = ?)",
    "DELETE FROM jobs WHERE run_id = ?",
    "DELETE FROM runs WHERE id = ?",
];

/// Keeps the nodes whose numbers `numbers` selects from being deleted until the transaction ends: counts are about to refer to
/// them.
fn keep_nodes(connection: &mut AnyConnection, numbers: &str, bound: RecordId) -> QueryResult<Vec<RecordId>> {
    let lock = share_nodes(connection);
    let sql = format!("SELECT nodes.id FROM nodes WHERE nodes.id IN ({numbers}) ORDER BY nodes.name{lock}");
    Statement::new(sql).bind(bound.0).rows(connection)
}

impl DeletionRepository for DieselRepository {
    fn deletion_list(&self, page: Page) -> Result<Vec<Deletion>, RepositoryError> {
        // What has begun to be forgotten cannot come back.
        let sql = "SELECT time, who, address, run_name, job_id, jobs FROM deletions \
            WHERE CASE WHEN job_id IS NULL THEN id IN (SELECT deletion FROM deleted_runs) \
            ELSE id IN (SELECT deletion FROM deleted_jobs) END ORDER BY id DESC LIMIT ? OFFSET ?";
        self.database.read(|connection| Statement::new(sql).bind(page.limit()).bind(page.offset()).rows(connection))
    }

    fn run_restore(
        &self,
        name: &RunName,
        deleted: Option<Timestamp>,
        act: Option<&Act>,
    ) -> Result<Restored, RepositoryError> {
        self.database.write(|connection| {
            let Some(deletion) = lock_deletion(connection, name, None, deleted, None)? else { return Ok(Restored::NotFound) };
            let known: Option<RecordId> = Statement::new("SELECT id FROM deleted_runs WHERE deletion = ?")
                .bind(deletion.0)
                .row(connection)?;
            let Some(id) = known else { return Ok(Restored::NotFound) };
            let Some(act) = act else {
                let taken = Statement::new("SELECT id FROM runs WHERE name = ?").bind(name.as_str());
                return would_restore(connection, taken, deletion);
            };
            let copy = format!(
                "INSERT INTO runs ({RUN}) SELECT {RUN} FROM deleted_runs WHERE deletion = ? ON CONFLICT (name) DO NOTHING"
            );
            if Statement::new(copy).bind(deletion.0).run(connection)? == 0 {
                return Ok(Restored::Taken);
            }
            restore_jobs(connection, deletion)?;
            for sql in COUNT_PARTS {
                Statement::new(sql).bind(id.0).run(connection)?;
            }
            let counts = node_days::of_run(connection, id)?;
            let Some(run) = lock_run(connection, name)? else { return Ok(Restored::NotFound) };
            forget(connection, deletion)?;
            let mut writes = audit::keep(act, [Deed::of_run(Action::Restore, &run.record)]);
            writes.extend(counts.write());
            writes.into_iter().try_for_each(|part| part.run(connection).map(drop))?;
            Ok(Restored::Restored(run.record.results.total()))
        })
    }

    fn job_restore(
        &self,
        run: &RunName,
        job_id: &JobId,
        deleted: Option<Timestamp>,
        act: Option<&Act>,
    ) -> Result<Restored, RepositoryError> {
        self.database.write(|connection| {
            // As in every change of a job the run comes first.
            let kept_run = lock_run(connection, run)?;
            let here = kept_run.as_ref().map(|run| run.id);
            let Some(deletion) = lock_deletion(connection, run, Some(job_id), deleted, here)? else {
                return Ok(Restored::NotFound);
            };
            let of_run: Option<RecordId> =
                Statement::new("SELECT run_id FROM deletions WHERE id = ?").bind(deletion.0).row(connection)?;
            let Some(Stored { id, record: mut run }) = kept_run.filter(|run| Some(run.id) == of_run) else {
                return Ok(Restored::RunGone);
            };
            let Some(act) = act else {
                let taken = Statement::new("SELECT id FROM jobs WHERE run_id = ? AND job_id = ?");
                return would_restore(connection, taken.bind(id.0).bind(job_id.as_str()), deletion);
            };
            if !restore_jobs(connection, deletion)? {
                return Ok(Restored::Taken);
            }
            let Some(KeptJob { job: row, .. }) = lock_job(connection, &run.name, job_id)? else {
                return Ok(Restored::NotFound);
            };
            let (job, counted) = (row.number(), row.counted());
            let facts = row.into_facts();
            run.take_back(job_id, &facts);
            let nodes: Vec<RecordId> =
                Statement::new("SELECT node_id FROM job_nodes WHERE job_id = ?").bind(job.0).rows(connection)?;
            let mut counts = node_days::Counts::default();
            counts.add(&nodes.iter().map(|node| node.0).collect::<Vec<_>>(), &counted, 1);
            forget(connection, deletion)?;
            let mut writes = run_parts::count_job(id, None, Some(&facts));
            writes.extend(counts.write());
            writes.extend(audit::keep(act, [Deed::of_job(Action::Restore, &run.name, job_id, &facts)]));
            writes.push(run_row::update(id, &run));
            run_together(connection, writes)?;
            Ok(Restored::Restored(1))
        })
    }

    fn deletion_purge(&self, before: Timestamp, at_most: u32) -> Result<Purged, RepositoryError> {
        self.database.write(|connection| {
            let Some(deletion) = lock_old_deletion(connection, before)? else {
                return Ok(Purged { jobs: 0, may_go_on: false });
            };
            // First, so that a part of it cannot come back.
            Statement::new("DELETE FROM deleted_runs WHERE deletion = ?").bind(deletion.0).run(connection)?;
            let some = Statement::new("SELECT id FROM deleted_jobs WHERE deletion = ? ORDER BY id LIMIT ?");
            let jobs: Vec<RecordId> = some.bind(deletion.0).bind(i64::from(at_most)).rows(connection)?;
            if !jobs.is_empty() {
                let numbers: Vec<i32> = jobs.iter().map(|job| job.0).collect();
                // A history can be deleted when its job is nowhere any more.
                for (table, column) in
                    [("deleted_job_nodes", "job_id"), ("deleted_jobs", "id"), ("job_history", "job_id")]
                {
                    let (is_one, list) = is_one_of(connection, &numbers);
                    let sql = format!("DELETE FROM {table} WHERE {column} {is_one}");
                    Statement::new(sql).bind(list).run(connection)?;
                }
            }
            if jobs.len() < at_most as usize {
                Statement::new("DELETE FROM deletions WHERE id = ?").bind(deletion.0).run(connection)?;
            }
            Ok(Purged { jobs: u32::try_from(jobs.len()).unwrap_or(u32::MAX), may_go_on: true })
        })
    }
}

/// What would come of bringing back the jobs of a deletion, if what `taken` asks for is not there.
fn would_restore(connection: &mut AnyConnection, taken: Statement, deletion: RecordId) -> QueryResult<Restored> {
    if taken.row::<RecordId>(connection)?.is_some() {
        return Ok(Restored::Taken);
    }
    let jobs = Statement::new("SELECT count(*) FROM deleted_jobs WHERE deletion = ?").bind(deletion.0);
    let jobs: i64 = jobs.row(connection)?.unwrap_or(0);
    Ok(Restored::Restored(u32::try_from(jobs).unwrap_or(u32::MAX)))
}

/// Brings back the jobs of a deletion, and links them to those of their nodes that are still there; says whether there are any.
fn restore_jobs(connection: &mut AnyConnection, deletion: RecordId) -> QueryResult<bool> {
    let columns = JOB.as_str();
    let copy = format!(
        "INSERT INTO jobs ({columns}) SELECT {columns} FROM deleted_jobs WHERE deletion = ? \
         ON CONFLICT (run_id, job_id) DO NOTHING"
    );
    let restored = Statement::new(copy).bind(deletion.0).run(connection)?;
    let linked = "SELECT node_id FROM deleted_job_nodes \
        WHERE job_id IN (SELECT id FROM deleted_jobs WHERE deletion = ?)";
    keep_nodes(connection, linked, deletion)?;
    let links = "INSERT INTO job_nodes (node_id, job_id) SELECT node_id, job_id FROM deleted_job_nodes \
        WHERE job_id IN (SELECT id FROM deleted_jobs WHERE deletion = ?) AND node_id IN (SELECT id FROM nodes)";
    if restored > 0 {
        Statement::new(links).bind(deletion.0).run(connection)?;
    }
    Ok(restored > 0)
}

/// Forgets a deletion of which everything is back.
fn forget(connection: &mut AnyConnection, deletion: RecordId) -> QueryResult<()> {
    let deletes = [
        "DELETE FROM deleted_job_nodes WHERE job_id IN (SELECT id FROM deleted_jobs WHERE deletion = ?)",
        "DELETE FROM deleted_jobs WHERE deletion = ?",
        "DELETE FROM deleted_runs WHERE deletion = ?",
        "DELETE FROM deletions WHERE id = ?",
    ];
    deletes.into_iter().try_for_each(|sql| Statement::new(sql).bind(deletion.0).run(connection).map(drop))
}

/// Counts the commits and flavors of a run's jobs.
const COUNT_PARTS: [&str; 2] = [
    "INSERT INTO run_sha1s (run_id, sha1, jobs) SELECT run_id, sha1, count(*) FROM jobs \
     WHERE run_id = ? AND sha1 IS NOT NULL GROUP BY run_id, sha1",
    "INSERT INTO run_flavors (run_id, flavor, jobs) SELECT run_id, flavor, count(*) FROM jobs \
     WHERE run_id = ? AND flavor IS NOT NULL GROUP BY run_id, flavor",
];

impl FromCells for Deletion {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self {
            time: there(cells.time()?)?,
            who: there(cells.text()?)?,
            address: cells.text()?,
            run: RunName::from_stored(there(cells.text()?)?),
            job_id: cells.text()?.map(JobId::from_stored),
            jobs: u32::try_from(there(cells.integer()?)?).unwrap_or(0),
        })
    }
}
