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
use crate::{DieselRepository, job_history, job_row, node_jobs, reports, run_row};

/// Takes the next job of a queue, once if the act says so.
pub(crate) fn claim(lab: &DieselRepository, name: &QueueName, act: &Act) -> Result<QueueHead, RepositoryError> {
    let mut way = Way::default();
    loop {
        let claim = lab.write_once(act, |connection| claim_some(connection, name, &way, std::slice::from_ref(act)))?;
        if let Some(mut heads) = way.goes_on(claim)
            && let Some(head) = heads.pop()
        {
            return Ok(head);
        }
    }
}

/// Takes the next jobs of a queue, for the first of these acts at least.
pub(crate) fn claim_each(
    lab: &DieselRepository,
    name: &QueueName,
    acts: &[Act],
) -> Result<Vec<QueueHead>, RepositoryError> {
    let mut way = Way::default();
    loop {
        let claim = lab.database.write(|connection| claim_some(connection, name, &way, acts))?;
        if let Some(heads) = way.goes_on(claim) {
            return Ok(heads);
        }
    }
}

/// How the next try goes about it.
#[derive(Default)]
struct Way {
    /// Somebody else holds these jobs: they are passed over.
    held: Vec<RecordId>,
    /// Somebody else holds the run of the first job: it is waited for, by who holds nothing else.
    waits: bool,
}

impl Way {
    /// What was taken, if the claim came to an end.
    fn goes_on(&mut self, claim: Claim) -> Option<Vec<QueueHead>> {
        self.waits = false;
        match claim {
            Claim::Heads(heads) => return Some(heads),
            Claim::Held(job) => self.held.push(job),
            Claim::MustWait => self.waits = true,
        }
        None
    }
}

/// What one transaction comes to.
enum Claim {
    /// For the first of those who claim, and as many behind as could be served at once.
    Heads(Vec<QueueHead>),
    /// Somebody else holds the first job.
    Held(RecordId),
    /// The first job cannot be had without waiting.
    MustWait,
}

impl Outcome for Claim {
    fn keep(&self) -> Option<String> {
        if let Self::Heads(heads) = self { heads.first()?.keep() } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        QueueHead::recall(text).map(|head| Self::Heads(vec![head]))
    }
}

/// The queue's row is locked first, so that two callers never look at the same head.
fn claim_some(connection: &mut AnyConnection, name: &QueueName, way: &Way, acts: &[Act]) -> QueryResult<Claim> {
    let Some(now) = acts.iter().map(|act| act.when).max() else { return Ok(Claim::Heads(Vec::new())) };
    let lock = lock_queue(connection);
    if let Some(nothing) = hands_out_nothing(connection, name, lock, now)? {
        return Ok(Claim::Heads(vec![nothing; acts.len()]));
    }
    let wanted = if way.waits { 1 } else { acts.len() };
    let heads = first_in_line(connection, name, &way.held, wanted)?;
    let (Some(first), Some(act)) = (heads.first(), acts.first()) else {
        return Ok(Claim::Heads(vec![QueueHead::Empty; acts.len()]));
    };
    if way.waits {
        return take_first(connection, first, act);
    }
    let taken = take_free(connection, &heads, acts, now)?;
    match (taken.is_empty(), heads.len()) {
        (false, _) => Ok(Claim::Heads(heads_of(connection, &taken)?)),
        (true, 1) => take_first(connection, first, act),
        (true, _) => Ok(Claim::MustWait),
    }
}

/// Takes the first job, and waits for its run if somebody else holds that. As in every change of a job the run comes first;
/// meanwhile the job may have left the queue. Nothing but the queue is held, or somebody would wait for this one.
fn take_first(connection: &mut AnyConnection, head: &InLine, act: &Act) -> QueryResult<Claim> {
    let Some(kept) = lock_queued_job(connection, &head.run, head.job)? else {
        return Ok(Claim::Held(head.job));
    };
    reports::update_kept(connection, kept, &head.job_id, JobPatch::with_status(JobStatus::Waiting), act)?;
    Ok(Claim::Heads(heads_of(connection, &[head.job.0])?))
}

/// Takes the first jobs, one for each act, as far as nobody else holds them or their runs, at one moment. A job that is linked to
/// nodes is left to [`take_first`]: its nodes are waited for, which nobody does who holds several runs.
fn take_free(connection: &mut AnyConnection, heads: &[InLine], acts: &[Act], now: Timestamp) -> QueryResult<Vec<i32>> {
    let jobs: Vec<i32> = heads.iter().map(|head| head.job.0).collect();
    let mut free: HashMap<RecordId, KeptJob> =
        lock_free_queued_jobs(connection, &jobs)?.into_iter().map(|kept| (kept.job.number(), kept)).collect();
    // Only now can nobody link them any more.
    for linked in node_jobs::linked_of(connection, &jobs)? {
        free.remove(&linked);
    }
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
        "SELECT jobs.id, jobs.job_id, runs.name FROM jobs JOIN runs ON runs.id = jobs.run_id \
         WHERE {WAITS}{but_held} {ORDER} LIMIT ?"
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
}

impl FromCells for InLine {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let (job, job_id) = (cells.id()?, JobId::from_stored(there(cells.text()?)?));
        let run = RunName::from_stored(there(cells.text()?)?);
        Ok(Self { job, job_id, run })
    }
}
