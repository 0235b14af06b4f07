//! `paddles admin restore`: what was deleted, back again.

use clap::Args;
use paddles_domain::{JobId, RunName, Timestamp};
use paddles_repository::{Deletion, LARGEST_PAGE, Page, Repository, Restored};
use serde_json::json;

use super::AdminError;
use super::confirm::Confirm;
use super::output::Output;
use super::set_status::read_job_id;
use crate::commands::selected_runs::read_run_name;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct RestoreCommand {
    /// The run, or the run of the job; without it, what can be brought back is shown
    #[arg(value_parser = read_run_name)]
    run: Option<RunName>,
    /// Only this job, of a run that is there
    #[arg(long, requires = "run", value_parser = read_job_id)]
    job: Option<JobId>,
    /// What was deleted at this moment, as the list shows it, instead of what was deleted last: 2027-01-31 12:00:00.123456
    #[arg(long, requires = "run", value_name = "MOMENT")]
    deleted: Option<Timestamp>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Why nothing is brought back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("nothing of {0} is kept: it was never deleted, or too long ago")]
    NotFound(String),
    #[error(
        "there is another {what} by now: delete that one, and bring the old one back with --deleted \"{deleted}\", \
         or leave it where it is"
    )]
    Taken { what: String, deleted: Timestamp },
    #[error("the run from which {0} was deleted is not there: restore the run first")]
    RunGone(String),
}

impl RestoreCommand {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        match &self.run {
            Some(run) => self.restore(&lab, run, output),
            None => list(&lab, output),
        }
    }

    fn restore(&self, lab: &dyn Repository, run: &RunName, output: Output) -> Result<(), AdminError> {
        let what = self.job.as_ref().map_or_else(|| run.to_string(), |job| format!("{run}/{job}"));
        let kept = self.kept(lab, run)?.ok_or_else(|| RestoreError::NotFound(what.clone()))?;
        let jobs = |count: u32| if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") };
        self.confirm.ask(&format!("{what} ({}) comes back", jobs(kept.jobs)))?;
        let act = self.confirm.act();
        let restored = match &self.job {
            None => lab.run_restore(run, self.deleted, act.as_ref())?,
            Some(job) => lab.job_restore(run, job, self.deleted, act.as_ref())?,
        };
        let count = match restored {
            Restored::Restored(count) => count,
            Restored::NotFound => return Err(RestoreError::NotFound(what).into()),
            Restored::Taken => return Err(RestoreError::Taken { what, deleted: kept.time }.into()),
            Restored::RunGone => return Err(RestoreError::RunGone(what).into()),
        };
        let done = self.confirm.tell("restored", "would restore");
        let job_id = self.job.as_ref().map(JobId::as_str);
        output.thing(&json!({ "run": run.as_str(), "job_id": job_id, "jobs": count }), || {
            format!("{done} {what}: {}", jobs(count))
        });
        Ok(())
    }

    /// What was deleted of the run or job, at the moment that was asked for or else last.
    fn kept(&self, lab: &dyn Repository, run: &RunName) -> Result<Option<Deletion>, AdminError> {
        for number in 1.. {
            let deletions = lab.deletion_list(Page::new(number, LARGEST_PAGE)?)?;
            if deletions.is_empty() {
                break;
            }
            let found = deletions.into_iter().find(|it| {
                it.run == *run && it.job_id == self.job && self.deleted.is_none_or(|deleted| deleted == it.time)
            });
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

fn list(lab: &dyn Repository, output: Output) -> Result<(), AdminError> {
    for Deletion { time, who, address, run, job_id, jobs } in lab.deletion_list(Page::new(1, LARGEST_PAGE)?)? {
        let job_id = job_id.as_ref().map(JobId::as_str);
        let deleted = json!({ "time": time.to_string(), "who": who, "address": address, "run": run.as_str(),
            "job_id": job_id, "jobs": jobs });
        output.thing(&deleted, || {
            let address = address.as_deref().unwrap_or("-");
            let what = job_id.map_or_else(|| format!("run\t{run}"), |job_id| format!("job\t{run}/{job_id}"));
            format!("{time}\t{who}\t{address}\t{what}\t{jobs} jobs")
        });
    }
    Ok(())
}
