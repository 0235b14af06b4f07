//! What only one of the databases can say: locks on rows, lists of numbers, and the next number of a row.

use diesel::connection::SimpleConnection;
use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{JobId, Run, RunName, Timestamp};
use paddles_repository::{RecordId, Stored};

use crate::cells::{Cells, FromCells};
use crate::connection::{AnyConnection, Backend};
use crate::job_facts::{FACTS, FactsRow};
use crate::run_row::{self, run_columns};
use crate::statement::{Bind, Statement};

/// The run of this name, which nobody else changes until the transaction ends. Every change of a job takes this lock
/// first: counts stay right, and no two changes can wait for each other.
///
/// SQLite has one writer, who holds everything already.
pub(crate) fn lock_run(connection: &mut AnyConnection, name: &RunName) -> QueryResult<Option<Stored<Run>>> {
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE",
        AnyConnection::Sqlite(_) => "",
    };
    let sql = format!("{} WHERE runs.name = ?{lock}", run_row::SELECT);
    Statement::new(sql).bind(name.as_str()).row(connection)
}

/// A job and its run, both as [`lock_run`] keeps a run, in one statement: a heartbeat waits for no more of them than it
/// must.
pub(crate) fn lock_job(connection: &mut AnyConnection, run: &RunName, job_id: &JobId) -> QueryResult<Option<KeptJob>> {
    // The rows are kept in the order in which they are named here.
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE OF runs, jobs",
        AnyConnection::Sqlite(_) => "",
    };
    let sql = format!(
        "SELECT {}, {FACTS} FROM runs JOIN jobs ON jobs.run_id = runs.id WHERE runs.name = ? AND jobs.job_id = ?{lock}",
        run_columns!()
    );
    Statement::new(sql).bind(run.as_str()).bind(job_id.as_str()).row(connection)
}

/// A job and its run.
pub(crate) struct KeptJob {
    pub(crate) run: Stored<Run>,
    pub(crate) job: FactsRow,
}

impl FromCells for KeptJob {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { run: Stored::from_cells(cells)?, job: FactsRow::from_cells(cells)? })
    }
}

/// Keeps the nodes of a `SELECT` until the transaction ends, waiting for others who keep them. Others may still refer to
/// them: a report that links a job to a kept node need not wait.
pub(crate) fn lock_nodes(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE OF nodes",
        AnyConnection::Sqlite(_) => "",
    }
}

/// Keeps the nodes of a `SELECT` until the transaction ends, leaving out those that others keep.
pub(crate) fn lock_free_nodes(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE OF nodes SKIP LOCKED",
        AnyConnection::Sqlite(_) => "",
    }
}

/// Keeps the nodes of a `SELECT` from being deleted until the transaction ends, so that rows may refer to them; nodes that
/// are just being deleted are left out.
pub(crate) fn share_nodes(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => " FOR KEY SHARE OF nodes",
        AnyConnection::Sqlite(_) => "",
    }
}

/// Lets one transaction at a time delete nodes, or give them another host: two that found different guests of one node would take
/// them in different orders, and two that each gave one the other as its host would make a ring.
pub(crate) fn change_hosts_alone(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        // Any number will do that nothing else in the database takes.
        AnyConnection::Postgres(connection) => connection.batch_execute("SELECT pg_advisory_xact_lock(7223554)"),
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// Any number will do that nothing else in the database takes: who has it makes jobs dead.
pub(crate) const EXPIRE_ALONE: i64 = 7_223_556;

/// Takes the advisory lock `number` until the transaction ends, if no other server has it; says whether. SQLite has one
/// server.
pub(crate) fn try_alone(connection: &mut AnyConnection, number: i64) -> QueryResult<bool> {
    match connection {
        AnyConnection::Postgres(_) => {
            let sql = "SELECT CAST(pg_try_advisory_xact_lock(?) AS integer)::bigint";
            Ok(Statement::new(sql).bind(number).row::<i64>(connection)? == Some(1))
        }
        AnyConnection::Sqlite(_) => Ok(true),
    }
}

/// Keeps the nodes of a `SELECT` until the transaction ends, and lets nobody refer to them any more.
pub(crate) fn lock_nodes_to_delete(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => " FOR UPDATE OF nodes",
        AnyConnection::Sqlite(_) => "",
    }
}

/// Keeps the queue of a `SELECT` until the transaction ends.
pub(crate) fn lock_queue(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE",
        AnyConnection::Sqlite(_) => "",
    }
}

/// Forgets a few keys that were made before `oldest`: each new key takes some old ones with it, so that they do not pile up. Those
/// that others are just forgetting are left to them.
pub(crate) fn forget_old_keys(connection: &mut AnyConnection, oldest: Timestamp) -> QueryResult<()> {
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        AnyConnection::Sqlite(_) => "",
    };
    let sql = format!(
        "DELETE FROM idempotency_keys WHERE (caller, key) IN \
         (SELECT caller, key FROM idempotency_keys WHERE made < ? ORDER BY made LIMIT 10{lock})"
    );
    Statement::new(sql).bind(oldest).run(connection).map(drop)
}

/// A queued job and its run, as [`lock_job`] keeps them; nothing if the job left its queue, or if somebody else keeps it.
pub(crate) fn lock_queued_job(
    connection: &mut AnyConnection,
    run: &RunName,
    job: RecordId,
) -> QueryResult<Option<KeptJob>> {
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE OF runs FOR NO KEY UPDATE OF jobs SKIP LOCKED",
        AnyConnection::Sqlite(_) => "",
    };
    let sql = format!(
        "SELECT {}, {FACTS} FROM runs JOIN jobs ON jobs.run_id = runs.id \
         WHERE runs.name = ? AND jobs.id = ? AND jobs.status = 'queued'{lock}",
        run_columns!()
    );
    Statement::new(sql).bind(run.as_str()).bind(job.0).row(connection)
}

/// Those of these jobs that are queued and that nobody else keeps, nor their runs, kept as [`lock_job`] does. Waits for nobody.
pub(crate) fn lock_free_queued_jobs(connection: &mut AnyConnection, jobs: &[i32]) -> QueryResult<Vec<KeptJob>> {
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR NO KEY UPDATE OF runs, jobs SKIP LOCKED",
        AnyConnection::Sqlite(_) => "",
    };
    let (is_one_of, numbers) = is_one_of(connection, jobs);
    let sql = format!(
        "SELECT {}, {FACTS} FROM runs JOIN jobs ON jobs.run_id = runs.id \
         WHERE jobs.id {is_one_of} AND jobs.status = 'queued'{lock}",
        run_columns!()
    );
    Statement::new(sql).bind(numbers).rows(connection)
}

/// A condition that a number is one of these, however many, as one text with one value.
pub(crate) fn is_one_of(connection: &AnyConnection, numbers: &[i32]) -> (&'static str, Bind) {
    let list = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match connection {
        AnyConnection::Postgres(_) => ("= ANY (CAST(? AS integer[]))", Bind::Text(Some(format!("{{{list}}}")))),
        AnyConnection::Sqlite(_) => ("IN (SELECT value FROM json_each(?))", Bind::Text(Some(format!("[{list}]")))),
    }
}

/// A condition that a number is in this column of what `WITH ... found` found: few rows, which Postgres would take for so many
/// that it reads a small table whole, were they not an array.
pub(crate) fn is_one_of_found(connection: &AnyConnection, column: &str) -> String {
    match connection {
        AnyConnection::Postgres(_) => format!("= ANY (ARRAY(SELECT {column} FROM found))"),
        AnyConnection::Sqlite(_) => format!("IN (SELECT {column} FROM found)"),
    }
}

/// What was deleted of this run, or of this job, at this moment or else last, and can come back; kept until the transaction ends.
/// Of jobs rather one of the run that is `here`: other runs had the name before.
pub(crate) fn lock_deletion(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: Option<&JobId>,
    deleted: Option<Timestamp>,
    here: Option<RecordId>,
) -> QueryResult<Option<RecordId>> {
    let of = if job_id.is_some() { "job_id = ?" } else { "job_id IS NULL" };
    let at = if deleted.is_some() { " AND time = ?" } else { "" };
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR UPDATE",
        AnyConnection::Sqlite(_) => "",
    };
    let first = if here.is_some() { "CASE WHEN run_id = ? THEN 0 ELSE 1 END, " } else { "" };
    let sql = format!("SELECT id FROM deletions WHERE run_name = ? AND {of}{at} ORDER BY {first}id DESC LIMIT 1{lock}");
    let last = Statement::new(sql).bind(run.as_str()).binds(job_id.map(|job_id| job_id.as_str().into()));
    last.binds(deleted.map(Bind::from)).binds(here.map(|run| Bind::from(run.0))).row(connection)
}

/// The oldest deletion before this moment that nobody else keeps; kept until the transaction ends.
pub(crate) fn lock_old_deletion(connection: &mut AnyConnection, before: Timestamp) -> QueryResult<Option<RecordId>> {
    let lock = match connection {
        AnyConnection::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        AnyConnection::Sqlite(_) => "",
    };
    let sql = format!("SELECT id FROM deletions WHERE time < ? ORDER BY time, id LIMIT 1{lock}");
    Statement::new(sql).bind(before).row(connection)
}

/// A number that no job of any run was given by this function before.
pub(crate) fn next_job_number(connection: &mut AnyConnection) -> QueryResult<i64> {
    let next = match connection {
        AnyConnection::Postgres(_) => "SELECT nextval(pg_get_serial_sequence('jobs', 'id')) AS number",
        // The writer is alone, and the row that it adds next takes this number.
        AnyConnection::Sqlite(_) => {
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) + 1 AS number"
        }
    };
    Statement::new(next).row(connection)?.ok_or(diesel::NotFound)
}

/// So many numbers as [`next_job_number`] gives one, greater than `after`, for jobs that are added together before this is asked
/// again.
pub(crate) fn next_job_numbers(connection: &mut AnyConnection, count: usize, after: i64) -> QueryResult<Vec<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match connection {
        AnyConnection::Postgres(_) => {
            let next = "SELECT nextval(pg_get_serial_sequence('jobs', 'id')) AS number FROM generate_series(1, ?)";
            Statement::new(next).bind(count).rows(connection)
        }
        AnyConnection::Sqlite(_) => {
            let first = next_job_number(connection)?.max(after.saturating_add(1));
            Ok((first..first.saturating_add(count)).collect())
        }
    }
}
