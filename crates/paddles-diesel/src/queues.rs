//! Questions about queues.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Deed, Job, Queue, QueueName, QueuePatch, RunName, Timestamp};
use paddles_repository::{QueueCreated, QueueHead, QueueRepository, QueueUpdated, RecordId, RepositoryError, Stored};

use crate::cells::{Cells, FromCells, there};
use crate::claim::lock_queue;
use crate::connection::{AnyConnection, Backend};
use crate::job_row::select_everything;
use crate::run_filter::Where;
use crate::statement::{Bind, Statement, run_together};
use crate::{DieselRepository, audit, queue_claims};

const SELECT: &str = "SELECT queue, paused_by, paused_since, pause_duration, paused_until FROM queue";

/// What waits in a queue; the partial index of such jobs has the same condition.
pub(crate) const WAITS: &str = "jobs.queue = ? AND jobs.status = 'queued'";

/// Lowest priority number first, then oldest; jobs without a priority come last.
pub(crate) const ORDER: &str = "ORDER BY jobs.priority NULLS LAST, jobs.id";

impl QueueRepository for DieselRepository {
    fn queue_create(&self, name: &QueueName, patch: &QueuePatch, act: &Act) -> Result<QueueCreated, RepositoryError> {
        self.write_once(act, |connection| {
            let queue = match patch.update(&Queue::new(name.clone()), act.when) {
                Ok(queue) => queue,
                Err(refused) => return Ok(QueueCreated::Refused(refused)),
            };
            if insert(&queue).run(connection)? == 0 {
                return Ok(QueueCreated::AlreadyExists);
            }
            run_together(connection, audit::keep(act, Deed::of_queue(None, &queue, act.when)))?;
            Ok(QueueCreated::Created)
        })
    }

    fn queue_update(&self, name: &QueueName, patch: &QueuePatch, act: &Act) -> Result<QueueUpdated, RepositoryError> {
        self.database.write(|connection| {
            let lock = lock_queue(connection);
            let Some(before) = find(connection, name, lock)? else { return Ok(QueueUpdated::NotFound) };
            let queue = match patch.update(&before, act.when) {
                Ok(queue) => queue,
                Err(refused) => return Ok(QueueUpdated::Refused(refused)),
            };
            let mut writes = audit::keep(act, Deed::of_queue(Some(&before), &queue, act.when));
            writes.push(write(&queue));
            run_together(connection, writes)?;
            Ok(QueueUpdated::Updated)
        })
    }

    fn queue_list(&self, name: Option<&str>, paused_by: Option<&str>) -> Result<Vec<Queue>, RepositoryError> {
        let mut clause = Where::all(&[]);
        for (sql, text) in [("queue = ?", name), ("paused_by = ?", paused_by)] {
            if let Some(text) = text {
                clause.and(sql, [text.into()]);
            }
        }
        let sql = format!("{SELECT}{} ORDER BY queue", clause.sql);
        self.database.read(|connection| Statement::new(sql.clone()).binds(clause.binds.clone()).rows(connection))
    }

    fn queue_get(&self, name: &QueueName) -> Result<Option<(Queue, u32)>, RepositoryError> {
        self.database.read(|connection| {
            let Some(queue) = find(connection, name, "")? else { return Ok(None) };
            let jobs = Statement::new(format!("SELECT count(*) FROM jobs WHERE {WAITS}")).bind(name.as_str());
            let jobs: i64 = jobs.row(connection)?.unwrap_or_default();
            Ok(Some((queue, u32::try_from(jobs).unwrap_or(u32::MAX))))
        })
    }

    fn queue_head(&self, name: &QueueName, now: Timestamp) -> Result<QueueHead, RepositoryError> {
        self.database.read(|connection| {
            if let Some(nothing) = hands_out_nothing(connection, name, "", now)? {
                return Ok(nothing);
            }
            let sql = format!("{} WHERE {WAITS} {ORDER} LIMIT 1", select_everything());
            let job: Option<Stored<Job>> = Statement::new(sql).bind(name.as_str()).row(connection)?;
            Ok(job.map_or(QueueHead::Empty, |job| QueueHead::Job(Box::new(job))))
        })
    }

    fn queue_claim(&self, name: &QueueName, act: &Act) -> Result<QueueHead, RepositoryError> {
        queue_claims::claim(self, name, act)
    }

    fn queue_claim_each(&self, name: &QueueName, acts: &[Act]) -> Result<Vec<QueueHead>, RepositoryError> {
        queue_claims::claim_each(self, name, acts)
    }

    fn queue_jobs(
        &self,
        name: &QueueName,
        run: Option<&RunName>,
        user: Option<&str>,
    ) -> Result<Option<Vec<RecordId>>, RepositoryError> {
        let mut clause = Where::all(&[]);
        clause.and(WAITS, [name.as_str().into()]);
        match (run, user) {
            (Some(run), _) => clause.and("runs.name = ?", [run.as_str().into()]),
            (None, Some(user)) => clause.and("jobs.\"user\" = ?", [user.into()]),
            (None, None) => {}
        }
        let sql = format!("SELECT jobs.id FROM jobs JOIN runs ON runs.id = jobs.run_id{} {ORDER}", clause.sql);
        self.database.read(|connection| {
            if find(connection, name, "")?.is_none() {
                return Ok(None);
            }
            Statement::new(sql.clone()).binds(clause.binds.clone()).rows(connection).map(Some)
        })
    }
}

/// What a queue answers that is not there, or paused.
pub(crate) fn hands_out_nothing(
    connection: &mut AnyConnection,
    name: &QueueName,
    lock: &str,
    now: Timestamp,
) -> QueryResult<Option<QueueHead>> {
    Ok(match find(connection, name, lock)? {
        None => Some(QueueHead::Empty),
        Some(queue) if queue.is_paused(now) => Some(QueueHead::Paused),
        Some(_) => None,
    })
}

/// The queue of this name; `lock` keeps it until the transaction ends.
pub(crate) fn find(connection: &mut AnyConnection, name: &QueueName, lock: &str) -> QueryResult<Option<Queue>> {
    let queue = Statement::new(format!("{SELECT} WHERE queue = ?{lock}")).bind(name.as_str());
    queue.row(connection)
}

/// Stores a new queue; touches no row if its name is taken.
pub(crate) fn insert(queue: &Queue) -> Statement {
    let sql = "INSERT INTO queue (paused_by, paused_since, pause_duration, paused_until, queue) \
        VALUES (?, ?, ?, ?, ?) ON CONFLICT (queue) DO NOTHING";
    Statement::new(sql).binds(values(queue))
}

/// Writes all of a queue but its name.
pub(crate) fn write(queue: &Queue) -> Statement {
    let sql = "UPDATE queue SET paused_by = ?, paused_since = ?, pause_duration = ?, paused_until = ? WHERE queue = ?";
    Statement::new(sql).binds(values(queue))
}

/// The values of a queue's columns, its name last.
fn values(queue: &Queue) -> [Bind; 5] {
    [
        queue.paused_by.clone().into(),
        queue.paused_since.into(),
        queue.pause_duration.into(),
        queue.paused_until.into(),
        queue.name.as_str().into(),
    ]
}

impl FromCells for Queue {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self {
            name: QueueName::from_stored(there(cells.text()?)?),
            paused_by: cells.text()?,
            paused_since: cells.time()?,
            pause_duration: cells.integer()?,
            paused_until: cells.time()?,
        })
    }
}
