//! What a report changes, inside its transaction: the run is locked first, the domain decides, and what changed is
//! written together with all that counts it.

use diesel::QueryResult;
use paddles_domain::{
    Act, Action, Day, Deed, JobChange, JobFacts, JobId, JobKey, JobPatch, LabZone, Run, RunName, Timestamp, Value,
};
use paddles_repository::{JobCreated, JobUpdated, NewJob, RecordId, Stored};

use crate::claim::{KeptJob, lock_job, lock_run, next_job_number};
use crate::connection::AnyConnection;
use crate::deletions::{Jobs, keep_jobs};
use crate::job_facts::{first_job, number_of};
use crate::node_days::Counted;
use crate::statement::{Statement, run_together};
use crate::{audit, descriptions, job_history, job_row, node_jobs, run_parts, run_row};

/// Whether the run has a job of this id.
pub(crate) fn is_known(connection: &mut AnyConnection, run: &RunName, job_id: &JobId) -> QueryResult<bool> {
    let sql = "SELECT jobs.id FROM jobs JOIN runs ON runs.id = jobs.run_id \
        WHERE runs.name = ? AND jobs.job_id = ?";
    let job = Statement::new(sql).bind(run.as_str()).bind(job_id.as_str());
    Ok(job.row::<RecordId>(connection)?.is_some())
}

/// Adds a job if it is not there. Fails if another reporter adds it at the same moment.
pub(crate) fn create_unless_known(connection: &mut AnyConnection, new: &NewJob, act: &Act) -> QueryResult<JobCreated> {
    match &new.report.job_id {
        Some(job_id) if is_known(connection, &new.run, job_id)? => Ok(JobCreated::AlreadyExists(job_id.clone())),
        _ => create(connection, new, act),
    }
}

/// Adds a job, and its run if it must be created. Fails if the run has a job of this id.
pub(crate) fn create(connection: &mut AnyConnection, new: &NewJob, act: &Act) -> QueryResult<JobCreated> {
    let now = act.when;
    let known_run = lock_run(connection, &new.run)?;
    if let Err(refused) = new.admission.admit(&new.run, known_run.is_some(), &new.report) {
        return Ok(JobCreated::Refused(refused));
    }
    let Stored { id, record: mut run } = match known_run {
        Some(run) => run,
        None => create_run(connection, &new.run, new.zone, now)?,
    };
    let change = new.report.patch.clone().create(now);
    let mut writes: Vec<Statement> = descriptions::remember(None, &change.values).into_iter().collect();
    let job_id = match &new.report.job_id {
        Some(job_id) => {
            writes.push(job_row::insert(id, job_id, change.clone(), now).called(job_history::NEW_JOB));
            writes.push(job_history::first_of_new(connection, id, job_id, change.after.status, act));
            job_id.clone()
        }
        None => loop {
            let job_id = JobId::from_stored(next_job_number(connection)?.to_string());
            // A reporter may have given this number as an id of its own.
            if job_row::insert_if_new(id, &job_id, change.clone(), now).run(connection)? == 1 {
                writes.push(job_history::first(id, &job_id, change.after.status, act));
                break job_id;
            }
        },
    };
    run.follow(&job_id, None, &change);
    writes.extend(run_parts::count_job(id, None, Some(&change.after)));
    writes.push(run_row::update(id, &run));
    run_together(connection, writes)?;
    if change.values.iter().any(|(key, _)| *key == JobKey::Targets)
        && let Some(job) = number_of(connection, id, &job_id)?
    {
        let counted = counted_after(&change, Day::of(now).to_string(), String::new());
        let counts = node_jobs::follow(connection, job, (None, &counted), &change.values)?;
        run_together(connection, counts.write())?;
    }
    Ok(JobCreated::Created(job_id, change.after.status))
}

/// Stores a run, and locks it. Another reporter may create it at the same moment: then its run is taken.
pub(crate) fn create_run(
    connection: &mut AnyConnection,
    name: &RunName,
    zone: LabZone,
    now: Timestamp,
) -> QueryResult<Stored<Run>> {
    loop {
        run_row::insert(&Run::new(name.clone(), zone, now)).run(connection)?;
        if let Some(run) = lock_run(connection, name)? {
            return Ok(run);
        }
    }
}

/// Applies a patch to a job.
pub(crate) fn update(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: &JobId,
    patch: JobPatch,
    act: &Act,
) -> QueryResult<JobUpdated> {
    match lock_job(connection, run, job_id)? {
        Some(kept) => update_kept(connection, kept, job_id, patch, act),
        None => Ok(JobUpdated::NotFound),
    }
}

/// Applies a patch to a job that is kept.
pub(crate) fn update_kept(
    connection: &mut AnyConnection,
    KeptJob { run: Stored { id, record: mut run }, job: row }: KeptJob,
    job_id: &JobId,
    patch: JobPatch,
    act: &Act,
) -> QueryResult<JobUpdated> {
    let (job, counted_before, description) = (row.number(), row.counted(), row.description().map(str::to_owned));
    let before: JobFacts = row.into_facts();
    let change = patch.update(&before, act.when);
    let updated = JobUpdated::Updated { before: before.status, after: change.after.status };
    run.follow(job_id, Some(&before), &change);

    // Others may be about to remember the same: nothing that they need is taken after this.
    if let Some(remember) = descriptions::remember(description.as_deref(), &change.values) {
        remember.run(connection)?;
    }
    let counted = counted_after(&change, counted_before.day.clone(), counted_before.machine_type.clone());
    let counts = node_jobs::follow(connection, job, (Some(&counted_before), &counted), &change.values)?;
    let mut writes = run_parts::count_job(id, Some(&before), Some(&change.after));
    writes.extend(counts.write());
    writes.extend(job_history::change(job, before.status, change.after.status, act));
    writes.extend(audit::keep(act, Deed::of_priority(&run.name, job_id, before.priority, change.after.priority)));
    writes.push(job_row::update(job, change));
    writes.push(run_row::update(id, &run));
    run_together(connection, writes)?;
    Ok(updated)
}

/// Deletes a job and its traces on nodes, and keeps both for a while; says whether it was there.
pub(crate) fn delete(connection: &mut AnyConnection, run: &RunName, job_id: &JobId, act: &Act) -> QueryResult<bool> {
    let Some(KeptJob { run, job: row }) = lock_job(connection, run, job_id)? else {
        return Ok(false);
    };
    let Stored { id, record: mut run } = run;
    let (job, counted) = (row.number(), row.counted());
    let gone = row.into_facts();
    keep_jobs(connection, (id, &run.name), (Some(job_id), Jobs::One(job), 1), act)?;
    let mut writes = node_jobs::forget(connection, job, &counted)?.write();
    Statement::new("DELETE FROM jobs WHERE id = ?").bind(job.0).run(connection)?;
    run.forget(&gone, first_job(connection, id)?);
    writes.extend(run_parts::count_job(id, Some(&gone), None));
    writes.extend(audit::keep(act, [Deed::of_job(Action::Delete, &run.name, job_id, &gone)]));
    writes.push(run_row::update(id, &run));
    run_together(connection, writes)?;
    Ok(true)
}

/// What a job posted on `day` counts as on its nodes after `change`, if it asked for `machine_type` before.
pub(crate) fn counted_after(change: &JobChange, day: String, machine_type: String) -> Counted {
    let told = change.values.iter().find(|(key, _)| *key == JobKey::MachineType);
    let machine_type = match told {
        None => machine_type,
        Some((_, Some(Value::Text(name)))) => name.clone(),
        Some(_) => String::new(),
    };
    Counted { day, machine_type, status: change.after.status }
}
