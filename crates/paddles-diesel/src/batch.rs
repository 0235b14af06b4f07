//! Many new jobs of one run in one transaction: the run is locked once, and rows are added many at a time.

use std::collections::{BTreeSet, VecDeque};

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Day, JobChange, JobId, JobKey, JobReport, Run, Timestamp, Value};
use paddles_repository::{JobCreated, NewJobs, RecordId, Stored};

use crate::cells::{Cells, FromCells, there};
use crate::claim::{lock_run, next_job_numbers};
use crate::connection::{AnyConnection, Backend};
use crate::node_days::Counts;
use crate::reports::{counted_after, create_run};
use crate::statement::{Statement, question_marks, run_together};
use crate::{descriptions, job_history, job_row, node_jobs, run_parts, run_row};

/// Rows of one statement: with its some fifty columns a row of jobs soon makes a long text.
const ROWS_AT_ONCE: usize = 100;

/// Adds jobs to their run, which is created for the first that may create it. Says what came of each.
pub(crate) fn create(connection: &mut AnyConnection, new: &NewJobs, act: &Act) -> QueryResult<Vec<JobCreated>> {
    let now = act.when;
    let known_run = lock_run(connection, &new.run)?;
    let admitted = admit(new, known_run.is_some());
    if admitted.iter().all(Result::is_err) {
        return Ok(admitted.into_iter().filter_map(Result::err).collect());
    }
    let Stored { id, record: mut run } = match known_run {
        Some(run) => run,
        None => create_run(connection, &new.run, new.zone, now)?,
    };
    let mut ids = Ids::of(connection, id, &admitted)?;
    let mut added: Vec<(JobId, JobChange)> = Vec::new();
    let mut outcomes = Vec::with_capacity(admitted.len());
    for report in admitted {
        outcomes.push(match report.map(|report| (ids.take(report), report)) {
            Err(refused) => refused,
            Ok((Err(known), _)) => JobCreated::AlreadyExists(known),
            Ok((Ok(job_id), report)) => {
                let change = report.patch.clone().create(now);
                run.follow(&job_id, None, &change);
                let created = JobCreated::Created(job_id.clone(), change.after.status);
                added.push((job_id, change));
                created
            }
        });
    }
    if !added.is_empty() {
        write(connection, id, &run, &added, act)?;
    }
    Ok(outcomes)
}

/// What the admission says of each report in turn: from the first on that creates the run, the run is there.
fn admit(new: &NewJobs, mut run_exists: bool) -> Vec<Result<&JobReport, JobCreated>> {
    let admit = |report| match new.admission.admit(&new.run, run_exists, report) {
        Ok(()) => {
            run_exists = true;
            Ok(report)
        }
        Err(refused) => Err(JobCreated::Refused(refused)),
    };
    new.reports.iter().map(admit).collect()
}

/// The ids that jobs of a run have, and numbers for those that come without one.
struct Ids {
    taken: BTreeSet<JobId>,
    free: VecDeque<JobId>,
}

impl Ids {
    /// What is needed for these reports.
    fn of(
        connection: &mut AnyConnection,
        run: RecordId,
        reports: &[Result<&JobReport, JobCreated>],
    ) -> QueryResult<Self> {
        let given = || reports.iter().flatten().filter_map(|report| report.job_id.as_ref());
        let nameless = reports.iter().flatten().filter(|report| report.job_id.is_none()).count();
        let mut taken: BTreeSet<JobId> = known(connection, run, given())?;
        let mut free = VecDeque::new();
        let mut last = 0;
        // A reporter may have given these numbers as ids of its own, before or here.
        while free.len() < nameless {
            let numbers = next_job_numbers(connection, nameless, last)?;
            last = numbers.last().copied().unwrap_or(last);
            let numbers: Vec<JobId> =
                numbers.into_iter().map(|number| JobId::from_stored(number.to_string())).collect();
            taken.extend(known(connection, run, numbers.iter())?);
            free.extend(numbers.into_iter().filter(|id| !taken.contains(id) && given().all(|given| given != id)));
        }
        Ok(Self { taken, free })
    }

    /// The id of a new job, or its id if that is taken.
    fn take(&mut self, report: &JobReport) -> Result<JobId, JobId> {
        match &report.job_id {
            Some(id) if self.taken.insert(id.clone()) => Ok(id.clone()),
            Some(id) => Err(id.clone()),
            // There are as many as were counted.
            None => Ok(self.free.pop_front().unwrap_or_else(|| JobId::from_stored(String::new()))),
        }
    }
}

/// Which of these ids jobs of the run have.
fn known<'a>(
    connection: &mut AnyConnection,
    run: RecordId,
    ids: impl Iterator<Item = &'a JobId>,
) -> QueryResult<BTreeSet<JobId>> {
    Ok(rows_of(connection, run, ids)?.into_iter().map(|row| JobId::from_stored(row.job_id)).collect())
}

fn rows_of<'a>(
    connection: &mut AnyConnection,
    run: RecordId,
    ids: impl Iterator<Item = &'a JobId>,
) -> QueryResult<Vec<IdRow>> {
    let ids: Vec<&JobId> = ids.collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT id, job_id FROM jobs WHERE run_id = ? AND job_id IN ({})", question_marks(ids.len()));
    Statement::unprepared(sql).bind(run.0).binds(ids.into_iter().map(|id| id.as_str().into())).rows(connection)
}

/// Writes the jobs and all that counts them.
fn write(
    connection: &mut AnyConnection,
    id: RecordId,
    run: &Run,
    added: &[(JobId, JobChange)],
    act: &Act,
) -> QueryResult<()> {
    let now = act.when;
    let values = || added.iter().map(|(_, change)| change.values.as_slice());
    // As with a single report, before anything that others need.
    if let Some(remember) = descriptions::remember_many(values()) {
        remember.run(connection)?;
    }
    for rows in added.chunks(ROWS_AT_ONCE) {
        job_row::insert_many(id, rows, now).run(connection)?;
    }
    job_history::first_of_many(id, added.iter().map(|(job_id, _)| job_id), act).run(connection)?;
    let mut writes = run_parts::count_new_jobs(id, added.iter().map(|(_, change)| &change.after));
    writes.push(run_row::update(id, run));
    run_together(connection, writes)?;
    link_to_nodes(connection, id, added, now)
}

/// Links those jobs to nodes that come with targets: seldom any, since jobs get them when they start.
fn link_to_nodes(
    connection: &mut AnyConnection,
    run: RecordId,
    added: &[(JobId, JobChange)],
    now: Timestamp,
) -> QueryResult<()> {
    let has_targets = |(key, value): &(JobKey, Option<Value>)| *key == JobKey::Targets && value.is_some();
    let on_nodes = || added.iter().filter(|(_, change)| change.values.iter().any(has_targets));
    node_jobs::take_all(connection, on_nodes().map(|(_, change)| change.values.as_slice()))?;
    let mut counts = Counts::default();
    let rows = rows_of(connection, run, on_nodes().map(|(job_id, _)| job_id))?;
    for (job_id, change) in on_nodes() {
        let Some(row) = rows.iter().find(|row| row.job_id == job_id.as_str()) else { continue };
        let counted = counted_after(change, Day::of(now).to_string(), String::new());
        counts.merge(node_jobs::follow(connection, row.id, (None, &counted), &change.values)?);
    }
    run_together(connection, counts.write())
}

struct IdRow {
    id: RecordId,
    job_id: String,
}

impl FromCells for IdRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { id: cells.id()?, job_id: there(cells.text()?)? })
    }
}
