//! Who takes the next job of a queue.

use std::collections::{BTreeMap, HashMap};

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Job, JobId, JobPatch, JobStatus, QueueName, Run, RunName, Timestamp};
use paddles_repository::{QueueHead, RecordId, RepositoryError, Stored};

use crate::cells::{Cells, FromCells, there};
use crate::claim::{KeptJob, is_one_of, lock_free_queued_jobs, lock_queue, lock_queued_job};
use crate::connection::{AnyConnection, Backend};
use crate::job_row::select_everything;
use crate::once::Outcome;
use crate::queues::{ORDER, WAITS, hands_out_nothing};
use crate::statement::{Bind, Statement, question_marks, run_together};
use crate::{DieselRepository, job_history, job_row, reports, run_row};

/// Takes the next job of a queue, once if the act says so. A job that somebody else holds is passed over: by a new transaction, so
/// that none ever waits for a run while it holds another.
pub(crate) fn claim(lab: &DieselRepository, name: &QueueName, act: &Act) -> Result<QueueHead, RepositoryError> {
    let mut held: Vec<RecordId> = Vec::new();
    loop {
        let claim = lab.write_once(act, |connection| {
            let mut claims = claim_some(connection, name, &held, std::slice::from_ref(act))?;
            Ok(claims.heads.pop().map_or(Claim::Held(claims.held), Claim::Head))
        })?;
        match claim {
            Claim::Head(head) => return Ok(head),
            Claim::Held(job) => held.extend(job),
        }
    }
}

/// Takes the next jobs of a queue, one for each act: together, as far as nobody has to wait for that.
pub(crate) fn claim_each(
    lab: &DieselRepository,
    name: &QueueName,
    acts: &[Act],
) -> Result<Vec<QueueHead>, RepositoryError> {
    let (mut heads, mut held) = (Vec::with_capacity(acts.len()), Vec::new());
    while let Some(acts) = acts.get(heads.len()..).filter(|acts| !acts.is_empty()) {
        let claims = lab.database.write(|connection| claim_some(connection, name, &held, acts))?;
        heads.extend(claims.heads);
        held.extend(claims.held);
    }
    Ok(heads)
}

/// What one try to take a job comes to.
enum Claim {
    Head(QueueHead),
    /// Somebody else holds this job.
    Held(Option<RecordId>),
}

impl Outcome for Claim {
    fn keep(&self) -> Option<String> {
        if let Self::Head(head) = self { head.keep() } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        QueueHead::recall(text).map(Self::Head)
    }
}

/// What one transaction took.
struct Claims {
    /// For the first of those who claim, and as many others as could be served at once; for nobody if the next job is held.
    heads: Vec<QueueHead>,
    /// Somebody else holds this job.
    held: Option<RecordId>,
}

/// The queue's row is locked first, so that two callers never look at the same head.
fn claim_some(
    connection: &mut AnyConnection,
    name: &QueueName,
    held: &[RecordId],
    acts: &[Act],
) -> QueryResult<Claims> {
    let for_all = |head: QueueHead| Claims { heads: vec![head; acts.len()], held: None };
    let Some(now) = acts.iter().map(|act| act.when).max() else { return Ok(for_all(QueueHead::Empty)) };
    let lock = lock_queue(connection);
    if let Some(nothing) = hands_out_nothing(connection, name, lock, now)? {
        return Ok(for_all(nothing));
    }
    let heads = first_in_line(connection, name, held, acts.len())?;
    let free = take_free(connection, &heads, acts, now)?;
    if !free.is_empty() {
        return Ok(Claims { heads: heads_of(connection, &free)?, held: None });
    }
    match (heads.first(), acts.first()) {
        (Some(head), Some(act)) => take_first(connection, head, act),
        _ => Ok(for_all(QueueHead::Empty)),
    }
}

/// Takes the first job, and waits for its run if somebody else holds that. As in every change of a job the run comes first;
/// meanwhile the job may have left the queue.
fn take_first(connection: &mut AnyConnection, head: &InLine, act: &Act) -> QueryResult<Claims> {
    let Some(kept) = lock_queued_job(connection, &head.run, head.job)? else {
        return Ok(Claims { heads: Vec::new(), held: Some(head.job) });
    };
    reports::update_kept(connection, kept, &head.job_id, JobPatch::with_status(JobStatus::Waiting), act)?;
    Ok(Claims { heads: heads_of(connection, &[head.job.0])?, held: None })
}

/// Takes the first jobs, one for each act, as far as nobody else holds them or their runs, at one moment. A job that is linked to
/// nodes is left to [`take_first`]: its nodes are waited for, which nobody does who holds several runs.
fn take_free(connection: &mut AnyConnection, heads: &[InLine], acts: &[Act], now: Timestamp) -> QueryResult<Vec<i32>> {
    let bare: Vec<i32> = heads.iter().take_while(|head| !head.has_nodes).map(|head| head.job.0).collect();
    if bare.is_empty() {
        return Ok(bare);
    }
    let mut free: HashMap<RecordId, KeptJob> =
        lock_free_queued_jobs(connection, &bare)?.into_iter().map(|kept| (kept.job.number(), kept)).collect();
    let mut runs: BTreeMap<i32, Run> = BTreeMap::new();
    let (mut taken, mut changes) = (Vec::new(), Vec::new());
    for (head, act) in heads.iter().zip(acts) {
        let Some(KeptJob { run: Stored { id, record }, job }) = free.remove(&head.job) else { break };
        let before = job.into_facts();
        let change = JobPatch::with_status(JobStatus::Waiting).update(&before, now);
        runs.entry(id.0).or_insert(record).follow(&head.job_id, Some(&before), &change);
        taken.push(head.job.0);
        changes.push((head.job, before.status, change.after.status, Act { when: now, ..act.clone() }));
    }
    if taken.is_empty() {
        return Ok(taken);
    }
    let runs: Vec<Statement> = runs.iter().map(|(id, run)| run_row::update(RecordId(*id), run)).collect();
    let jobs = job_row::update_status(connection, &taken, JobStatus::Waiting, now);
    run_together(connection, vec![job_history::changes(&changes), jobs])?;
    run_together(connection, runs)?;
    Ok(taken)
}

/// As many jobs as are at the head of the queue, but those that are `held`.
fn first_in_line(
    connection: &mut AnyConnection,
    name: &QueueName,
    held: &[RecordId],
    count: usize,
) -> QueryResult<Vec<InLine>> {
    let but_held = match held.len() {
        0 => String::new(),
        count => format!(" AND jobs.id NOT IN ({})", question_marks(count)),
    };
    let sql = format!(
        "SELECT jobs.id, jobs.job_id, runs.name, EXISTS (SELECT 1 FROM job_nodes WHERE job_nodes.job_id = jobs.id) \
         FROM jobs JOIN runs ON runs.id = jobs.run_id WHERE {WAITS}{but_held} {ORDER} LIMIT ?"
    );
    let heads = if held.is_empty() { Statement::new(sql) } else { Statement::unprepared(sql) };
    let heads = heads.bind(name.as_str()).binds(held.iter().map(|job| Bind::from(job.0)));
    heads.bind(i64::try_from(count).unwrap_or(i64::MAX)).rows(connection)
}

fn heads_of(connection: &mut AnyConnection, taken: &[i32]) -> QueryResult<Vec<QueueHead>> {
    let jobs: Vec<Stored<Job>> = match taken {
        [] => return Ok(Vec::new()),
        [job] => {
            let sql = format!("{} WHERE jobs.id = ?", select_everything());
            Statement::new(sql).bind(*job).rows(connection)?
        }
        jobs => {
            let (is_one_of, numbers) = is_one_of(connection, jobs);
            let sql = format!("{} WHERE jobs.id {is_one_of}", select_everything());
            let mut found: Vec<Stored<Job>> = Statement::new(sql).bind(numbers).rows(connection)?;
            found.sort_by_key(|found| jobs.iter().position(|job| *job == found.id.0));
            found
        }
    };
    Ok(jobs.into_iter().map(|job| QueueHead::Job(Box::new(job))).collect())
}

/// One of the first jobs of a queue.
struct InLine {
    job: RecordId,
    job_id: JobId,
    run: RunName,
    has_nodes: bool,
}

impl FromCells for InLine {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let (job, job_id) = (cells.id()?, JobId::from_stored(there(cells.text()?)?));
        let run = RunName::from_stored(there(cells.text()?)?);
        Ok(Self { job, job_id, run, has_nodes: there(cells.boolean()?)? })
    }
}
