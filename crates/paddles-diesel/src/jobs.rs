//! Questions about jobs.

use std::collections::HashMap;

use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Act, Job, JobId, JobPatch, JobStatus, NodeName, RunName};
use paddles_repository::{
    HistoryPage, JobCreated, JobKeys, JobRepository, JobSearch, JobUpdated, JobUpserted, LARGEST_PAGE, NewJob, NewJobs,
    Page, Place, RecordId, Relinked, RepositoryError, StatusChange, Stored,
};

use crate::asked::{in_order, select_asked};
use crate::cells::{Cells, FromCells, there};
use crate::claim::is_one_of;
use crate::connection::Backend;
use crate::job_row::{select, select_everything};
use crate::job_search::{BY_POSTING, described};
use crate::run_filter::Where;
use crate::statement::{Bind, Statement};
use crate::{DieselRepository, batch, heartbeats, job_history, new_jobs, node_jobs, reports};

impl JobRepository for DieselRepository {
    fn job_create(&self, new: &NewJob, act: &Act) -> Result<JobCreated, RepositoryError> {
        if act.once.is_some() {
            return taken_is_there(
                new,
                self.write_once(act, |connection| reports::create_unless_known(connection, new, act)),
            );
        }
        let created = match self.database.at_once(|connection| new_jobs::create(connection, new, act)) {
            Ok(Some(Some(created))) => Ok(created),
            Ok(_) => self.database.write(|connection| reports::create(connection, new, act)),
            Err(error) => Err(error),
        };
        taken_is_there(new, created)
    }

    /// Most reports are of jobs that are there.
    fn job_upsert(&self, new: &NewJob, act: &Act) -> Result<JobUpserted, RepositoryError> {
        loop {
            if let Some(job_id) = &new.report.job_id
                && let JobUpdated::Updated { before, after } =
                    self.job_update(&new.run, job_id, &new.report.patch, act)?
            {
                return Ok(JobUpserted::Updated { before, after });
            }
            match self.job_create(new, act)? {
                JobCreated::Created(_, status) => return Ok(JobUpserted::Created(status)),
                JobCreated::Refused(refused) => return Ok(JobUpserted::Refused(refused)),
                // Another reporter was quicker: now there is a job to update.
                JobCreated::AlreadyExists(_) | JobCreated::CreatedBefore(_) => {}
            }
        }
    }

    fn job_create_many(&self, new: &NewJobs, act: &Act) -> Result<Vec<JobCreated>, RepositoryError> {
        self.write_once(act, |connection| batch::create(connection, new, act))
    }

    fn job_update(
        &self,
        run: &RunName,
        job_id: &JobId,
        patch: &JobPatch,
        act: &Act,
    ) -> Result<JobUpdated, RepositoryError> {
        if let Some(beat) = patch.heartbeat(act.when) {
            let stored =
                self.database.at_once(|connection| heartbeats::store(connection, run, job_id, beat.clone()))?;
            if let Some(Some(status)) = stored {
                return Ok(JobUpdated::Updated { before: status, after: status });
            }
        }
        self.database.write(|connection| reports::update(connection, run, job_id, patch.clone(), act))
    }

    fn job_link(&self, run: &RunName, job_id: &JobId, act: Option<&Act>) -> Result<Option<Relinked>, RepositoryError> {
        self.database.write(|connection| node_jobs::link_again(connection, run, job_id, act))
    }

    fn job_get(&self, run: &RunName, job_id: &JobId) -> Result<Option<Stored<Job>>, RepositoryError> {
        self.database.read(|connection| {
            let sql = format!("{} WHERE runs.name = ? AND jobs.job_id = ?", select_everything());
            let job = Statement::new(sql).bind(run.as_str()).bind(job_id.as_str());
            job.row(connection)
        })
    }

    fn job_get_each(&self, jobs: &[(RunName, JobId)]) -> Result<Vec<Option<Stored<Job>>>, RepositoryError> {
        if let [(run, job_id)] = jobs {
            return Ok(vec![self.job_get(run, job_id)?]);
        }
        let found = self.database.read(|connection| {
            select_asked(NAME, jobs.iter().map(named).collect(), select_everything()).rows(connection)
        })?;
        Ok(in_order(jobs, found, |job: &Stored<Job>, (run, job_id)| {
            (&job.record.run, &job.record.job_id) == (run, job_id)
        }))
    }

    fn job_is_known(&self, jobs: &[(RunName, JobId)]) -> Result<Vec<bool>, RepositoryError> {
        if let [(run, job_id)] = jobs {
            return Ok(vec![self.database.read(|connection| reports::is_known(connection, run, job_id))?]);
        }
        let sql = "SELECT runs.name, jobs.job_id FROM runs JOIN jobs ON jobs.run_id = runs.id";
        let found = self
            .database
            .read(|connection| select_asked(NAME, jobs.iter().map(named).collect(), sql).rows(connection))?;
        let each = in_order(jobs, found, |found: &KnownJob, (run, job_id)| {
            (found.run.as_str(), found.job_id.as_str()) == (run.as_str(), job_id.as_str())
        });
        Ok(each.into_iter().map(|known| known.is_some()).collect())
    }

    fn job_history(&self, run: &RunName, job_id: &JobId) -> Result<Option<Vec<StatusChange>>, RepositoryError> {
        self.database.read(|connection| job_history::of_job(connection, run, job_id, LARGEST_PAGE))
    }

    fn job_delete(&self, run: &RunName, job_id: &JobId, act: &Act) -> Result<bool, RepositoryError> {
        self.database.write(|connection| reports::delete(connection, run, job_id, act))
    }

    fn job_page(&self, run: RecordId, after: Option<&JobId>, limit: u32) -> Result<Vec<Stored<Job>>, RepositoryError> {
        // Rows without an id are in no order, and no URL names them.
        let behind = if after.is_some() { "> ?" } else { "IS NOT NULL" };
        let everything = select_everything();
        let sql = format!("{everything} WHERE jobs.run_id = ? AND jobs.job_id {behind} ORDER BY jobs.job_id LIMIT ?");
        self.database.read(|connection| {
            let page = Statement::new(sql.clone())
                .bind(run.0)
                .binds(after.map(|job_id| job_id.as_str().into()))
                .bind(i64::from(limit));
            page.rows(connection)
        })
    }

    fn job_index(&self, run: &RunName, status: Option<JobStatus>) -> Result<Option<Vec<RecordId>>, RepositoryError> {
        let in_status = if status.is_some() { " AND jobs.status = ?" } else { "" };
        // The run comes back even without jobs, with a null beside it.
        let sql = format!(
            "SELECT jobs.id FROM runs LEFT JOIN jobs ON jobs.run_id = runs.id{in_status} \
             WHERE runs.name = ? ORDER BY jobs.posted DESC, jobs.id DESC"
        );
        let rows: Vec<Option<RecordId>> = self.database.read(|connection| {
            let index =
                Statement::new(sql.clone()).binds(status.map(|status| status.as_str().into())).bind(run.as_str());
            index.rows(connection)
        })?;
        let run_is_there = !rows.is_empty();
        Ok(run_is_there.then(|| rows.into_iter().flatten().collect()))
    }

    fn job_list(
        &self,
        run: &RunName,
        status: Option<JobStatus>,
        keys: JobKeys,
    ) -> Result<Option<Vec<Stored<Job>>>, RepositoryError> {
        let in_status = if status.is_some() { " AND jobs.status = ?" } else { "" };
        let sql = format!("{} WHERE runs.name = ?{in_status} ORDER BY jobs.posted DESC, jobs.id DESC", select(keys));
        self.database.read(|connection| {
            let jobs = Statement::varied(sql.clone()).bind(run.as_str());
            let jobs = jobs.binds(status.map(|status| status.as_str().into())).rows(connection)?;
            if !jobs.is_empty() {
                return Ok(Some(jobs));
            }
            let known = Statement::new("SELECT id FROM runs WHERE name = ?").bind(run.as_str());
            Ok(known.row::<RecordId>(connection)?.map(|_| jobs))
        })
    }

    fn job_search(&self, search: &JobSearch, page: HistoryPage) -> Result<Vec<Place>, RepositoryError> {
        let mut clause = Where::all(&[]);
        let texts = [
            ("jobs.status = ?", search.status.map(JobStatus::as_str)),
            ("jobs.\"user\" = ?", search.user.as_deref()),
            ("jobs.sha1 = ?", search.sha1.as_deref()),
            ("jobs.branch = ?", search.branch.as_deref()),
        ];
        for (sql, text) in texts {
            if let Some(text) = text {
                clause.and(sql, [text.into()]);
            }
        }
        for (sql, moment) in [("jobs.posted > ?", search.posted_after), ("jobs.posted < ?", search.posted_before)] {
            if let Some(moment) = moment {
                clause.and(sql, [moment.into()]);
            }
        }
        self.database.read(|connection| match search.description.as_deref() {
            None => BY_POSTING.page(connection, &clause, page),
            Some(part) => described(connection, part, &clause, page),
        })
    }

    /// By number instead of `posted`: rows are numbered in the order in which jobs are posted, and the links of a node are
    /// kept in that order.
    fn job_index_of_node(
        &self,
        node: &NodeName,
        name: Option<&str>,
        status: Option<JobStatus>,
        page: Option<Page>,
    ) -> Result<Option<Vec<RecordId>>, RepositoryError> {
        let mut clause = Where::all(&[]);
        clause.and("job_nodes.node_id = ?", []);
        for (sql, text) in [("jobs.name = ?", name), ("jobs.status = ?", status.map(JobStatus::as_str))] {
            if let Some(text) = text {
                clause.and(sql, [text.into()]);
            }
        }
        let jobs = if clause.binds.is_empty() { "" } else { " JOIN jobs ON jobs.id = job_nodes.job_id" };
        let sql = format!(
            "SELECT job_nodes.job_id FROM job_nodes{jobs}{} ORDER BY job_nodes.job_id DESC LIMIT ? OFFSET ?",
            clause.sql
        );
        let (limit, offset) = page.map_or((i64::MAX, 0), |page| (page.limit(), page.offset()));
        self.database.read(|connection| {
            let known = Statement::new("SELECT id FROM nodes WHERE name = ?").bind(node.as_str());
            let Some(RecordId(node)) = known.row(connection)? else { return Ok(None) };
            let jobs = Statement::new(sql.clone()).bind(node).binds(clause.binds.clone());
            jobs.bind(limit).bind(offset).rows(connection).map(Some)
        })
    }

    fn job_rows(&self, rows: &[RecordId], keys: JobKeys) -> Result<Vec<Stored<Job>>, RepositoryError> {
        let numbers: Vec<i32> = rows.iter().map(|row| row.0).collect();
        let mut jobs: Vec<Stored<Job>> = self.database.read(|connection| {
            let (is_one_of, numbers) = is_one_of(connection, &numbers);
            let sql = format!("{} WHERE jobs.id {is_one_of}", select(keys));
            Statement::varied(sql).bind(numbers).rows(connection)
        })?;
        let places: HashMap<RecordId, usize> = rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
        jobs.sort_by_key(|job| places.get(&job.id));
        Ok(jobs)
    }
}

/// The columns that name a job.
const NAME: [&str; 2] = ["runs.name", "jobs.job_id"];

fn named((run, job_id): &(RunName, JobId)) -> [Bind; 2] {
    [run.as_str().into(), job_id.as_str().into()]
}

/// The name of a job that is there.
struct KnownJob {
    run: String,
    job_id: String,
}

impl FromCells for KnownJob {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { run: there(cells.text()?)?, job_id: there(cells.text()?)? })
    }
}

/// A job's id is the only key that adding one can find taken, and it was, even if the job has been deleted since.
fn taken_is_there(new: &NewJob, created: Result<JobCreated, RepositoryError>) -> Result<JobCreated, RepositoryError> {
    match (created, &new.report.job_id) {
        (Err(RepositoryError::Taken { .. }), Some(job_id)) => Ok(JobCreated::AlreadyExists(job_id.clone())),
        (created, _) => created,
    }
}
